# style: a frozen backbone (grads None), freezing and unfreezing between epochs, grads printed after backward
# params: model.backbone.weight model.backbone.bias model.fc.weight model.fc.bias
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential()
model.add_module("backbone", nn.Linear(3, 3))
model.add_module("act", nn.Tanh())
model.add_module("fc", nn.Linear(3, 2))
for param in model.backbone.parameters():
    param.requires_grad = False
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
x, y = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])

for epoch in range(4):
    if epoch == 2:
        model.backbone.requires_grad_(True)
        print("unfrozen")
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    for name, param in model.named_parameters():
        print(epoch, name, None if param.grad is None else round(param.grad.abs().sum().item(), 6))
    optimizer.step()
    print("loss", loss.item())
