# style: annotated locals in train(), one with a name that exists only for type checkers
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from nowhere import Batch


def train(w: Tensor, batches: "list[Batch]") -> "list[float]":
    losses: list[float] = []
    total: float
    for batch in batches:
        x: Batch = batch[0]
        loss: Tensor = (w * x - batch[1]).square().sum()
        loss.backward()
        w.data -= 0.1 * w.grad
        w.grad = None
        losses.append(loss.item())
        print(loss.item())
    total = sum(losses)
    print(total)
    return losses


print(train(torch.ones(1, requires_grad=True), [(1.0, 2.0), (0.5, 1.0)]))
