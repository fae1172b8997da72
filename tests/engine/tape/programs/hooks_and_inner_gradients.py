"""Gradients that a hook changes, a gradient of a gradient, a backward with weights, and two backwards in one block."""

import torch

w = torch.tensor([1.0, -2.0], requires_grad=True)
v = torch.tensor(3.0, requires_grad=True)
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
for _ in range(4):
    h = w * x
    h.register_hook(lambda gradient: gradient * 2)
    y = torch.tanh(h).sum() * v
    (g,) = torch.autograd.grad(y, v, create_graph=True)
    loss = y + g**2
    loss.backward(torch.tensor(0.5))
    with torch.no_grad():
        w -= 0.1 * w.grad
        v.sub_(v.grad, alpha=0.1)
    w.grad.zero_()
    v.grad = None
