# line 22: class
import torch
from torch import nn


class Trainer:
    def __init__(self, model, optimizer, loader):
        self.model = model
        self.optimizer = optimizer
        self.loader = loader
        self.history = []

    def fit(self, epochs):
        for epoch in range(epochs):
            self._run_epoch(epoch)

    def _run_epoch(self, epoch):
        for source, targets in self.loader:
            self.optimizer.zero_grad()
            output = self.model(source)
            loss = nn.functional.mse_loss(output, targets)
            loss.backward()
            self.optimizer.step()
        self.history.append(loss.item())
        print("epoch", epoch, loss.item())


torch.manual_seed(0)
model = nn.Linear(2, 1)
loader = [(torch.randn(4, 2), torch.randn(4, 1)) for _ in range(2)]
trainer = Trainer(model, torch.optim.SGD(model.parameters(), lr=0.1), loader)
trainer.fit(2)
print(trainer.history)
