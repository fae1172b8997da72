# style: raw tensors, the leaf is rebound to a fresh detached one at every update
# phases: forward backward update
import torch

torch.manual_seed(3)
X = torch.randn(12, 2)
true_w = torch.tensor([1.5, -2.0])
y = X @ true_w

w = torch.zeros(2, requires_grad=True)
lr = 0.1
for epoch in range(5):
    loss = ((X @ w - y) ** 2).mean()
    loss.backward()
    print(epoch, loss.item(), w.grad)
    w = (w - lr * w.grad).detach().requires_grad_()
print("w =", w.tolist(), w.grad)
