# style: __name__, __doc__, sys.argv, pickling a class of __main__, torch.save to memory after each epoch
"""A script with a docstring."""
import io
import os
import pickle
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 1)

    def forward(self, x):
        return self.fc(x)


print(__name__, __doc__, os.path.basename(__file__), os.path.basename(sys.argv[0]), sys.argv[1:])
torch.manual_seed(0)
net = Net()
opt = torch.optim.Adam(net.parameters())
for epoch in range(2):
    for x in torch.ones(2, 2):
        opt.zero_grad()
        loss = net(x).pow(2).sum()
        loss.backward()
        opt.step()
    checkpoint = io.BytesIO()
    torch.save({"epoch": epoch, "model": net.state_dict(), "opt": opt.state_dict()}, checkpoint)
    state = torch.load(io.BytesIO(checkpoint.getvalue()))
    print(epoch, state["model"]["fc.weight"], state["opt"]["state"][0]["step"])
copy = pickle.loads(pickle.dumps(net))
print(type(copy).__module__, type(copy) is Net, copy.fc.bias.item(), Net.__module__, sys.modules["__main__"].net is net)
