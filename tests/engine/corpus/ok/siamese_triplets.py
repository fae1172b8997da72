# style: triplet loss, same network three times in one forward, batches from a generator function with yield from
import torch
from torch import nn

torch.manual_seed(0)
points = {c: torch.randn(4, 2) + c * 2 for c in (0, 1)}


def triplets_of(c):
    other = 1 - c
    for k in range(3):
        yield points[c][k], points[c][k + 1], points[other][k]


def batches():
    for c in points:
        yield from triplets_of(c)


embed = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
optimizer = torch.optim.NAdam(embed.parameters(), lr=0.02)
criterion = nn.TripletMarginLoss(margin=1.0)

for epoch in range(2):
    losses = []
    for anchor, positive, negative in batches():
        optimizer.zero_grad()
        a, p, n = embed(anchor[None]), embed(positive[None]), embed(negative[None])
        loss = criterion(a, p, n)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(epoch, ["%.4f" % v for v in losses])
