# style: while train_epoch() > eps: the call that trains is the condition
import torch

w = torch.tensor(3.0, requires_grad=True)


def train_epoch():
    total = 0.0
    for x in (1.0, 2.0):
        loss = (w * x) ** 2
        loss.backward()
        w.data -= 0.05 * w.grad
        w.grad = None
        total += loss.item()
    return total


epochs = 0
while train_epoch() > 0.5:
    epochs += 1
    print(epochs, w.item())
print("done", epochs, w.item())
