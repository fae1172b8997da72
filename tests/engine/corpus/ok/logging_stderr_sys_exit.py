# style: logging to stderr, sys.exit(main()), type annotations and from __future__ import annotations
from __future__ import annotations

import logging
import sys
from typing import Iterable

import torch
from torch import Tensor, nn

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
logger = logging.getLogger(__name__)

Batch = tuple[Tensor, Tensor]


def batches(n: int, size: int) -> Iterable[Batch]:
    """Small batches of a noisy line."""
    for _ in range(n):
        x: Tensor = torch.rand(size, 1)
        yield x, 3 * x - 1 + 0.01 * torch.randn(size, 1)


def main(argv: list[str] | None = None) -> int:
    torch.manual_seed(0)
    model: nn.Module = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    loss: Tensor | None = None
    for epoch in range(2):
        running: float = 0.0
        for x, y in batches(3, 4):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item()
        logger.info("epoch %d: loss %.5f", epoch, running / 3)
    assert loss is not None and loss.ndim == 0, "no batches"
    print("final", loss.item(), file=sys.stdout)
    print("done", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
