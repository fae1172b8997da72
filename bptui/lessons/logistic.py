"""Logistic regression with nn.Module: will a student who studies x hours pass? One batch, BCELoss, SGD."""

import torch

x_data = torch.tensor([[1.0], [2.0], [3.0]])  # hours of study
y_data = torch.tensor([[0.0], [0.0], [1.0]])  # 1 for passed


class LogisticRegressionModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))  # a probability, between 0 and 1


torch.manual_seed(0)
model = LogisticRegressionModel()
criterion = torch.nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(1000):
    y_pred = model(x_data)
    loss = criterion(y_pred, y_data)

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    if epoch % 100 == 99:
        print("progress:", epoch, loss.item())

print("w =", model.linear.weight.item(), "b =", model.linear.bias.item())
for hours in [1.0, 2.0, 2.5, 3.0, 4.0]:
    y_test = model(torch.tensor([[hours]]))
    print("predict:", hours, "hours ->", round(y_test.item(), 4), "pass" if y_test.item() > 0.5 else "fail")
