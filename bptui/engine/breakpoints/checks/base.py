"""What every ready-made check has in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from bptui.engine.breakpoints.updates import Updates
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.interpreter.machine import Machine
from bptui.engine.observe.recorder import Recorder
from bptui.engine.tensors.facts import grad_of, version_of
from bptui.protocol.phase import Phase

Troubles = dict[str, str]
"""What is wrong, in words, by what it is wrong with."""


class Check:
    """A check. `found` tells what is wrong after a block of its phases; None where nothing was looked at."""

    phases: tuple[Phase, ...] = (Phase.BACKWARD,)
    """After these it looks."""
    compares = False
    """Whether it must know what parameters were before an update."""
    copies = False
    """Whether it must know all of it."""

    def __init__(self, recorder: Recorder, machine: Machine, updates: Updates, limit: float | None) -> None:
        self.recorder, self.machine, self.updates, self.limit = recorder, machine, updates, limit

    def found(self, run: RunBlock) -> Troubles | None:
        raise NotImplementedError

    def present(self) -> Troubles:
        """What is wrong already as a run begins."""
        return {}

    def state(self) -> Any:
        """What it remembers, as plain data."""
        return None

    def restore(self, state: Any) -> None:
        """Remember that."""

    def grads(self) -> Iterator[tuple[str, float | None, torch.Tensor | None]]:
        """Name and gradient of each parameter: as its number where that is known, else the tensor."""
        for (name, _value, gradient), (_, tensor) in zip(
            self.recorder.singles()[1], self.recorder.parameters.items, strict=False
        ):
            yield name, gradient, None if gradient is not None else grad_of(tensor)


def written(gradient: torch.Tensor | None) -> tuple[int, int] | None:
    """Which tensor a gradient is, and how often it was written: another pair after a block means that it wrote it."""
    return None if gradient is None else (id(gradient), version_of(gradient))
