# style: one train() called twice with different models; a mutable default list keeps growing; late-binding lambdas
import torch
from torch import nn


def train(model, epochs, history=[]):
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    later = []
    for epoch in range(epochs):
        loss = model(torch.ones(2)).pow(2).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(round(loss.item(), 5))
        later.append(lambda: epoch)
    return history, [f() for f in later]


torch.manual_seed(0)
small, big = nn.Linear(2, 1), nn.Linear(2, 3)
print(train(small, 2))
print(train(big, epochs=3))
