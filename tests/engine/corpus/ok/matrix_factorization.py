# style: matrix factorisation with two sparse-like embeddings, per rating SGD with regularisation, RMSE per epoch
import torch
from torch import nn

torch.manual_seed(0)
ratings = [(0, 0, 5.0), (0, 1, 3.0), (1, 0, 4.0), (1, 2, 1.0), (2, 1, 2.0)]


class MF(nn.Module):
    def __init__(self, users, items, k=2):
        super().__init__()
        self.user = nn.Embedding(users, k, sparse=True)
        self.item = nn.Embedding(items, k, sparse=True)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(-1)


model = MF(3, 3)
optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=0.1)
for epoch in range(3):
    se = 0.0
    for u, i, r in ratings:
        u, i = torch.tensor([u]), torch.tensor([i])
        prediction = model(u, i)
        error = (prediction - r).pow(2).sum()
        model.zero_grad()
        error.backward()
        optimizer.step()
        se += error.item()
    print("epoch", epoch, "rmse", (se / len(ratings)) ** 0.5)
