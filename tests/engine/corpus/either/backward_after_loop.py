# style: losses of the whole stream are summed in one loop, one backward at the very end, no other loop
import torch

w = torch.tensor(2.0, requires_grad=True)
total = 0.0
for x in (1.0, 2.0, 3.0):
    total = total + (w * x - 1) ** 2
total.backward()
print(w.grad.item())
with torch.no_grad():
    w -= 0.01 * w.grad
w.grad = None
print(total.item(), w.item(), w.grad)
