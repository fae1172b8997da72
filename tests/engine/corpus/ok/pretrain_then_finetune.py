# style: two training loops one after the other: pretrain an autoencoder, then finetune with frozen layers
import torch
from torch import nn, optim

torch.manual_seed(0)
X = torch.randn(8, 4)
y = (X[:, :1] > 0).float()
enc, dec, head = nn.Linear(4, 2), nn.Linear(2, 4), nn.Linear(2, 1)

print("stage 1")
opt = optim.Adam([*enc.parameters(), *dec.parameters()], lr=0.05)
for epoch in range(2):
    for xb in X.split(4):
        loss = nn.functional.mse_loss(dec(torch.relu(enc(xb))), xb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(" reconstruction", epoch, loss.item())

for p in enc.parameters():
    p.requires_grad_(False)
    p.grad = None

print("stage 2")
opt = optim.SGD(filter(lambda p: p.requires_grad, nn.ModuleList([enc, head]).parameters()), lr=0.5)
for epoch in range(2):
    for xb, yb in zip(X.split(4), y.split(4)):
        logits = head(torch.relu(enc(xb)))
        bce = nn.functional.binary_cross_entropy_with_logits(logits, yb)
        opt.zero_grad()
        bce.backward()
        opt.step()
    print(" classification", epoch, bce.item(), enc.weight.grad)
print(enc.weight.sum().item(), head.weight)
