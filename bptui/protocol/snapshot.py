"""The one value that crosses the wall: plain facts about the program after a step.

Everything here is numbers, strings and tuples, copied out of torch, since an update changes weights in place and a
snapshot must not change with it. `eq=False`: nan is not equal to nan, so equality of facts would lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from bptui.protocol.phase import Mark, Phase, StopReason

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


@dataclass(frozen=True, eq=False)
class Param:
    """A parameter: a leaf tensor that the loss reaches."""

    name: str
    """As the script names it: `w`, `model.0.weight`."""
    value: Fact
    grad: Fact | None
    """None where `.grad` is None, which is not 0."""


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one backward added to a gradient."""

    epoch: int | None
    sample: int | None
    value: Fact


@dataclass(frozen=True, eq=False)
class Ledger:
    """What one parameter's `.grad` is made of: an entry for each backward since it was last None or zeroed."""

    name: str
    """The parameter's name."""
    contributions: tuple[Contribution, ...]
    """The latest ones, in order."""
    sum: Fact | None
    """All contributions added in order, in the tensor's own dtype; None where they were too large to keep."""
    difference: Fact | None
    """`.grad` minus `sum` where their bits differ (clipping, an unlisted write); None where they are equal."""
    earlier: int = 0
    """How many older contributions are not listed, only summed."""


@dataclass(frozen=True, eq=False)
class Upcoming:
    """The phase that `next` would run."""

    phase: Phase
    block: int
    """Its index among `Program.blocks`."""
    line: int
    """The line about to run, from 1."""
    text: str
    """That statement as the script has it, on one line."""
    numbers: str
    """The same with its numbers in: `w.data = 1.2755 - 0.01 * -5.7962`; equal to `text` where there are none."""
    epoch: int | None
    sample: int | None


@dataclass(frozen=True, eq=False)
class Failure:
    """An exception that the script's own code raised."""

    type: str
    message: str
    line: int | None
    """The innermost line of the script that raised; None when it is not in the script's file."""
    traceback: str
    """As Python prints it, without bptui's own frames."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The immutable facts after one step."""

    index: int
    """Its place in the timeline; the entry stop is 0."""
    phase: Phase | None
    """The phase that ran; None at entry."""
    block: int | None
    """Which of `Program.blocks` ran; None at entry."""
    stop_reason: StopReason
    epoch: int | None
    """The epoch of the phase that ran, from 0; None where the script has no epochs."""
    sample: int | None
    """The sample of the phase that ran, from 0 in each epoch; None where the script has no loop."""
    epochs: int | None
    """How many epochs there are, where that is known."""
    samples: int | None
    """How many samples an epoch has, where that is known."""
    consumed: int
    """Samples consumed so far, over all epochs."""
    values: tuple[Named, ...]
    """The loop's targets (`x`, `y`) and then the values computed on the way by name (`y_pred`)."""
    targets: int
    """How many of `values`, from the front, are the loop's targets."""
    loss_name: str | None
    """What the script calls the loss; None before the first forward."""
    loss: Fact | None
    params: tuple[Param, ...]
    ledger: tuple[Ledger, ...]
    """One for each parameter that has a gradient."""
    zeroing: bool
    """Whether `next` runs zero_grad."""
    marks: tuple[Mark, ...]
    """How each of `Program.blocks` stands in the current turn."""
    next: Upcoming | None
    """What `next` would run; None when the script has ended."""
    possible: tuple[Phase, ...]
    """The phases that can be asked for now."""
    explain: str
    """What the step did, in words."""
    printed: str
    """What the script wrote to stdout during the step."""
    errors: str
    """What the script wrote to stderr during the step."""
    failure: Failure | None
    """What the script raised, at an `exception` stop."""

    @property
    def line(self) -> int | None:
        """The line where the program stands: the one that raised, or the one about to run."""
        if self.failure is not None:
            return self.failure.line
        return self.next.line if self.next else None

    def param(self, name: str | None) -> Param | None:
        """The parameter of that name; None if there is none."""
        return next((param for param in self.params if param.name == name), None)

    def row(self) -> Row:
        """The line that the timeline keeps of this snapshot."""
        return Row(
            self.index, self.phase, self.stop_reason, self.epoch, self.sample,
            self.loss.number if self.loss else None,
            tuple((p.name, summary(p.value), summary(p.grad)) for p in self.params),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Row:
    """One line of the timeline: a snapshot in short, as kept while running at full speed."""

    index: int
    phase: Phase | None
    stop_reason: StopReason
    epoch: int | None
    sample: int | None
    loss: float | None
    params: tuple[tuple[str, float | None, float | None], ...]
    """Name, value and gradient of each parameter: the number if it is one, else the 2-norm where it was measured."""

    def param(self, name: str | None) -> tuple[float | None, float | None]:
        """Value and gradient of the parameter of that name; (None, None) if there is none."""
        return next(((value, grad) for each, value, grad in self.params if each == name), (None, None))


@dataclass(frozen=True, eq=False)
class BlockInfo:
    """A phase block of the program: whole statements that one step runs."""

    phase: Phase
    line: int
    """The line of its first statement of the phase's own."""
    lines: tuple[int, ...]
    """All lines that it covers."""
    loop: int = 0
    """The line of the loop whose turns it belongs to; 0 if there is none. The phase bar shows one loop's blocks."""


@dataclass(frozen=True, eq=False)
class Program:
    """A script with its loop cut into phase blocks."""

    path: str
    source: str
    argv: tuple[str, ...]
    """The script's arguments, without its own name."""
    blocks: tuple[BlockInfo, ...]
    """In the script's own order."""

    @property
    def name(self) -> str:
        return self.path.replace("\\", "/").rsplit("/", 1)[-1]


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
