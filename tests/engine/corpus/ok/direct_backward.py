# style: criterion(model(x), y).backward() without a name for the loss
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
criterion = nn.MSELoss()
opt = torch.optim.SGD(model.parameters(), lr=0.05)
X = torch.randn(6, 3)
Y = X[:, 1:2]

for epoch in range(3):
    for x, y in zip(X, Y):
        opt.zero_grad()
        criterion(model(x), y).backward()
        opt.step()
    with torch.no_grad():
        print(epoch, criterion(model(X), Y).item())
print(model.weight.tolist(), model.bias.item())
