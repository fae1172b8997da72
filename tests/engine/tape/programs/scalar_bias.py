"""A line with a scalar slope and bias, which are broadcast; and a target of another rank, so that both sides are."""

import torch

x = torch.tensor([1.0, 2.0, 3.0])
y = torch.tensor([[3.0], [5.0], [7.0]])
w = torch.tensor(1.0, requires_grad=True)
b = torch.tensor(0.0, requires_grad=True)
for _ in range(3):
    pred = w * x + b
    loss = ((pred - y) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
        b -= 0.01 * b.grad
    w.grad.zero_()
    b.grad.zero_()
