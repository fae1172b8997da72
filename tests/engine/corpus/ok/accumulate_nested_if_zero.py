# style: nested ifs around zero_grad and step, set_to_none chosen by a flag
import torch
from torch import nn

torch.manual_seed(4)
net = nn.Linear(2, 1)
opt = torch.optim.Adagrad(net.parameters(), lr=0.1)
xs = torch.randn(8, 2)
accumulate = True
every = 2

for step, x in enumerate(xs):
    if accumulate:
        if step % every == 0:
            if step % 4 == 0:
                opt.zero_grad(set_to_none=False)
            else:
                opt.zero_grad(set_to_none=True)
    else:
        opt.zero_grad()
    loss = (net(x) - x.prod()).abs().sum()
    loss.backward()
    print(step, loss.item(), net.weight.grad.tolist())
    if not accumulate or step % every == every - 1:
        opt.step()
        print("stepped", net.weight.data.tolist())
