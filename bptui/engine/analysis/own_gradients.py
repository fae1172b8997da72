"""The program's own gradients, right behind a backward, beside what autograd computes of the same loss on copies."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import torch

from bptui.engine.observe.recorder import Recorder
from bptui.engine.tensors.facts import grad_of
from bptui.protocol.replies import ParamCheck

_TOLERANCE = {torch.float64: 1e-4, torch.float32: 5e-2}
"""The relative difference up to which two gradients count as equal, by dtype."""
_COARSE = 0.2
"""That of narrower floats. (float32's is wide because autocast may compute half of such a program in bfloat16.)"""
_SAME = 1e-5
"""The relative difference up to which two losses are of the same computation, in the same precision."""
_FLOOR = 1e-4
"""Differences are relative to at least this share of the largest gradient: some gradients are only noise."""


class OwnGradients:
    """The gradients that are of one backward alone: of an accumulated one this loss is only a part."""

    def __init__(self, recorder: Recorder) -> None:
        self._loss = recorder.singles()[0]
        alone = {each.name for each in recorder.ledger() if len(each.contributions) == 1 and not each.earlier}
        self._gradients = {
            name: gradient.detach()
            for name, tensor in recorder.parameters
            if name in alone and (gradient := grad_of(tensor)) is not None and gradient.layout == torch.strided
        }

    def is_of(self, loss: float) -> bool:
        """Whether they are of a forward that gave this loss; where it drew random numbers, it gave another one."""
        return self._loss is not None and abs(self._loss - loss) <= _SAME * abs(loss)

    def beside(self, checks: list[ParamCheck], computed: Mapping[str, torch.Tensor | None]) -> list[ParamCheck]:
        """The checks, those whose gradient is another than the one computed by autograd marked so."""
        norms = [float(each.norm()) for each in computed.values() if each is not None]
        floor = _FLOOR * max(norms, default=0.0)
        return [self._checked(each, computed.get(each.name), floor) for each in checks]

    def _checked(self, check: ParamCheck, computed: torch.Tensor | None, floor: float) -> ParamCheck:
        own = self._gradients.get(check.name)
        if own is None or computed is None or check.verdict != "equal" or own.shape != computed.shape:
            return check
        tolerance = _TOLERANCE.get(own.dtype, _COARSE)
        wide = own.to(computed.dtype)
        if _distance(wide, computed, floor) <= tolerance:
            return check
        index = int((wide - computed).abs().nan_to_num(math.inf).argmax())
        place = tuple(int(each) for each in torch.unravel_index(torch.tensor(index), own.shape))
        factor = float((wide * computed).sum() / (computed * computed).sum())
        same = math.isfinite(factor) and _distance(wide, factor * computed, floor) <= tolerance
        return dataclasses.replace(
            check,
            verdict=".grad differs",
            entry=place,
            autograd=float(computed[place]),
            grad=float(wide[place]),
            factor=factor if same else None,
        )


def _distance(one: torch.Tensor, other: torch.Tensor, floor: float) -> float:
    """How far two gradients are apart, relative to the larger one; infinite where one has a nan."""
    distance = float((one - other).norm())
    return math.inf if math.isnan(distance) else distance / max(float(one.norm()), float(other.norm()), floor, 1e-300)
