# style: accumulation by if/else, or on the last batch of the loader
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
train_loader = DataLoader(TensorDataset(torch.randn(14, 3), torch.randn(14, 1)), batch_size=2)
model = nn.Linear(3, 1)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
criterion = nn.SmoothL1Loss()
accumulation_steps = 3
updates = 0

for epoch in range(2):
    optimizer.zero_grad()
    for i, (x, y) in enumerate(train_loader):
        loss = criterion(model(x), y)
        loss = loss / accumulation_steps
        loss.backward()
        if (i + 1) % accumulation_steps == 0 or i + 1 == len(train_loader):
            optimizer.step()
            optimizer.zero_grad()
            updates += 1
            print("update", updates, "at", i, loss.item())
        else:
            print("accumulate at", i, model.weight.grad.norm().item())
print(model.weight, model.bias)
