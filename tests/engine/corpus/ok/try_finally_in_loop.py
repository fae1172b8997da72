# style: try/except/finally inside the loop: a bad sample raises in the forward, finally counts
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
samples = [torch.ones(2), torch.ones(3), torch.tensor([1.0, -1.0]), torch.zeros(2)]
seen = 0

for epoch in range(2):
    for i, x in enumerate(samples):
        try:
            opt.zero_grad()
            loss = model(x).pow(2).sum()
            loss.backward()
            opt.step()
        except RuntimeError as error:
            print("skip", i, type(error).__name__)
        finally:
            seen += 1
    print(epoch, seen, loss.item())
