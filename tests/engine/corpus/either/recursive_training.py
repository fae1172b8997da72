# style: a function that holds the phases calls itself
import torch

w = torch.ones(1, requires_grad=True)


def descend(depth):
    loss = (w - 3).pow(2).sum()
    loss.backward()
    w.data -= 0.1 * w.grad
    w.grad = None
    print(depth, loss.item())
    if depth > 0:
        descend(depth - 1)


descend(3)
