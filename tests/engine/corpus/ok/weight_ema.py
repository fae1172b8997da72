# style: exponential moving average of the weights after every update, evaluated with the shadow copy
import copy

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
ema_model = copy.deepcopy(model)
for p in ema_model.parameters():
    p.requires_grad_(False)


@torch.no_grad()
def update_ema(ema_model, model, decay=0.9):
    for ema_p, p in zip(ema_model.parameters(), model.parameters()):
        ema_p.mul_(decay).add_(p, alpha=1 - decay)


opt = torch.optim.Adam(model.parameters(), lr=0.05)
X = torch.rand(16, 2)
Y = X[:, :1] * X[:, 1:]

for epoch in range(2):
    perm = torch.randperm(len(X))
    for idx in perm.split(5):
        loss = ((model(X[idx]) - Y[idx]) ** 2).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        update_ema(ema_model, model)
    with torch.no_grad():
        a, b = (m(X).sub(Y).square().mean().item() for m in (model, ema_model))
    print(f"{epoch}: raw {a:.6f} ema {b:.6f}")
