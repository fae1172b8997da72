# style: d2l concise: trainer.zero_grad(), l.backward(), trainer.step(), loss on all data per epoch
import numpy as np
import torch
from torch import nn
from torch.utils import data

torch.manual_seed(42)
true_w, true_b = torch.tensor([2, -3.4]), 4.2
features = torch.randn(30, 2)
labels = (features @ true_w + true_b).reshape(-1, 1)


def load_array(data_arrays, batch_size, is_train=True):
    dataset = data.TensorDataset(*data_arrays)
    return data.DataLoader(dataset, batch_size, shuffle=is_train)


batch_size = 10
data_iter = load_array((features, labels), batch_size)
net = nn.Sequential(nn.Linear(2, 1))
net[0].weight.data.normal_(0, 0.01)
net[0].bias.data.fill_(0)
loss = nn.MSELoss()
trainer = torch.optim.SGD(net.parameters(), lr=0.1)

num_epochs = 3
for epoch in range(num_epochs):
    for X, y in data_iter:
        l = loss(net(X), y)
        trainer.zero_grad()
        l.backward()
        trainer.step()
    l = loss(net(features), labels)
    print(f"epoch {epoch + 1}, loss {l:f}")

w = net[0].weight.data
print("w error:", true_w - w.reshape(true_w.shape), np.round(float(true_b - net[0].bias.data), 4))
