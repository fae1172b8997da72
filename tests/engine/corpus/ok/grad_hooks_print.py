# style: tensor and module hooks that print during forward and backward
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
net[0].register_forward_hook(lambda m, i, o: print("forward", o.detach().tolist()))
net[2].register_full_backward_hook(lambda m, gi, go: print("backward", go[0].tolist()))
net[2].weight.register_hook(lambda g: print("grad", g.tolist()) or g * 0.5)
opt = torch.optim.SGD(net.parameters(), lr=0.1)

for i in range(3):
    opt.zero_grad()
    loss = (net(torch.ones(1, 2) * i) - 1).pow(2).sum()
    loss.backward()
    print("weight.grad", net[2].weight.grad.tolist())
    opt.step()
