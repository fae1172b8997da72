# no line: backward
import torch
from torch.func import grad

w = torch.tensor([1.0, 2.0])
x = torch.tensor([0.5, -0.5])


def loss_fn(w, x):
    return ((w * x).sum() - 1) ** 2


for step in range(4):
    w = w - 0.1 * grad(loss_fn)(w, x)
    print(step, loss_fn(w, x).item())
