# style: a running total through the loop that updates and zeroes
import torch
w = torch.ones(2, requires_grad=True); b = torch.ones(1, requires_grad=True)
for i in range(2):
    loss = (w.sum() * 2 + b).sum() ** 2
    loss.backward()
    total = 0
    for k, p in enumerate([w, b]):
        total += p.grad.abs().sum().item()
        p.data -= .01 * p.grad / (1 + total)
        p.grad.zero_()
        print(k, total, p.data)
    print(i, total, k)
