# line 8: not valid Python
import torch

w = torch.ones(1, requires_grad=True)
for epoch in range(3):
    loss = (w - 2) ** 2
    loss.backward()
    w.data -= 0.1 * w.grad w.grad = None
    print(epoch, loss.item())
