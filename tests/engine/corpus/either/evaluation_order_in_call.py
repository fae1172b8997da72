# style: print(w.item(), step(i), w.item()): operands before and after the call
import torch
w = torch.ones(1, requires_grad=True)
def step(x):
    loss = (w * x).sum()
    loss.backward()
    w.data -= .1 * w.grad
    w.grad = None
    return loss.item()
for i in range(3):
    print(w.item(), step(i), w.item())
    hist = [w.item()] + [step(1)]
    print(f"{w.item()} {step(2)} {w.item()}", hist)
