# style: if train(...) < best: the call that trains is in an if
import torch


def train(lr):
    w = torch.tensor(3.0, requires_grad=True)
    for _ in range(3):
        loss = (w - 1) ** 2
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad = None
    return loss.item()


if train(0.1) < train(0.2):
    print("0.1 is better")
elif train(0.3) < 1:
    print("0.3 will do")
