# style: everything joined by `;` on few lines, backslash continuations, multi-line calls
import torch; from torch import nn
torch.manual_seed(0); net = nn.Linear(2, 1); opt = torch.optim.SGD(net.parameters(), lr=.1)
X = torch.randn(6, 2); Y = X[:, :1] \
    - X[:, 1:]
for epoch in range(2):
    for x, y in zip(X, Y): opt.zero_grad(); loss = ((net(x) - y) ** 2).sum(); loss.backward(); opt.step(); print(
        epoch, loss.item()
    )
    total = \
        ((net(X) - Y) ** 2) \
        .mean() \
        .item()
    print("total",
          total); print("weights", [round(v, 4)
                                    for v in net.weight.flatten().tolist()])
