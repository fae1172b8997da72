# style: accelerator.backward(loss): the backward is inside a library-like class of the script
import torch
from torch import nn


class Accelerator:
    def prepare(self, *things):
        return things

    def backward(self, loss, **kwargs):
        loss.backward(**kwargs)


torch.manual_seed(0)
accelerator = Accelerator()
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model, optimizer = accelerator.prepare(model, optimizer)
for epoch in range(2):
    for x in torch.randn(3, 2):
        optimizer.zero_grad()
        loss = model(x).pow(2).sum()
        accelerator.backward(loss)
        optimizer.step()
    print(epoch, loss.item())
