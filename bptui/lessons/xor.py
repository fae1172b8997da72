"""XOR with a hidden layer: what no single line separates, two layers learn. nn.Module and an optimizer."""

import torch

x_data = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y_data = torch.tensor([[0.0], [1.0], [1.0], [0.0]])


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(2, 4)
        self.output = torch.nn.Linear(4, 1)

    def forward(self, x):
        h = torch.tanh(self.hidden(x))  # without it, two layers are one linear layer
        return self.output(h)  # a logit; its sigmoid is the probability of 1


torch.manual_seed(0)  # weights begin at random: equal ones would stay equal
model = Net()
criterion = torch.nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)

for epoch in range(200):
    optimizer.zero_grad()

    logits = model(x_data)
    loss = criterion(logits, y_data)

    loss.backward()

    optimizer.step()

    if epoch % 20 == 19:
        print("progress:", epoch, loss.item())

with torch.no_grad():
    for x, y, p in zip(x_data, y_data, torch.sigmoid(model(x_data))):
        print("predict:", x.tolist(), "->", round(p.item(), 4), "true:", y.item())
