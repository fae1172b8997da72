# style: train_step(x, y) called for each sample returns loss.item(), used as total += train_step(x, y)
import torch
from torch import nn, optim

torch.manual_seed(9)
model = nn.Linear(2, 2)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.2)


def train_step(x, y):
    model.train()
    optimizer.zero_grad()
    yhat = model(x)
    loss = criterion(yhat, y)
    loss.backward()
    optimizer.step()
    return loss.item()


X = torch.randn(8, 2)
Y = (X[:, 0] > X[:, 1]).long()
for epoch in range(3):
    total = 0.0
    for x_batch, y_batch in zip(X.chunk(4), Y.chunk(4)):
        total += train_step(x_batch, y_batch)
    print(f"epoch={epoch} mean loss={total / 4:.6f}")
print(model.state_dict())
