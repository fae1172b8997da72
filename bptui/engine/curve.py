"""The loss over a parameter: the forward's own statements run at other values of it, and everything put back.

Only a forward that computes and does nothing else is run this way: one that appends to a list, sets an attribute or
assigns globals is left alone. The parameter's data is exchanged for a copy, so that its own storage, which a graph that
waits for its backward may hold, is never written.
"""

from __future__ import annotations

import ast
import contextlib
import io
import math
import time
from collections.abc import Iterator
from typing import Any

import torch

from bptui.engine import syntax
from bptui.engine.code import RunBlock
from bptui.engine.frames import Frame
from bptui.engine.program import Script
from bptui.engine.recorder import Recorder
from bptui.engine.stage import RandomState
from bptui.engine.turn import Turn
from bptui.protocol.messages import CurveDrawn

SLOWEST = 0.02
"""Seconds that one forward may take for a curve to be worth its while."""


def draw(
    script: Script, turn: Turn, recorder: Recorder, param: str, low: float, high: float, points: int
) -> CurveDrawn:
    """The loss at `points` values of the parameter between `low` and `high`, and its slope at the present one."""
    tensor, last = dict(recorder.parameters).get(param), turn.last_forward()
    if tensor is None or tensor.numel() != 1 or not tensor.is_floating_point():
        return _none(param, "the parameter is not a single number")
    if last is None:
        return _none(param, "no forward has run yet")
    run, frame = last
    impure = _impurity(script, run.block.own_statements)
    if impure:
        return _none(param, f"the forward does more than compute ({impure})")
    at = float(tensor.detach().item())
    xs = tuple(low + (high - low) * index / max(points - 1, 1) for index in range(points))
    with _undisturbed(run, frame, recorder, tensor) as losses:
        started = time.perf_counter()
        loss, slope = losses.with_slope(at)
        if loss is None:
            return _none(param, "the loss is not a single number")
        if time.perf_counter() - started > SLOWEST:
            return _none(param, "the forward takes too long to be run at many values")
        ys = tuple(losses.at(x) for x in xs)
    return CurveDrawn(param, xs, ys, at, loss, slope, "")


def _none(param: str, reason: str) -> CurveDrawn:
    return CurveDrawn(param, (), (), None, None, None, reason)


class _Losses:
    """The loss at any value of a parameter."""

    def __init__(self, run: RunBlock, frame: Frame, tensor: torch.Tensor, random: RandomState) -> None:
        self._run, self._frame, self._tensor, self._random = run, frame, tensor, random

    def _loss(self, x: float) -> Any:
        self._random.restore()  # the same dropout at every value
        self._tensor.data = torch.full_like(self._tensor.data, x)
        self._frame.pieces[self._run.own]()
        return self._frame.pieces[self._run.loss or 0]() if self._run.loss is not None else None

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
            (slope,) = torch.autograd.grad(loss.sum(), self._tensor, allow_unused=True)
        except Exception:
            return None, None
        return float(loss.detach().item()), None if slope is None else float(slope.item())


@contextlib.contextmanager
def _undisturbed(run: RunBlock, frame: Frame, recorder: Recorder, tensor: torch.Tensor) -> Iterator[_Losses]:
    """Put back what the forward changes: variables, the parameter's data, buffers, random state. Drop its prints."""
    names = syntax.bound_names(run.block.statements)
    before = {name: frame.names[name] for name in names if name in frame.names}
    data, random = tensor.data, RandomState(value for names in recorder.holders() for value in names.values())
    buffers = [(buffer, buffer.detach().clone()) for buffer in _buffers(recorder)]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield _Losses(run, frame, tensor, random)
    finally:
        tensor.data = data
        for buffer, values in buffers:
            buffer.data.copy_(values)
        random.restore()
        for name in names:
            if name in before:
                frame.names[name] = before[name]
            elif name in frame.names:
                del frame.names[name]


def _buffers(recorder: Recorder) -> Iterator[torch.Tensor]:
    for names in recorder.holders():
        for value in list(names.values()):
            if isinstance(value, torch.nn.Module):
                yield from value.buffers()


def _impurity(script: Script, statements: list[ast.stmt]) -> str:
    """What the forward does besides computing; empty if nothing. Functions of the script that it may call count."""
    functions = {node.name: node for node in ast.walk(script.tree) if isinstance(node, ast.FunctionDef)}
    waiting: list[ast.AST] = list(statements)
    seen: set[str] = {"__init__"}
    while waiting:
        node = waiting.pop()
        for each in ast.walk(node):
            found = _impure(each)
            if found:
                return f"line {getattr(each, 'lineno', '?')}: {found}"
            for name in _mentioned(each):
                if name in functions and name not in seen:
                    seen.add(name)
                    waiting += functions[name].body
        if "forward" in functions and "forward" not in seen:
            seen.add("forward")
            waiting += functions["forward"].body
    return ""


def _mentioned(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.attr] if isinstance(node, ast.Attribute) else []


def _impure(node: ast.AST) -> str:
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return "assigns globals"
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in targets):
            return "sets an attribute or an item"
    if isinstance(node, ast.AugAssign):
        return "adds to a variable"
    if isinstance(node, ast.Call):
        name = syntax.method(node) or ""
        if name in syntax.MUTATORS | {"pop", "write", "send", "put", "remove", "clear"}:
            return f"calls .{name}()"
        if name.endswith("_") and not name.endswith("__"):
            return f"calls .{name}()"
        if syntax.function(node) in {"next", "open", "input", "setattr", "exec", "eval"}:
            return f"calls {syntax.function(node)}()"
    return ""
