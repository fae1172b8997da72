"""Ops and values as they are recorded while they run; `builder.py` makes them into a tape."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import torch

from bptui.engine.tape.call_sites import Site
from bptui.engine.tensors.captured import CapturedTensor, MemoryBudget

MANY = 64
"""Of a list of tensors so many are looked at."""


class RawValue:
    """A value on the tape."""

    __slots__ = ("address", "captured", "leaf", "made", "name", "op", "ref", "requires_grad", "variable")

    def __init__(self, tensor: torch.Tensor, op: int, name: str, budget: MemoryBudget) -> None:
        self.ref = weakref.ref(tensor)
        self.captured: CapturedTensor | None = CapturedTensor(tensor, budget)
        """None for a value that is known from the graph only."""
        self.address = tensor.data_ptr() if tensor.layout == torch.strided and not tensor.is_nested else 0
        self.op = op
        self.name = name
        self.requires_grad = tensor.requires_grad
        self.leaf = tensor.requires_grad and tensor.is_leaf
        self.variable = id(tensor) if self.leaf else 0
        """The identity of a leaf: its AccumulateGrad leads to it."""
        node = tensor.grad_fn
        self.made = (-1, 0) if node is None else (node._sequence_nr(), tensor.output_nr)
        """The autograd node that made it, by sequence number, and which of its outputs it is."""

    def settle(self) -> None:
        """Let go of the tensor; a brief fact stays."""
        if self.captured is not None:
            self.captured.settle()


class RawOp:
    """An op as it ran."""

    __slots__ = (
        "after", "arguments", "before", "direct", "inputs", "module", "name", "node", "outputs", "place", "site",
        "wrote",
    )  # fmt: skip

    def __init__(self, name: str, site: Site | None, module: str, before: int, after: int) -> None:
        self.name, self.site, self.module = name, site, module
        self.before, self.after = before, after
        """Autograd's sequence number before and after it."""
        self.arguments: list[Any] = []
        """Places of values as `ValueRef`, other arguments as plain values or text."""
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.node = ""
        self.place = -1
        """Its place among the ops."""
        self.direct = False
        """Whether the site is the very call, and not one further out."""
        self.wrote = ""
        """The attribute that it assigned (`w.data`), if it is such an assignment."""


class ValueRef(int):
    """The place of a value among the arguments."""


class KeywordArg(tuple):  # type: ignore[type-arg]
    """An argument given by name."""

    def __new__(cls, name: str, value: Any) -> KeywordArg:
        return super().__new__(cls, (name, value))


_IN_PLACE = frozenset(
    f"__{each}__"
    for each in "setitem iadd isub imul itruediv idiv ifloordiv imod ipow iand ior ixor ilshift irshift".split()
)


def is_writing(name: str, kwargs: dict[str, Any]) -> bool:
    """Whether that call writes a tensor that it is given."""
    if name.endswith("_") and not name.endswith("__"):
        return True
    return name in _IN_PLACE or "out" in kwargs or kwargs.get("inplace") is True


def tensors_of(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in a value, and in lists and tuples of such."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value[:MANY]:
            yield from tensors_of(each)


def places_of(argument: Any) -> list[int]:
    """The places of the values in an argument, and in lists of such."""
    if isinstance(argument, ValueRef):
        return [int(argument)]
    if isinstance(argument, (tuple, list)):
        return [place for each in argument for place in places_of(each)]
    return []


def text_of(value: Any) -> str:
    """An argument that is neither number nor tensor, as the tape shows it."""
    if isinstance(value, slice):
        return ":".join("" if each is None else str(each) for each in (value.start, value.stop))
    if value is Ellipsis:
        return "..."
    text = str(value) if isinstance(value, (torch.dtype, torch.device, torch.Size)) else f"<{type(value).__name__}>"
    return text.removeprefix("torch.")
