# style: update at the top of the loop with the gradient of the turn before, backward at the bottom
import torch

w = torch.tensor(2.0, requires_grad=True)
for i in range(4):
    if w.grad is not None:
        w.data -= 0.1 * w.grad
        w.grad.zero_()
    loss = (w - 1) ** 2
    loss.backward()
    print(i, loss.item(), w.item(), w.grad.item())
