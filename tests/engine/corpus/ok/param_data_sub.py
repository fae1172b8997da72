# style: f.data.sub_(f.grad.data * lr), the old blitz tutorial way
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(5, 6)
        self.fc2 = nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return self.fc2(x)


torch.manual_seed(2)
net = Net()
print(net)
input = torch.randn(4, 5)
target = torch.randn(4, 3)
criterion = nn.MSELoss()
learning_rate = 0.01

for i in range(4):
    net.zero_grad()
    output = net(input)
    loss = criterion(output, target)
    loss.backward()
    print("fc1.bias.grad", net.fc1.bias.grad)
    for f in net.parameters():
        f.data.sub_(f.grad.data * learning_rate)
    print(i, loss.item())
