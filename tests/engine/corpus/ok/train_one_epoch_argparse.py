# style: train_one_epoch(...) returns the mean, main() with argparse, losses.append(train_one_epoch(...))
import argparse

import torch
from torch import nn


def train_one_epoch(epoch, model, loader, opt, args):
    model.train()
    total, count = 0.0, 0
    for step, (x, y) in enumerate(loader):
        pred = model(x)
        loss = nn.functional.mse_loss(pred, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(x)
        count += len(x)
        if args.verbose:
            print(f"  [{epoch}:{step}] {loss.item():.6f}")
    return total / count


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return sum(nn.functional.mse_loss(model(x), y).item() for x, y in loader) / len(loader)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--quiet", dest="verbose", action="store_false")
    args = parser.parse_args()

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    opt = torch.optim.SGD(model.parameters(), lr=args.lr)
    loader = [(x, x.sum(1, keepdim=True)) for x in torch.randn(3, 4, 2)]
    losses = []
    for epoch in range(args.epochs):
        losses.append(train_one_epoch(epoch, model, loader, opt, args))
        print("epoch", epoch, "train", losses[-1], "eval", evaluate(model, loader))
    print(losses)


if __name__ == "__main__":
    main()
