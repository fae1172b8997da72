# style: while True with the break between forward and backward, and an if/else around it
import torch
from torch import nn

torch.manual_seed(6)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(9, 3)
y = x @ torch.tensor([[1.0], [0.0], [-1.0]])

step = 0
while True:
    loss = ((net(x) - y) ** 2).mean()
    if loss.item() < 0.3:
        print("good enough", loss.item())
        break
    elif step >= 50:
        print("gave up")
        break
    opt.zero_grad()
    loss.backward()
    opt.step()
    step += 1
    if step % 2 == 0:
        print(step, loss.item())
print("steps", step)
