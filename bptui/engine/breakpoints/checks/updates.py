"""The ready-made checks of updates: they compare parameters with what they were before."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.breakpoints.checks.base import Check, Troubles, is_zero
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.tensors.facts import grad_of, version_of
from bptui.engine.tensors.fingerprint import dense, number
from bptui.protocol.alarms import RATIO_RANGE
from bptui.protocol.phase import Phase


class Unchanged(Check):
    """Parameters that an update left as they were, though they have a gradient."""

    phases = tuple(Phase)
    compares = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._known: dict[str, tuple[int, int] | None] = {}
        """Which tensor each gradient was, and how often it had been written, after the last block."""
        self._fresh: dict[str, bool] = {}
        """Whether a backward wrote it since the last update of its parameter."""

    def found(self, run: RunBlock) -> Troubles | None:
        wrong = None
        if run.phase is Phase.UPDATE:
            wrong = {
                name: f"the update left {name} as it was"
                for name, tensor in self.updates.of(run)
                if self._fresh.pop(name, False) and self.updates.changed(name, tensor) is False
            }
        for name, tensor in self.recorder.parameters.items:
            gradient = grad_of(tensor)
            now = _written(gradient)
            if run.phase is Phase.BACKWARD and gradient is not None and now != self._known.get(name):
                self._fresh[name] = not is_zero(gradient)
            elif gradient is None:
                self._fresh.pop(name, None)
            self._known[name] = now
        return wrong

    def state(self) -> Any:
        return tuple(sorted(name for name, fresh in self._fresh.items() if fresh))

    def restore(self, state: Any) -> None:
        self._fresh = dict.fromkeys(state, True)
        self._known = {name: _written(grad_of(tensor)) for name, tensor in self.recorder.parameters.items}


def _written(gradient: torch.Tensor | None) -> tuple[int, int] | None:
    """Which tensor it is, and how often it was written."""
    return None if gradient is None else (id(gradient), version_of(gradient))


class Ratio(Check):
    """Updates that are too small or too large beside the weights."""

    phases = (Phase.UPDATE,)
    compares = copies = True

    def found(self, run: RunBlock) -> Troubles | None:
        limit, wrong = self.limit or 0.0, {}
        for name, tensor in self.recorder.parameters.items:
            before, now = self.updates.copy(name), dense(tensor)
            if before is None or before.shape != now.shape or not now.is_floating_point():
                continue
            size, moved = torch.linalg.vector_norm(before).item(), torch.linalg.vector_norm(now - before).item()
            if not size or not moved:  # a bias that begins at zero; a parameter of another update
                continue
            ratio = moved / size
            if not limit / RATIO_RANGE <= ratio <= limit * RATIO_RANGE:
                wrong[name] = f"the update of {name} is {number(ratio)} of its norm, about {number(limit)} is usual"
        return wrong


class Forgotten(Check):
    """Updates with a gradient left from before an earlier update."""

    phases = (Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD)
    compares = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._used: dict[str, int] = {}
        """Gradients that an update has used and nothing has zeroed since: by parameter, which tensor they are."""

    def found(self, run: RunBlock) -> Troubles | None:
        wrong = None
        if run.phase is Phase.UPDATE:
            wrong = {
                name: f"the update uses a {name}.grad with parts left from before an earlier update"
                for name in self._updated(run)
                if name in self._used
            }
        self._follow(run)
        return wrong

    def _updated(self, run: RunBlock) -> list[str]:
        return [name for name, tensor in self.updates.of(run) if self.updates.changed(name, tensor) is not False]

    def _follow(self, run: RunBlock) -> None:
        """See which gradients are used now, and which are no more what was used."""
        grads = {name: grad_of(tensor) for name, tensor in self.recorder.parameters.items}
        for name in list(self._used):
            gradient = grads.get(name)
            if gradient is None or self._used[name] not in (0, id(gradient)) or is_zero(gradient):
                del self._used[name]
            else:
                self._used[name] = id(gradient)
        if run.phase is Phase.UPDATE:
            for name in self._updated(run):
                if name not in self._used and (gradient := grads.get(name)) is not None and not is_zero(gradient):
                    self._used[name] = id(gradient)

    def state(self) -> Any:
        return tuple(sorted(self._used))

    def restore(self, state: Any) -> None:
        self._used = dict.fromkeys(state, 0)  # the same tensors, but not the same identities
