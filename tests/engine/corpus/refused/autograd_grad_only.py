# line 8: autograd.grad
import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
x = torch.tensor([0.5, -0.5])
for step in range(4):
    loss = ((w * x).sum() - 1) ** 2
    (g,) = torch.autograd.grad(loss, [w])
    with torch.no_grad():
        w -= 0.1 * g
    print(step, loss.item())
