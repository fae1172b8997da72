"""Numbers on the left, with gradients that are added up and clipped."""

import torch

w = torch.tensor([1.0], requires_grad=True)
for _ in range(3):
    for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]:
        r = x * w - y
        loss = 0.5 * r**2
        loss.backward()
        torch.nn.utils.clip_grad_norm_([w], 4.0)
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
