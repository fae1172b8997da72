# style: the batch loop only adds up the loss, backward and update once per epoch after it
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
sequences = [torch.randn(3, 2), torch.randn(1, 2), torch.randn(2, 2)]

for epoch in range(3):
    batch_loss = 0
    for seq in sequences:
        out = model(seq)
        batch_loss = batch_loss + (out.sum() - seq[-1, 0]) ** 2
    batch_loss /= len(sequences)
    optimizer.zero_grad()
    batch_loss.backward()
    optimizer.step()
    print(epoch, batch_loss.item(), model.bias.item())
