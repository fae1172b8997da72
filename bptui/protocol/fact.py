"""Facts: what is known of one Python value, as plain numbers, strings and tuples.

`eq=False`: nan is not equal to nan, so equality of facts would lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

Value = Union[None, bool, int, float, str, tuple["Value", ...]]  # noqa: UP007 (a recursive alias)
"""A plain value: a number or string, or nested tuples of them (row by row, as `Tensor.tolist`)."""

SMALL = 64
"""Tensors of up to this many elements are kept whole; of larger ones only facts are kept."""


@dataclass(frozen=True, eq=False)
class Stats:
    """What is known of a large tensor's numbers. Computed in one pass where the tensor lives; nan and inf excluded."""

    min: float
    max: float
    mean: float
    std: float
    norm: float
    """The 2-norm over the finite elements."""
    nan: int
    """How many elements are nan."""
    inf: int
    """How many elements are +inf or -inf."""
    zero: int
    """How many elements are 0."""


@dataclass(frozen=True, eq=False)
class Fact:
    """What is known of one Python value of the script."""

    type: str
    """The type's name as Python has it: `Tensor`, `Parameter`, `float`."""
    value: Value = None
    """The whole value: a number, a string, a small tensor as nested tuples. None where it is too large."""
    shape: tuple[int, ...] | None = None
    """A tensor's shape; None for what is not a tensor."""
    dtype: str | None = None
    """A tensor's dtype without its prefix: `float32`."""
    device: str | None = None
    """A tensor's device: `cpu`, `cuda:0`."""
    stats: Stats | None = None
    """For a large tensor of numbers."""
    corner: Value = None
    """A large tensor's first few rows and columns, flattened to two dimensions."""
    text: str | None = None
    """For what is not a number: its `repr`, shortened."""

    @property
    def is_tensor(self) -> bool:
        return self.shape is not None

    @property
    def numel(self) -> int:
        """How many elements the tensor has; 1 for a plain number."""
        count = 1
        for extent in self.shape or ():
            count *= extent
        return count

    @property
    def number(self) -> float | None:
        """The one number that this is, if it is one: a plain number or a one-element tensor."""
        value = self.value
        while isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        if isinstance(value, (int, float)):
            return value
        return None


@dataclass(frozen=True, eq=False)
class Named:
    """A value under the name that the script gives it."""

    name: str
    fact: Fact


def differs(one: Fact | None, other: Fact | None) -> bool:
    """Whether two facts say different things; nan is as it was, and None is not 0."""
    return _content(one) != _content(other)


def _content(fact: Fact | None) -> str:
    if fact is None:
        return "None"
    stats = fact.stats and vars(fact.stats)
    return repr((fact.shape, fact.dtype, fact.value, fact.corner, fact.text, stats))


def summary(fact: Fact | None) -> float | None:
    """One number for a fact: the number that it is, else the norm of its elements, else None."""
    if fact is None:
        return None
    if fact.number is not None:
        return float(fact.number)
    if fact.stats is not None:
        return fact.stats.norm
    if fact.is_tensor and isinstance(fact.value, tuple):
        return float(sum(n * n for n in flatten(fact.value)) ** 0.5)
    return None


def flatten(value: Value) -> Iterator[float]:
    """The numbers of nested tuples, in order."""
    if isinstance(value, tuple):
        for each in value:
            yield from flatten(each)
    elif isinstance(value, (int, float)):
        yield value
