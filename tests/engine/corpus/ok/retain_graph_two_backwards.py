# style: two backwards through one graph with retain_graph=True
import torch

torch.manual_seed(0)
shared = torch.randn(3, 3, requires_grad=True)
head = torch.randn(3, requires_grad=True)
opt = torch.optim.SGD([shared, head], lr=0.05)
x = torch.randn(5, 3)

for epoch in range(3):
    opt.zero_grad()
    h = torch.tanh(x @ shared)
    loss1 = h.pow(2).mean()
    loss2 = (h @ head - 1).abs().mean()
    loss1.backward(retain_graph=True)
    print("after first:", shared.grad.norm().item(), head.grad)
    loss2.backward()
    print("after second:", shared.grad.norm().item(), head.grad.norm().item())
    opt.step()
