"""What autograd nodes saved from the forward for their backward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from bptui.engine.tensors.captured import CapturedTensor, MemoryBudget
from bptui.engine.tensors.facts import fact
from bptui.engine.tensors.graphs import raw_names
from bptui.engine.tensors.packed import is_packed

NodeOutput = tuple[int, int]
"""A node by its sequence number, and which of its outputs."""
SavedValues = tuple[str, Any, int]
"""By name a `CapturedTensor` or a plain value, and how many bytes it takes."""
ForwardValue = tuple[NodeOutput, int, CapturedTensor]
"""A value of the forward: what made it, and the identity of a leaf."""

_NUMBERS = frozenset({int, float, bool, str})
_names: dict[type, tuple[str, ...]] = {}


def is_custom(node: Any) -> bool:
    """Whether it is the node of a custom `autograd.Function`."""
    return isinstance(node, torch.autograd.function.BackwardCFunction)


def why_opaque(node: Any) -> str:
    """Why its saved tensors cannot be looked at: unpacking them has an effect (checkpointing computes them anew)."""
    if is_custom(node):
        raws: Any = node._raw_saved_tensors or ()
    else:
        raws = [getattr(node, name, None) for name in raw_names(type(node))]
    for raw in raws:
        for each in raw if raw.__class__ in (tuple, list) else (raw,):
            if is_packed(each):
                return "its saved tensors are packed (checkpointing, saved_tensors_hooks)"
    return ""


def saved_by(node: Any, budget: MemoryBudget) -> tuple[list[SavedValues], list[ForwardValue]]:
    """What it saved, and which values of the forward are among it.

    Raises:
        RuntimeError: they were freed, or written in place since. The node itself will raise the same.
    """
    saved: list[SavedValues] = []
    forward_values: list[ForwardValue] = []
    for name, value in _values(node):
        if value.__class__ in _NUMBERS:
            saved.append((name, value, 0))
        elif isinstance(value, torch.Tensor):
            captured = CapturedTensor(value, budget)
            if value.requires_grad:
                maker: Any = value.grad_fn
                made = (-1, 0) if maker is None else (maker._sequence_nr(), value.output_nr)
                forward_values.append((made, id(value) if maker is None else 0, captured))
            saved.append((name, captured, value.numel() * value.element_size()))
        elif value is not None:
            saved.append((name, fact(value), 0))
    return saved, forward_values


def _values(node: Any) -> Iterator[tuple[str, Any]]:
    if is_custom(node):
        values: Any = [(f"saved_tensors[{number}]", each) for number, each in enumerate(node.saved_tensors)]
    else:
        values = [(name[len("_saved_") :], getattr(node, name)) for name in _names_of_saved(type(node))]
    for name, value in values:
        if value.__class__ in (tuple, list) and any(isinstance(each, torch.Tensor) for each in value):
            yield from ((f"{name}[{number}]", each) for number, each in enumerate(value))
        else:
            yield name, value


def _names_of_saved(kind: type) -> tuple[str, ...]:
    names = _names.get(kind)
    if names is None:
        names = _names[kind] = tuple(name for name in dir(kind) if name.startswith("_saved_"))
    return names
