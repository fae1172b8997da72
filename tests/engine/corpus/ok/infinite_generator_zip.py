# style: an infinite generator over the loader, zip(range(n), …), two loaders (source and target) in step
import itertools

import torch
from torch import nn


def cycle(seq):
    while True:
        for each in seq:
            yield each


torch.manual_seed(0)
source = [torch.randn(4, 3) for _ in range(2)]
target = [torch.randn(4, 3) + 1 for _ in range(3)]
feat = nn.Linear(3, 2)
opt = torch.optim.Adam(feat.parameters(), lr=0.1)

for it, (s, t) in enumerate(itertools.islice(zip(cycle(source), cycle(target)), 5)):
    fs, ft = feat(s), feat(t)
    gap = (fs.mean(0) - ft.mean(0)).pow(2).sum()
    keep = (fs.var() - 1).abs()
    loss = gap + 0.1 * keep
    opt.zero_grad(); loss.backward(); opt.step()
    print(f"{it}: gap={gap.item():.5f} keep={keep.item():.5f}")
