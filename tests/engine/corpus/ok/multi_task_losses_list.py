# style: multi-task: a list of losses, weighted and summed, per-task averages at the end of the epoch
import torch
import torch.nn as nn

torch.manual_seed(12)


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(4, 5)
        self.heads = nn.ModuleDict({"age": nn.Linear(5, 1), "kind": nn.Linear(5, 3)})

    def forward(self, x):
        z = torch.relu(self.trunk(x))
        return {name: head(z) for name, head in self.heads.items()}


model = TwoHeads()
criteria = {"age": nn.L1Loss(), "kind": nn.CrossEntropyLoss()}
weights = {"age": 1.0, "kind": 0.5}
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
batches = [
    {"x": torch.randn(4, 4), "age": torch.rand(4, 1), "kind": torch.randint(0, 3, (4,))} for _ in range(3)
]

for epoch in range(2):
    totals = {k: 0.0 for k in criteria}
    for batch in batches:
        out = model(batch["x"])
        losses = []
        for name, crit in criteria.items():
            task_loss = crit(out[name], batch[name])
            totals[name] += task_loss.item()
            losses.append(weights[name] * task_loss)
        loss = sum(losses)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, {k: round(v / len(batches), 5) for k, v in totals.items()})
