# style: the backward is in a lambda
import torch

w = torch.ones(1, requires_grad=True)
xs = [1.0, 2.0, 3.0]
learn = lambda x: ((w * x - 2 * x) ** 2).backward()
for epoch in range(2):
    for x in xs:
        learn(x)
        w.data -= 0.01 * w.grad
        w.grad.zero_()
    print(epoch, w.item())
