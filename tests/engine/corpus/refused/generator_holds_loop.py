# line 13: generator
import torch

w = torch.ones(1, requires_grad=True)


def training(xs):
    for x in xs:
        loss = ((w * x - 2 * x) ** 2).sum()
        loss.backward()
        w.data -= 0.01 * w.grad
        w.grad = None
        yield loss.item()


for value in training([1.0, 2.0, 3.0]):
    print(value)
