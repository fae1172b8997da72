# style: the backward runs inside a list comprehension
import torch

w = torch.ones(1, requires_grad=True)
xs = [1.0, 2.0, 3.0]
for epoch in range(2):
    [((w * x - 2 * x) ** 2).sum().backward() for x in xs]
    w.data -= 0.01 * w.grad
    w.grad.zero_()
    print(epoch, w.item())
