# style: nn.Module in the script, SGD, zero_grad before backward, single loop over epochs
import torch
from torch.autograd import Variable

x_data = Variable(torch.tensor([[1.0], [2.0], [3.0]]))
y_data = Variable(torch.tensor([[2.0], [4.0], [6.0]]))
torch.manual_seed(0)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)

    def forward(self, x):
        y_pred = self.linear(x)
        return y_pred


model = Model()
criterion = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

for epoch in range(8):
    y_pred = model(x_data)
    loss = criterion(y_pred, y_data)
    print(f"Epoch: {epoch} | Loss: {loss.item()} ")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

hour_var = torch.tensor([[4.0]])
y_pred = model(hour_var)
print("Prediction (after training)", 4, model(hour_var).data[0][0].item())
