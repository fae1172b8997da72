# line 16: class
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 1)
        self.opt = torch.optim.SGD(self.fc.parameters(), lr=0.1)

    def fit(self, xs):
        for x in xs:
            loss = (self.fc(x) - 1).pow(2).sum()
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            print(loss.item())


torch.manual_seed(0)
Net().fit(torch.randn(3, 2))
