# style: one for loop over the parameters updates and zeroes
import torch
import torch.nn as nn

torch.manual_seed(7)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
data = torch.randn(6, 3)
target = data.sum(dim=1, keepdim=True)
criterion = nn.MSELoss()
lr = 0.05

for epoch in range(3):
    for i in range(0, 6, 2):
        out = net(data[i : i + 2])
        loss = criterion(out, target[i : i + 2])
        loss.backward()
        for p in net.parameters():
            p.data -= lr * p.grad.data
            p.grad.zero_()
        print(epoch, i, round(loss.item(), 6))
print([tuple(p.shape) for p in net.parameters()])
