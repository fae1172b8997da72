# style: no_grad block updates, .grad = None, one loop without epochs
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
        w -= lr * w.grad
        b -= lr * b.grad
    w.grad = None
    b.grad = None
    print(step, loss.item())
