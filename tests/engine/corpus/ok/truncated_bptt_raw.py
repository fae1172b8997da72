# style: truncated BPTT over a sine wave with a raw RNN cell, loss summed over k steps inside the sample loop
import math

import torch

torch.manual_seed(0)
wave = torch.tensor([math.sin(0.3 * t) for t in range(41)])
Wxh = (torch.randn(1, 5) * 0.5).requires_grad_()
Whh = (torch.randn(5, 5) * 0.3).requires_grad_()
Why = (torch.randn(5, 1) * 0.5).requires_grad_()
params = (Wxh, Whh, Why)
K = 10

for epoch in range(3):
    h = torch.zeros(1, 5)
    total = 0.0
    for start in range(0, 40, K):
        h = h.detach()
        loss = torch.zeros(())
        for t in range(start, start + K):
            h = torch.tanh(wave[t].view(1, 1) @ Wxh + h @ Whh)
            y = h @ Why
            loss = loss + (y.squeeze() - wave[t + 1]) ** 2
        loss.backward()
        total += loss.item()
        with torch.no_grad():
            for p in params:
                p.sub_(0.01 * p.grad)
                p.grad = None
        print(f"  chunk {start:2d} loss {loss.item():.5f}")
    print(f"epoch {epoch} total {total:.5f}")
