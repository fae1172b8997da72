# style: fast.ai book: BasicOptim class, calc_grad, train_epoch(model), validate_epoch per epoch
import torch
from torch import nn

torch.manual_seed(0)
train_x = torch.randn(12, 4)
train_y = (train_x.sum(1, keepdim=True) > 0).float()
dl = list(zip(train_x.split(4), train_y.split(4)))
valid_dl = dl[:1]


class BasicOptim:
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def step(self, *args, **kwargs):
        for p in self.params:
            p.data -= p.grad.data * self.lr

    def zero_grad(self, *args, **kwargs):
        for p in self.params:
            p.grad = None


def mnist_loss(predictions, targets):
    predictions = predictions.sigmoid()
    return torch.where(targets == 1, 1 - predictions, predictions).mean()


def batch_accuracy(xb, yb):
    preds = xb.sigmoid()
    correct = (preds > 0.5) == yb
    return correct.float().mean()


def calc_grad(xb, yb, model):
    preds = model(xb)
    loss = mnist_loss(preds, yb)
    loss.backward()


linear_model = nn.Linear(4, 1)
opt = BasicOptim(linear_model.parameters(), 1.0)


def train_epoch(model):
    for xb, yb in dl:
        calc_grad(xb, yb, model)
        opt.step()
        opt.zero_grad()


def validate_epoch(model):
    accs = [batch_accuracy(model(xb), yb) for xb, yb in valid_dl]
    return round(torch.stack(accs).mean().item(), 4)


def train_model(model, epochs):
    for i in range(epochs):
        train_epoch(model)
        print(validate_epoch(model), model.weight.abs().sum().item(), end=" ")


train_model(linear_model, 3)
print()
