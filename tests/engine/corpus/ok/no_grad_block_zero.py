# style: no_grad block with a for over the parameters that updates and zeroes
import torch
torch.manual_seed(0)
X = torch.randn(32, 3); Y = X @ torch.tensor([1., -2., 3.]) + .5
w = torch.zeros(3, requires_grad=True); b = torch.zeros((), requires_grad=True)
lr = 0.1
for step in range(5):
    pred = X @ w + b
    loss = ((pred - Y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for p in (w, b):
            p.add_(p.grad, alpha=-lr)
            p.grad.zero_()
    print(step, loss.item())
