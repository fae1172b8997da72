# style: Morvan: several nets, optimizers and losses in lists, one inner loop with zip over them
import torch
import torch.nn.functional as F
import torch.utils.data as Data

torch.manual_seed(1)
LR = 0.01
BATCH_SIZE = 10
EPOCH = 2

x = torch.unsqueeze(torch.linspace(-1, 1, 30), dim=1)
y = x.pow(2) + 0.1 * torch.normal(torch.zeros(*x.size()))
torch_dataset = Data.TensorDataset(x, y)
loader = Data.DataLoader(dataset=torch_dataset, batch_size=BATCH_SIZE, shuffle=True)


class Net(torch.nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.hidden = torch.nn.Linear(1, 6)
        self.predict = torch.nn.Linear(6, 1)

    def forward(self, x):
        return self.predict(F.relu(self.hidden(x)))


net_SGD, net_Momentum, net_RMSprop, net_Adam = Net(), Net(), Net(), Net()
nets = [net_SGD, net_Momentum, net_RMSprop, net_Adam]
opt_SGD = torch.optim.SGD(net_SGD.parameters(), lr=LR)
opt_Momentum = torch.optim.SGD(net_Momentum.parameters(), lr=LR, momentum=0.8)
opt_RMSprop = torch.optim.RMSprop(net_RMSprop.parameters(), lr=LR, alpha=0.9)
opt_Adam = torch.optim.Adam(net_Adam.parameters(), lr=LR, betas=(0.9, 0.99))
optimizers = [opt_SGD, opt_Momentum, opt_RMSprop, opt_Adam]

loss_func = torch.nn.MSELoss()
losses_his = [[], [], [], []]

for epoch in range(EPOCH):
    print("Epoch: ", epoch)
    for step, (b_x, b_y) in enumerate(loader):
        for net, opt, l_his in zip(nets, optimizers, losses_his):
            output = net(b_x)
            loss = loss_func(output, b_y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            l_his.append(loss.item())

for name, his in zip(["SGD", "Momentum", "RMSprop", "Adam"], losses_his):
    print(name, [round(v, 5) for v in his])
