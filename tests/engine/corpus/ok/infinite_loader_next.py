# style: iter/next with try/except StopIteration to restart the loader, range(iterations)
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
ds = TensorDataset(torch.arange(6.0).view(6, 1), torch.arange(6.0).view(6, 1) * 3)
loader = DataLoader(ds, batch_size=2, shuffle=True)
model = nn.Linear(1, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.01)
data_iter = iter(loader)

for it in range(7):
    try:
        x, y = next(data_iter)
    except StopIteration:
        print("restart the loader at", it)
        data_iter = iter(loader)
        x, y = next(data_iter)

    opt.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    print(it, x.flatten().tolist(), loss.item())
