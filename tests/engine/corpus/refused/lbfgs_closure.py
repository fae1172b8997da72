# line 12: closure
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Linear(4, 1)
X = torch.randn(32, 4); Y = X.sum(1, keepdim=True)
opt = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4)
for step in range(3):
    def closure():
        opt.zero_grad()
        loss = nn.functional.mse_loss(model(X), Y)
        loss.backward()
        return loss
    l = opt.step(closure)
    print(step, l.item())
