"""The ready-made checks of updates: they compare parameters with what they were before."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.breakpoints.checks.base import Check, Troubles, written
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.tensors.bits import dense
from bptui.engine.tensors.facts import grad_of
from bptui.engine.tensors.fingerprint import number
from bptui.engine.tensors.measures import is_zero
from bptui.protocol.alarms import RATIO_RANGE
from bptui.protocol.phase import Phase

_USUAL_RATE = 1e-3
"""A common learning rate."""


class Unchanged(Check):
    """Parameters that an update left as they were, though they have a gradient that should have moved them."""

    phases = tuple(Phase)
    compares = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._known: dict[str, tuple[int, int] | None] = {}
        """Which tensor each gradient was, and how often it had been written, after the last block."""
        self._has_new_gradient: dict[str, bool] = {}
        """Whether a backward wrote it since the last update of its parameter."""

    def found(self, run: RunBlock) -> Troubles | None:
        wrong = None
        if run.phase is Phase.UPDATE:
            wrong = {
                name: f"the update left {name} as it was"
                for name, tensor in self.updates.of(run)
                if self._has_new_gradient.pop(name, False)
                and self.updates.changed(name, tensor) is False
                and not _is_rounded_away(tensor)
            }
        for name, tensor in self.recorder.parameters.items:
            gradient = grad_of(tensor)
            present = written(gradient)
            if run.phase is Phase.BACKWARD and gradient is not None and present != self._known.get(name):
                self._has_new_gradient[name] = not is_zero(gradient)
            elif gradient is None:
                self._has_new_gradient.pop(name, None)
            self._known[name] = present
        return wrong

    def state(self) -> Any:
        return tuple(sorted(name for name, is_new in self._has_new_gradient.items() if is_new))

    def restore(self, state: Any) -> None:
        self._has_new_gradient = dict.fromkeys(state, True)
        self._known = {name: written(grad_of(tensor)) for name, tensor in self.recorder.parameters.items}


def _is_rounded_away(tensor: torch.Tensor) -> bool:
    """Whether its gradient is so small beside it that an update of a usual learning rate is lost in rounding."""
    gradient = grad_of(tensor)
    if gradient is None or gradient.shape != tensor.shape or not tensor.is_floating_point():
        return False
    if is_zero(gradient):  # zeroed since
        return False
    if tensor.layout != torch.strided or gradient.layout != torch.strided or tensor.is_nested:
        return False
    least = tensor.detach().abs() * (torch.finfo(tensor.dtype).eps / _USUAL_RATE)
    return not bool((gradient.detach().abs() > least).any())


class Ratio(Check):
    """Updates that are too small or too large beside the weights."""

    phases = (Phase.UPDATE,)
    compares = copies = True

    def found(self, run: RunBlock) -> Troubles | None:
        limit, wrong = self.limit or 0.0, {}
        for name, tensor in self.recorder.parameters.items:
            before, present = self.updates.copy(name), dense(tensor)
            if before is None or before.shape != present.shape or not present.is_floating_point():
                continue
            size, moved = torch.linalg.vector_norm(before).item(), torch.linalg.vector_norm(present - before).item()
            if not size or not moved:  # a bias that begins at zero; a parameter of another update
                continue
            ratio = moved / size
            if not limit / RATIO_RANGE <= ratio <= limit * RATIO_RANGE:
                wrong[name] = f"the update of {name} is {number(ratio)} of its norm, about {number(limit)} is usual"
        return wrong
