# style: make_train_step(model, loss_fn, optimizer) returns an inner function that trains on one batch
import torch
from torch import nn


def make_train_step(model, loss_fn, optimizer):
    def train_step(x, y):
        model.train()
        yhat = model(x)
        loss = loss_fn(y, yhat)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return train_step


torch.manual_seed(42)
x_train = torch.rand(12, 1)
y_train = 1 + 2 * x_train + 0.1 * torch.randn(12, 1)
model = nn.Sequential(nn.Linear(1, 1))
train_step = make_train_step(model, nn.MSELoss(reduction="mean"), torch.optim.SGD(model.parameters(), lr=1e-1))
losses = []
for epoch in range(2):
    for k in range(0, 12, 4):
        loss = train_step(x_train[k : k + 4], y_train[k : k + 4])
        losses.append(loss)
        print(epoch, k, loss)
print(model.state_dict())
