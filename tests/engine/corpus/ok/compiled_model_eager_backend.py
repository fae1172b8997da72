# style: torch.compile with the eager backend, GradScaler-free nanoGPT inner part
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
model = torch.compile(model, backend="eager")
opt = torch.optim.SGD(model.parameters(), lr=0.1)
X = torch.randn(6, 3)

for epoch in range(2):
    for xb in X.split(3):
        opt.zero_grad()
        loss = (model(xb) - 1).pow(2).mean()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
