"""The loss over a parameter: the forward's own statements run at other values of it, and everything put back.

Only a forward that computes and does nothing else is run this way: one that appends to a list, sets an attribute or
assigns globals is left alone. The parameter's data is exchanged for a copy, so that its own storage, which a graph that
waits for its backward may hold, is never written.
"""

from __future__ import annotations

import math
import time
from typing import Any

import torch

from bptui.engine.analysis.purity import impurity
from bptui.engine.analysis.rerun import Forward, exchanged, undisturbed
from bptui.engine.interpreter.iteration import Iteration
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.replies import CurveDrawn

SLOWEST = 0.02
"""Seconds that one forward may take: a curve runs it at many values."""


def draw(
    script: Script, iteration: Iteration, recorder: Recorder, param: str, low: float, high: float, points: int
) -> CurveDrawn:
    """The loss at `points` values of the parameter between `low` and `high`, and its slope at the present one."""
    tensor, last = dict(recorder.parameters).get(param), iteration.last_forward()
    if tensor is None or tensor.numel() != 1 or not tensor.is_floating_point():
        return _none(param, "the parameter is not a single number")
    if last is None:
        return _none(param, "no forward has run yet")
    run, frame = last
    impure = impurity(script.tree, run.block.own_statements, copied=False)
    if impure:
        return _none(param, f"the forward does more than compute ({impure})")
    at = float(tensor.detach().item())
    xs = tuple(low + (high - low) * index / max(points - 1, 1) for index in range(points))
    with undisturbed(run, frame, recorder.holders()) as forward, exchanged([tensor], forward):
        losses = _Losses(forward, tensor)
        started = time.perf_counter()
        loss, slope = losses.with_slope(at)
        if loss is None:
            return _none(param, "the loss is not a single number")
        if _is_slow(losses, at, time.perf_counter() - started):
            return _none(param, "the forward takes too long to be run at many values")
        ys = tuple(losses.at(x) for x in xs)
    return CurveDrawn(param, xs, ys, at, loss, slope, "")


def _is_slow(losses: _Losses, x: float, seconds: float) -> bool:
    """Whether a forward takes too long. What took a little too long is tried again: the machine may have been busy."""
    for _ in range(3):
        if seconds <= SLOWEST or seconds > 10 * SLOWEST:
            break
        started = time.perf_counter()
        losses.at(x)
        seconds = time.perf_counter() - started
    return seconds > SLOWEST


def _none(param: str, reason: str) -> CurveDrawn:
    return CurveDrawn(param, (), (), None, None, None, reason)


class _Losses:
    """The loss at any value of a parameter."""

    def __init__(self, forward: Forward, tensor: torch.Tensor) -> None:
        self._forward, self._tensor = forward, tensor

    def _loss(self, x: float) -> Any:
        self._tensor.data = torch.full_like(self._tensor.data, x)
        return self._forward.loss()

    def at(self, x: float) -> float:
        try:
            loss = self._loss(x)
            value = float(loss.detach() if isinstance(loss, torch.Tensor) else loss)
        except Exception:  # the script's own code may fail at values that it never sees
            return math.nan
        return value if math.isfinite(value) else math.nan

    def with_slope(self, x: float) -> tuple[float | None, float | None]:
        """The loss and its derivative by autograd, which leaves `.grad` alone."""
        try:
            loss = self._loss(x)
            if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
                return None, None
            (slope,) = torch.autograd.grad(loss.sum(), self._tensor, retain_graph=True, allow_unused=True)
        except Exception:
            return None, None
        return float(loss.detach().item()), None if slope is None else float(slope.item())
