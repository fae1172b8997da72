# style: a grid search calls train(lr) in a plain loop and keeps the best; tuple results, f-string with the call in print
import torch
from torch import nn


def train(lr, epochs=2):
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    X = torch.randn(6, 2)
    for epoch in range(epochs):
        for x in X:
            loss = (model(x) - x.sum()).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return loss.item(), model


best = (float("inf"), None)
for lr in [0.01, 0.1]:
    score, model = train(lr)
    print(f"lr={lr} score={score:.6f}")
    if score < best[0]:
        best = (score, lr)
print("best", best)
print(f"longer: {train(0.1, epochs=3)[0]:.6f}")
