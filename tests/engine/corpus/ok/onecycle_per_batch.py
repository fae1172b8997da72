# style: OneCycleLR stepped per batch, value clipping, lr read from param_groups
import torch
from torch import nn

torch.manual_seed(0)
epochs, steps = 2, 4
model = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 2))
opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.05, epochs=epochs, steps_per_epoch=steps)
X = torch.randn(16, 4)
y = (X[:, 0] * X[:, 1] > 0).long()


def get_lr(optimizer):
    for param_group in optimizer.param_groups:
        return param_group["lr"]


lrs = []
for epoch in range(epochs):
    model.train()
    for xb, yb in zip(X.split(4), y.split(4)):
        loss = nn.functional.cross_entropy(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.1)
        opt.step()
        opt.zero_grad()
        lrs.append(get_lr(opt))
        sched.step()
    print("Epoch [{}], last_lr: {:.5f}, train_loss: {:.4f}".format(epoch, lrs[-1], loss.item()))
print(lrs)
