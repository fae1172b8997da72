# style: p.data.add_(p.grad, alpha=-lr) over model.parameters(), model.zero_grad() first
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(4, 2)
loss_fn = nn.CrossEntropyLoss()
X = torch.randn(10, 4)
y = torch.randint(0, 2, (10,))

for it in range(6):
    model.zero_grad()
    scores = model(X)
    loss = loss_fn(scores, y)
    loss.backward()
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-0.5)
    acc = (scores.argmax(1) == y).float().mean()
    print("iter %d loss %.6f acc %.2f" % (it, loss, acc))
