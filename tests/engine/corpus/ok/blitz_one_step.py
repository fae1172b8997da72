# style: no loop at all: one forward, one backward, one update, straight down the file
import torch
from torch import nn, optim

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 2))
data = torch.rand(3, 8)
labels = torch.rand(3, 2)

optimizer = optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
before = model[0].weight.clone()
prediction = model(data)
loss = (prediction - labels).sum()
loss.backward()
print(loss.item(), model[0].weight.grad.norm().item())
optimizer.step()
optimizer.zero_grad()
print((model[0].weight - before).abs().max().item())
print(model[0].weight.grad)
