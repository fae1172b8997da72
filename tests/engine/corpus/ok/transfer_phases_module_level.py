# style: train/val phases at module level, no function, backward under if inside set_grad_enabled
import torch
from torch import nn

torch.manual_seed(8)
X = {"train": torch.randn(8, 3), "val": torch.randn(4, 3)}
Y = {k: v.sum(1, keepdim=True) for k, v in X.items()}
model = nn.Linear(3, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(3):
    for phase in ["train", "val"]:
        model.train(phase == "train")
        with torch.set_grad_enabled(phase == "train"):
            loss = nn.functional.mse_loss(model(X[phase]), Y[phase])
        if phase == "train":
            opt.zero_grad()
            loss.backward()
            opt.step()
        print("{} {} loss: {:.5f}".format(epoch, phase, loss.item()))
