# style: continue on an empty or NaN batch before the backward, counts the skipped ones
import math

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
batches = [torch.randn(3, 2) for _ in range(4)]
batches.insert(1, torch.empty(0, 2))
batches.insert(3, torch.full((2, 2), float("nan")))
skipped = 0

for epoch in range(2):
    for i, xb in enumerate(batches):
        if len(xb) == 0:
            print("empty batch", i)
            skipped += 1
            continue
        loss = (model(xb) - xb.sum(1, keepdim=True)).pow(2).mean()
        if math.isnan(loss.item()):
            print("loss is nan at", epoch, i)
            skipped += 1
            continue
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(epoch, i, loss.item())
print("skipped", skipped)
