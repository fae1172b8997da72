"""Operands that were broadcast both ways in a forward that was not stepped into: [N] with [N, 1] makes [N, N].

No error tells of it, and the loss is wrong. The graph knows the shape of each result and of each operand that needs a
gradient; the shape of the other one is that of a tensor which the line names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from bptui.engine.tape.call_log import CallLog
from bptui.engine.tape.chain_rule import broadcast_both_ways, broadcasts
from bptui.engine.tape.nodes import is_accumulating, reachable
from bptui.engine.tape.sentences import BOTH_WAYS

Shape = tuple[int, ...]


def both_ways(loss: Any, log: CallLog) -> str:
    """`BROADCAST BOTH WAYS, line 9: pred [3] with y [3, 1] makes [3, 3]`; empty where there is none."""
    if not isinstance(loss, torch.Tensor) or loss.grad_fn is None:
        return ""
    with torch._C.DisableTorchFunction():
        for node in reachable([loss]):
            made = log.made(node._sequence_nr()) if broadcasts(node.name()) else None
            found = _found(node, log.shapes_on(made.line)) if made is not None else ""
            if made is not None and found:
                return f"{BOTH_WAYS}, line {made.line}: {found}"
    return ""


def _found(node: Any, named: Mapping[str, Shape]) -> str:
    made = _shape_of(node, 0)
    taken = [_shape_of(after, number) for after, number in node.next_functions if after is not None]
    known = [shape for shape in taken if shape is not None]
    if made is None or len(known) != len(taken) or made in known or made in named.values():
        return ""
    if len(known) == 1:
        known += [shape for shape in dict.fromkeys(named.values()) if _makes(known[0], shape) == made][:1]
    if len(known) != 2 or _makes(*known) != made or not broadcast_both_ways(made, tuple(known)):
        return ""
    return f"{' with '.join(_named(each, named) for each in known)} makes {list(made)}"


def _shape_of(node: Any, output: int) -> Shape | None:
    """The shape of what a node's op made."""
    if is_accumulating(node):
        return tuple(node.variable.shape)
    metadata = getattr(node, "_input_metadata", ())
    return tuple(metadata[output].shape) if output < len(metadata) else None


def _makes(one: Shape, other: Shape) -> Shape | None:
    try:
        return tuple(torch.broadcast_shapes(one, other))  # type: ignore[no-untyped-call]
    except RuntimeError:
        return None


def _named(shape: Shape, named: Mapping[str, Shape]) -> str:
    names = list(_names_of(shape, named))
    return f"{names[0]} {list(shape)}" if len(names) == 1 else str(list(shape))


def _names_of(shape: Shape, named: Mapping[str, Shape]) -> Iterator[str]:
    return (name for name, each in named.items() if each == shape)
