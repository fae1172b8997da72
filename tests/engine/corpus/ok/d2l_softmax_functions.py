# style: d2l train_epoch / train functions with an Accumulator class and an updater that may be an optimizer
import torch
from torch import nn


class Accumulator:
    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args)]

    def __getitem__(self, idx):
        return self.data[idx]


def accuracy(y_hat, y):
    y_hat = y_hat.argmax(axis=1)
    cmp = y_hat.type(y.dtype) == y
    return float(cmp.type(y.dtype).sum())


def train_epoch(net, train_iter, loss, updater):
    if isinstance(net, torch.nn.Module):
        net.train()
    metric = Accumulator(3)
    for X, y in train_iter:
        y_hat = net(X)
        l = loss(y_hat, y)
        if isinstance(updater, torch.optim.Optimizer):
            updater.zero_grad()
            l.mean().backward()
            updater.step()
        else:
            l.sum().backward()
            updater(X.shape[0])
        metric.add(float(l.sum()), accuracy(y_hat, y), y.numel())
    return metric[0] / metric[2], metric[1] / metric[2]


def train(net, train_iter, loss, num_epochs, updater):
    for epoch in range(num_epochs):
        train_metrics = train_epoch(net, train_iter, loss, updater)
        print(epoch + 1, train_metrics)
    train_loss, train_acc = train_metrics
    assert train_loss < 2.0, train_loss


torch.manual_seed(5)
X = torch.randn(24, 4)
y = (X[:, 0] > 0).long() + (X[:, 1] > 0).long()
batches = [(X[i : i + 8], y[i : i + 8]) for i in range(0, 24, 8)]
net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
loss = nn.CrossEntropyLoss(reduction="none")
trainer = torch.optim.SGD(net.parameters(), lr=0.1)
train(net, batches, loss, 3, trainer)
