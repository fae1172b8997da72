# style: accumulation over four batches, clipping, StepLR per epoch, model.zero_grad(set_to_none)
import torch
from torch import nn
torch.manual_seed(0)
X = torch.randn(64, 10); Y = X.sum(1, keepdim=True)
model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
sched = torch.optim.lr_scheduler.StepLR(opt, 1, 0.9)
ACC = 4
for epoch in range(2):
    for i in range(8):
        xb, yb = X[i*8:(i+1)*8], Y[i*8:(i+1)*8]
        loss = nn.functional.mse_loss(model(xb), yb) / ACC
        loss.backward()
        if (i + 1) % ACC == 0:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            model.zero_grad(set_to_none=True)
    sched.step()
    print(epoch, loss.item(), sched.get_last_lr())
