"""Each op that has a formula, with negative numbers, numbers on the left, and operands that are broadcast."""

import torch

torch.manual_seed(0)
w = torch.tensor([[1.5, -2.0]], requires_grad=True)
v = torch.tensor(-0.7, requires_grad=True)
b = torch.tensor([[0.5], [1.0]], requires_grad=True)
half = torch.tensor([1.1, 2.3], dtype=torch.bfloat16, requires_grad=True)
for _ in range(6):
    a = w * b + v**2 - 3 / (v - 5)
    c = torch.sigmoid(a) * torch.tanh(-v) + 2**v + abs(v) - 1 / v
    d = (half * half * 3).sum().float() + torch.relu(v + 1) + (v * v) ** 3 + torch.exp(-v) + (3 - v) ** 2
    e = torch.sqrt(v * v) + torch.log(v * v) + torch.cos(v) - torch.sin(v) + (w @ b).sum() + (w.T @ b.T).mean()
    f = (v - 1) * (v - 1) * -2 + torch.dot(w[0], w[0]) + w.expand(3, 2).sum(0).prod() + (1 - v * 3)
    loss = c.sum() + d + e + f + 0.5 * (v * 2 - 8) ** 2 + (w / b).sum() + (v * v) ** (v + 1)
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad**2
        v -= 0.01 * v.grad
        b.sub_(0.1 * b.grad)
        half -= 0.1 * half.grad
    w.grad = v.grad = b.grad = half.grad = None
