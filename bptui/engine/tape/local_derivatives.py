"""The local derivative of an autograd node: what the node itself returns for a unit gradient.

A unit for each output where there are few of them, and ones where each output depends on the input at its own place
only. Large tensors are left out: their answers would be as large.
"""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.tensors.captured import CapturedTensor, MemoryBudget
from bptui.engine.tensors.facts import fact
from bptui.protocol.fact import SMALL, Fact

_ELEMENTWISE = frozenset(
    "Abs Add Clamp Cos Div Elu Erf Exp Expm1 Gelu Hardsigmoid Hardswish Hardtanh LeakyRelu Log Log10 Log1P Log2 "
    "LogSigmoid Mul Neg Pow Reciprocal Relu Rsqrt Rsub Selu Sigmoid Silu Sin Sinh Softplus Sqrt Sub Tan Tanh".split()
)
"""Nodes whose outputs depend on the inputs at the same place only, if none is broadcast."""
_ROWS = 8
"""Of outputs with up to so many elements the Jacobian is found row by row."""


def local_derivatives(node: Any, upstream: torch.Tensor, budget: MemoryBudget) -> list[Any]:
    """The derivative of what the node's op made by each thing that it took, as captured tensors or facts.

    Nothing where that is too large. The node is called under `no_grad`.
    """
    enabled = torch.is_grad_enabled()  # in a backward with create_graph=True
    if enabled:
        torch.set_grad_enabled(False)
    try:
        return _derivatives(node, upstream, budget)
    except RuntimeError:  # a node that takes no unit gradient, such as one of a nested tensor
        return []
    finally:
        if enabled:
            torch.set_grad_enabled(True)


def _derivatives(node: Any, upstream: torch.Tensor, budget: MemoryBudget) -> list[Any]:
    count = upstream.numel()
    if count == 1:
        return [_captured(each, budget) for each in _answer(node, _unit(upstream, 0))]
    if count <= _ROWS:
        rows = [_answer(node, _unit(upstream, row)) for row in range(count)]
        return [_jacobian([row[index] for row in rows]) for index in range(len(rows[0]))]
    if count <= SMALL and node.name().rstrip("0123456789").removesuffix("Backward") in _ELEMENTWISE:
        answers = _answer(node, torch.ones_like(upstream))
        same = [each if each is not None and each.shape == upstream.shape else None for each in answers]
        return [_captured(each, budget) for each in same]
    return []


def _captured(tensor: torch.Tensor | None, budget: MemoryBudget) -> CapturedTensor | None:
    return CapturedTensor(tensor, budget) if tensor is not None and tensor.numel() <= SMALL else None


def _answer(node: Any, gradient: torch.Tensor) -> list[torch.Tensor | None]:
    answer = node(gradient)
    return list(answer) if isinstance(answer, tuple) else [answer]


_MOST_UNITS = 256
_units: dict[Any, torch.Tensor] = {}
"""Unit gradients by shape, dtype, device and place."""


def _unit(like: torch.Tensor, row: int) -> torch.Tensor:
    key = like.shape, like.dtype, like.device, row
    unit = _units.get(key)
    if unit is None:
        if len(_units) >= _MOST_UNITS:
            _units.clear()
        unit = torch.zeros(like.shape, dtype=like.dtype, device=like.device)
        unit.view(-1)[row] = 1
        _units[key] = unit
    return unit


def _jacobian(rows: list[torch.Tensor | None]) -> Fact | None:
    """From one row an output: elementwise where it is diagonal, else output by input."""
    known = [row for row in rows if row is not None]
    if len(known) != len(rows) or len(rows) * known[0].numel() > SMALL:
        return None
    matrix = torch.stack([row.reshape(-1) for row in known])
    diagonal = matrix.diagonal()
    if matrix.shape[0] == matrix.shape[1] and torch.equal(matrix, torch.diag(diagonal)):
        return fact(diagonal.reshape(known[0].shape))
    return fact(matrix)
