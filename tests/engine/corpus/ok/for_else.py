# style: for … else: the else of the epoch loop runs when no break did
import torch

w = torch.tensor([4.0], requires_grad=True)
for epoch in range(3):
    for x in (1.0, 2.0):
        loss = (w * x - 2 * x).pow(2).sum()
        loss.backward()
        print("\t", x, loss.item(), w.grad.item())
        w.data -= 0.1 * w.grad.data
        w.grad = None
        if loss.item() < -1:
            break
    else:
        print("all samples of epoch", epoch)
    if loss.item() < -1:
        break
else:
    print("all epochs")
print(w.item())
