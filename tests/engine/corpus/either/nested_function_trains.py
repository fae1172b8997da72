# style: main() defines train_step() inside itself and calls it in its loop
import torch
from torch import nn


def main():
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    count = 0

    def train_step(x):
        nonlocal count
        opt.zero_grad()
        loss = model(x).pow(2).sum()
        loss.backward()
        opt.step()
        count += 1
        return loss.item()

    for epoch in range(2):
        losses = []
        for x in torch.randn(3, 2):
            losses.append(train_step(x))
        print(epoch, count, sum(losses))


main()
