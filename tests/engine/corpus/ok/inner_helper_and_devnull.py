# style: fit() defines an inner helper with nonlocal state; `with open(...)` around the epochs
import os

import torch
from torch import nn


def fit(model, xs, ys):
    seen = 0
    log = []

    def record(value):
        nonlocal seen
        seen += 1
        log.append(value)
        return seen

    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with open(os.devnull, "w") as f:
        for epoch in range(2):
            for x, y in zip(xs, ys):
                loss = ((model(x) - y) ** 2).sum()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                count = record(loss.item())
                f.write(f"{epoch},{count},{loss.item()}\n")
            print("epoch", epoch, "seen", seen, f.closed)
    print(f.closed)
    return log


torch.manual_seed(0)
print(fit(nn.Linear(2, 1), torch.randn(3, 2), torch.randn(3, 1)))
