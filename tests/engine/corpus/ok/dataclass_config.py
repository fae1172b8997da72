# style: a dataclass config, hyperparameters read as cfg.x in the loop, optimizer chosen by a match statement
from dataclasses import asdict, dataclass, field

import torch
from torch import nn


@dataclass
class Config:
    lr: float = 0.05
    epochs: int = 2
    optimizer: str = "rmsprop"
    hidden: list = field(default_factory=lambda: [4, 3])
    seed: int = 7


def build(cfg: Config):
    sizes = [2, *cfg.hidden, 1]
    layers = []
    for i, o in zip(sizes, sizes[1:]):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


cfg = Config()
print(asdict(cfg))
torch.manual_seed(cfg.seed)
model = build(cfg)
match cfg.optimizer:
    case "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr)
    case "rmsprop" | "rms":
        optimizer = torch.optim.RMSprop(model.parameters(), lr=cfg.lr, centered=True)
    case _:
        raise ValueError(cfg.optimizer)

dataset = [{"x": x, "y": x.prod().view(1)} for x in torch.rand(5, 2)]
for epoch in range(cfg.epochs):
    for item in dataset:
        x, y = item["x"], item["y"]
        output = model(x)
        match output.shape:
            case (1,):
                loss = (output - y).abs().sum()
            case _:
                loss = output.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"{epoch}/{cfg.epochs} {loss.item():.6f}")
