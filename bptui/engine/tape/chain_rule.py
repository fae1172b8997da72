"""One step of the chain rule, computed again: whether upstream times a formula is the gradient that was sent on.

What was broadcast in the forward is summed in the backward: the gradient of an operand of shape [] that met one of
shape [3] is the sum of three. A formula that does not give what autograd sent is not shown.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from bptui.engine.tape.formulas import MATRIX
from bptui.engine.tape.terms import Term
from bptui.protocol.equation import agree
from bptui.protocol.fact import Fact, flatten

_BROADCAST = frozenset(
    "Add Sub Rsub Mul Div Pow Expand Where Maximum Minimum Atan2 Lerp Addcmul Addcdiv Remainder Fmod".split()
)
"""Nodes of ops that broadcast their operands."""


def kind_of(node: str) -> str:
    """`Mul` of `MulBackward0`."""
    return node.rstrip("0123456789").removesuffix("Backward")


def broadcasts(node: str) -> bool:
    """Whether that is the node of an op that broadcasts its operands."""
    return kind_of(node) in _BROADCAST


def summed_dims(node: str, upstream: Fact | None, downstream: Fact | None) -> tuple[int, ...]:
    """The dimensions of what came in that are summed, since the operand was broadcast over them."""
    if upstream is None or downstream is None or upstream.shape is None or downstream.shape is None:
        return ()
    if not broadcasts(node) or upstream.shape == downstream.shape:
        return ()
    dims = dims_between(upstream.shape, downstream.shape)
    return dims if any(upstream.shape[dim] != 1 for dim in dims) else ()


def dims_between(large: tuple[int, ...], small: tuple[int, ...]) -> tuple[int, ...]:
    """The dimensions over which a tensor of the small shape was broadcast to the large one."""
    ahead = len(large) - len(small)
    if ahead < 0:
        return ()
    return (*range(ahead), *(ahead + at for at, extent in enumerate(small) if extent != large[ahead + at]))


def broadcast_both_ways(made: tuple[int, ...], taken: tuple[tuple[int, ...], ...]) -> bool:
    """Whether no operand has the shape of the result: [3] with [3, 1] makes [3, 3]."""
    return len(taken) > 1 and all(shape != made for shape in taken) and len(set(taken)) > 1


def product(upstream: torch.Tensor, factor: Term, dims: tuple[int, ...], shape: tuple[int, ...]) -> torch.Tensor | None:
    """Upstream times the factor, summed over these dimensions; None where it cannot be computed."""
    return _computed(factor, lambda value: _sent(upstream, factor.text, value, dims, shape))


def sum_of_sizes(upstream: torch.Tensor, factor: Term, dims: tuple[int, ...], shape: tuple[int, ...]) -> float:
    """The largest sum of absolute values in that product: how much rounding there may be."""
    sizes = _computed(factor, lambda value: _sent(upstream.abs(), factor.text, value.abs(), dims, shape))
    return float(sizes.max()) if sizes is not None and sizes.numel() else 0.0


def _computed(factor: Term, compute: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor | None:
    if factor.value is None:
        return None
    try:
        return compute(factor.value)
    except (RuntimeError, IndexError):  # shapes that do not go together
        return None


def _sent(
    upstream: torch.Tensor, text: str, value: torch.Tensor, dims: tuple[int, ...], shape: tuple[int, ...]
) -> torch.Tensor:
    if text.endswith(MATRIX):
        return value @ upstream
    if text.startswith(MATRIX):
        return upstream @ value
    sent = upstream * value
    return sent.sum(dims).reshape(shape) if dims else sent


def holds(upstream: torch.Tensor | None, factor: Term, dims: tuple[int, ...], downstream: Fact) -> bool:
    """Whether the factor gives what was sent on, as far as the numbers are known."""
    if upstream is None or factor.value is None or downstream.value is None or downstream.shape is None:
        return True
    sent = product(upstream, factor, dims, downstream.shape)
    if sent is None:
        return False
    slack = 2e-6 * sum_of_sizes(upstream, factor, dims, downstream.shape)
    return agree(sent.reshape(-1).tolist(), list(flatten(downstream.value)), slack)
