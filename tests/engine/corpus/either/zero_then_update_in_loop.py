# style: the loop takes the gradient, clears it, then updates
import torch
w = torch.ones(1, requires_grad=True); b = torch.ones(1, requires_grad=True)
for i in range(3):
    loss = (w * 2 + b).sum() ** 2
    loss.backward()
    for p in (w, b):
        g = p.grad
        p.grad = None
        p.data -= 0.01 * g
    print(i, w.item(), b.item())
