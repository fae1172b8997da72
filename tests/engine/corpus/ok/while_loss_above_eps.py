# style: while loss > eps, a counter by hand
import torch

w = torch.tensor(5.0, requires_grad=True)
eps = 0.5
loss = torch.tensor(float("inf"))
n = 0
while loss > eps:
    loss = (w - 3) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
    n += 1
    print("step", n, "loss", loss.item(), "w", w.item())
print("converged after", n)
