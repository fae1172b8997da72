"""Two losses over one value, gone back from one after the other."""

import torch

w = torch.tensor(0.5, requires_grad=True)
for x in [1.0, -2.0, 3.0]:
    h = torch.sigmoid(w * x)
    one = (h - 1) ** 2
    other = (2 - h) ** 2
    one.backward(retain_graph=True)
    other.backward()
    w.data = w.data - 0.1 * w.grad.data
    w.grad.zero_()
