# style: everything, model class and helper included, defined inside main(); called without a main guard
import torch


def main():
    import torch.nn as nn

    torch.manual_seed(0)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x):
            return self.fc(x)

    def accuracy(out, y):
        return sum(int(o.argmax()) == int(t) for o, t in zip(out, y)) / len(y)

    net = Net()
    xs = torch.randn(2, 4, 2)
    ys = (xs.sum(-1) > 0).long()
    optim = torch.optim.ASGD(net.parameters(), lr=0.5)
    accs = []
    for epoch in range(2):
        for x, y in zip(xs, ys):
            optim.zero_grad()
            out = net(x)
            loss = nn.functional.cross_entropy(out, y)
            loss.backward()
            optim.step()
            accs.append(accuracy(out, y))
        print("epoch", epoch, "loss", loss.item(), "accs", [f"{a:.2f}" for a in accs])


main()
