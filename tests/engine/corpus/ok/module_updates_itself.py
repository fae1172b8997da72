# style: a Module with a property that counts and a no_grad update() method that also zeroes
# phases: forward backward
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__(); self.w = nn.Parameter(torch.ones(1)); self.calls = 0
    @property
    def double(self): self.calls += 1; print("property"); return self.w * 2
    @torch.no_grad()
    def update(self, lr): self.w -= lr * self.w.grad; self.zero_grad()
net = Net()
for i in range(3):
    loss = net.double.sum() ** 2
    loss.backward()
    net.update(.05)
    print(net.calls, loss.item(), net.w.grad)
