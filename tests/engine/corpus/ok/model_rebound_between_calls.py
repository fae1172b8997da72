# style: the global model is another one at the second call of train()
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Linear(1, 1)
def train():
    for i in range(2):
        loss = model(torch.ones(1)).sum()
        loss.backward()
        for p in model.parameters():
            p.data -= .1 * p.grad
        model.zero_grad()
        print(loss.item())
train()
model = nn.Linear(1, 1, bias=False)
train()
