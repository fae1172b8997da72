# style: the epoch function is called inside larger expressions and keyword arguments, min() over a comprehension
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(2, 1)
data = [(x, x.sum().view(1)) for x in torch.randn(4, 2)]


def run_epoch(model, data, *, lr=0.1, shuffle=False):
    order = torch.randperm(len(data)).tolist() if shuffle else range(len(data))
    seen = []
    for j in order:
        x, y = data[j]
        loss = (model(x) - y).pow(2).mean()
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        seen.append(loss.item())
    return sum(seen) / len(seen)


history = {"loss": []}
for epoch in range(3):
    history["loss"] += [round(run_epoch(model, data, shuffle=True, lr=0.1 / (epoch + 1)), 6)]
    print(f"epoch {epoch}: best so far {min(v for v in history['loss'])}")
print(history)
