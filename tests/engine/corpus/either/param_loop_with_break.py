# style: continue, break and else in the loop over parameters
import torch
w = torch.ones(1, requires_grad=True); b = torch.ones(1, requires_grad=True); c = torch.ones(1, requires_grad=True)
for i in range(3):
    loss = (w * 2 + b).sum() ** 2
    loss.backward()
    for p in (w, b, c):
        if p.grad is None:
            print("none")
            continue
        p.data -= 0.01 * p.grad
        p.grad = None
        if p is b and i == 1: break
    else:
        print("else")
    print(i, w.item(), b.item(), c.grad)
