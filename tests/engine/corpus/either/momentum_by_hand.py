# style: momentum in a dict, updated and zeroed in one loop over named parameters
import torch
w = torch.ones(1, requires_grad=True); b = torch.ones(1, requires_grad=True)
v = {}
for i in range(3):
    loss = (w * 2 + b).sum() ** 2
    loss.backward()
    with torch.no_grad():
        for name, p in {"w": w, "b": b}.items():
            m = v.get(name, torch.zeros_like(p))
            m = 0.9 * m + p.grad
            v[name] = m
            p -= 0.01 * m
            p.grad = None
    print(i, w.item(), b.item(), m.item(), name)
