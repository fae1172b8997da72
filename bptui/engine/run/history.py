"""What was done, step by step, and what came of it in numbers: the timeline's branches, packed.

A step takes a few dozen bytes, so that a million of them can be kept; what a person sees of a step beyond these numbers
is made anew by going there.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from typing import TypeVar

from bptui.engine.observe.parameters import Numbers
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.rows import Branch, Row, Rows

_PHASES: tuple[Phase | None, ...] = (*Phase, None)
_NUMBER_OF = {None if phase is None else phase.value: number for number, phase in enumerate(_PHASES)}
_NONE: float = struct.unpack("<d", b"\x5a\xa5\x5a\xa5\x5a\xa5\x01\x7a")[0]
"""Stands for None: a number that no script computes."""
_NOWHERE = -1
_first, _value_and_gradient = itemgetter(0), itemgetter(1, 2)
Number = TypeVar("Number", int, float)
_BATCH = 1024
"""So many rows of a run at full speed are packed at once: one by one that costs a good part of a short block."""


@dataclass(frozen=True)
class StepTaken:
    """What a step did: the next block, one phase out of order, or an edit that a person typed."""

    phase: Phase | None = None
    """None for the block that came next."""
    zeroing: bool = True
    edit: str = ""
    skips: bool = False
    """Whether zero_grads that came first were passed over although zeroing is on: it was turned on inside the phase."""

    @cached_property
    def packed(self) -> int:
        """All but the edit's text in one byte."""
        phase = _NUMBER_OF[self.phase.value if self.phase is not None else None]
        return self.skips << 5 | phase << 2 | self.zeroing << 1 | bool(self.edit)


NEXT = {zeroing: StepTaken(None, zeroing) for zeroing in (True, False)}

Fields = tuple[str | None, int | None, int | None, float | None, Numbers]
"""Phase, epoch, sample, loss, parameters."""


class _Branch:
    """The steps of one branch behind its fork."""

    def __init__(self, info: Branch) -> None:
        self.info = info
        self.first = info.at + 1
        self.steps_taken = bytearray()
        self.phases = bytearray()
        self.epochs, self.samples, self.losses = array("i"), array("i"), array("d")
        self.layouts: list[tuple[int, tuple[str, ...], array[float]]] = []
        """From which place on there are which parameters, and their values and gradients in turn."""
        self.reasons: dict[int, StopReason] = {}
        self.edits: dict[int, str] = {}
        self._waiting: list[tuple[int, Fields]] = []
        """Steps that are not packed yet."""

    def __len__(self) -> int:
        return len(self.phases) + len(self._waiting)

    @property
    def last(self) -> int:
        """The index of its last step."""
        return self.info.at + len(self)

    def append(self, taken: StepTaken, fields: Fields, reason: StopReason) -> None:
        """Another step."""
        if taken.edit:
            self.edits[len(self)] = taken.edit
        if reason is not StopReason.STEP:
            self.reasons[len(self)] = reason
        self.keep((taken.packed, fields))

    def keep(self, step: tuple[int, Fields]) -> None:
        """Another step, with `StepTaken.packed`."""
        self._waiting.append(step)
        if len(self._waiting) >= _BATCH:
            self.pack()

    def pack(self) -> None:
        """Put the steps that wait into the columns, which are read only then."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        packed, fields = zip(*waiting, strict=True)
        words, epochs, samples, losses, params = zip(*fields, strict=True)
        start = len(self.phases)
        for names, group in groupby(params, _names):
            rows = list(group)
            if not self.layouts or self.layouts[-1][1] != names:
                self.layouts.append((start, names, array("d")))
            pairs = map(_value_and_gradient, chain.from_iterable(rows))
            _extend(self.layouts[-1][2], list(chain.from_iterable(pairs)), _NONE)
            start += len(rows)
        self.steps_taken += bytes(packed)
        self.phases += bytes(map(_NUMBER_OF.__getitem__, words))
        _extend(self.epochs, epochs, _NOWHERE)
        _extend(self.samples, samples, _NOWHERE)
        _extend(self.losses, losses, _NONE)

    def row(self, place: int) -> Row:
        """A step of its own."""
        self.pack()
        start, names, numbers = next(each for each in reversed(self.layouts) if each[0] <= place)
        at = 2 * len(names) * (place - start)
        params = tuple(
            (name, _number(numbers[at + 2 * index]), _number(numbers[at + 2 * index + 1]))
            for index, name in enumerate(names)
        )
        epoch, sample = self.epochs[place], self.samples[place]
        return Row(
            self.first + place,
            _PHASES[self.phases[place]],
            self.reasons.get(place, StopReason.STEP),
            None if epoch == _NOWHERE else epoch,
            None if sample == _NOWHERE else sample,
            _number(self.losses[place]),
            params,
            self.info.number,
            self.edits.get(place, ""),
        )

    def taken(self, place: int) -> StepTaken:
        """What made a step of its own."""
        self.pack()
        packed = self.steps_taken[place]
        edit = self.edits.get(place, "") if packed & 1 else ""
        return StepTaken(_PHASES[packed >> 2 & 7], bool(packed & 2), edit, bool(packed & 32))

    def stretches(self, start: int) -> Iterator[Rows]:
        """Its own steps from that place on, column by column."""
        self.pack()
        for number, (since, names, numbers) in enumerate(self.layouts):
            until = self.layouts[number + 1][0] if number + 1 < len(self.layouts) else len(self.phases)
            low, width = max(start, since), 2 * len(names)
            if low >= until:
                continue
            params = numbers[width * (low - since) : width * (until - since)]
            yield Rows(
                self.info.number,
                self.first + low,
                tuple([_PHASES[phase] for phase in self.phases[low:until]]),
                tuple([None if epoch == _NOWHERE else epoch for epoch in self.epochs[low:until]]),
                tuple([None if sample == _NOWHERE else sample for sample in self.samples[low:until]]),
                _column(self.losses[low:until]),
                names,
                tuple([_column(params[2 * at :: width]) for at in range(len(names))]),
                tuple([_column(params[2 * at + 1 :: width]) for at in range(len(names))]),
                tuple((self.first + at, why) for at, why in self.reasons.items() if low <= at < until),
                tuple((self.first + at, text) for at, text in self.edits.items() if low <= at < until),
            )


class History:
    """All branches, and where on them the program stands."""

    def __init__(self) -> None:
        self._branches = [_Branch(Branch(0, None, -1))]
        self.branch = 0
        """The branch on which the program stands."""
        self._index: int | None = None
        """The step that ran last; None for the branch's last."""

    @property
    def index(self) -> int:
        """The step that ran last; -1 before the entry."""
        return self._branches[self.branch].last if self._index is None else self._index

    def move_to(self, branch: int, index: int) -> None:
        """The program is at that step now."""
        self.branch = branch
        self._index = index if index < self._branches[branch].last else None

    @property
    def branches(self) -> tuple[Branch, ...]:
        return tuple(each.info for each in self._branches)

    def last(self, branch: int) -> int:
        """The index of a branch's last step."""
        return self._branches[branch].last

    def row(self, branch: int, index: int) -> Row:
        """A step of a branch, also one that it shares with its ancestors."""
        owner = self.owner(branch, index)
        return owner.row(index - owner.first)

    def stretches(self, branch: int, start: int) -> tuple[Rows, ...]:
        """A branch's own rows from that index on."""
        owner = self._branches[branch]
        return tuple(owner.stretches(max(start - owner.first, 0)))

    def taken(self, branch: int, index: int) -> StepTaken:
        """What made that step."""
        owner = self.owner(branch, index)
        return owner.taken(index - owner.first)

    def owner(self, branch: int, index: int) -> _Branch:
        """The branch that made that step: itself, or an ancestor."""
        found = self._branches[branch]
        while index < found.first:
            assert found.info.parent is not None
            found = self._branches[found.info.parent]
        return found

    def contains(self, branch: int, other: int, index: int) -> bool:
        """Whether step `index` of branch `other` is a step of `branch` too."""
        return index <= self.last(branch) and self.owner(branch, index) is self.owner(other, index)

    @property
    def ahead(self) -> bool:
        """Whether the present branch has steps behind where the program is."""
        return self._index is not None

    def _way(self, taken: StepTaken) -> int | None:
        """A branch on which that was done next: the present one, else another that passes here."""
        index = self.index
        others = (each.info.number for each in self._branches if self.contains(each.info.number, self.branch, index))
        for branch in (self.branch, *others):
            if self.last(branch) > index and self.taken(branch, index + 1) == taken:
                return branch
        return None

    def place_of_next(self, taken: StepTaken) -> tuple[int, int]:
        """Branch and index that a step will have if that is done now."""
        if not self.ahead:
            return self.branch, self.index + 1
        way = self._way(taken)
        return len(self._branches) if way is None else way, self.index + 1

    def made(self, taken: StepTaken, fields: Fields, reason: StopReason = StopReason.STEP) -> str:
        """A step was made. If it repeats one of the history, the position moves along; otherwise it begins a branch.

        Returns how it differs, where the same step gave something else than before.
        """
        said = ""
        if self._index is not None:
            index, way = self._index + 1, self._way(taken)
            if way is not None:
                said = differing(self.row(way, index), fields)
                if not said:
                    self.move_to(way, index)
                    return ""
            self._branches.append(_Branch(Branch(len(self._branches), self.owner_number, self._index)))
            self.branch, self._index = len(self._branches) - 1, None
        self._branches[self.branch].append(taken, fields, reason)
        return said

    def keeper(self, taken: StepTaken) -> Callable[[tuple[int, Fields]], object]:
        """What takes one such step after the other, with `StepTaken.packed`, as `made` does, but fast."""
        if self._index is not None or taken.edit:
            return lambda step: self.made(taken, step[1])
        return self._branches[self.branch].keep

    @property
    def owner_number(self) -> int:
        """The branch that made the step where the program is."""
        return self.owner(self.branch, self.index).info.number if self.index >= 0 else 0

    def note(self, reason: StopReason) -> None:
        """Why the program is at the step that ran last."""
        owner = self.owner(self.branch, self.index)
        owner.reasons[self.index - owner.first] = reason


def differing(one: Row, fields: Fields) -> str:
    """What a step that ran again gave, where that is another number than before; empty if all are the same."""
    _, _, _, loss, params = fields
    if one.loss is not None and loss is not None and not _same(one.loss, loss):
        return f"loss {loss!r} where it had been {one.loss!r}"
    before = {name: (value, grad) for name, value, grad in one.params}
    for name, *now in params:
        for what, was, number in zip((name, f"{name}.grad"), before.get(name, (None, None)), now, strict=True):
            if was is not None and number is not None and not _same(was, number):
                return f"{what} {number!r} where it had been {was!r}"
    return ""


def _same(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)


def _extend(column: array[Number], numbers: Sequence[Number | None], none: Number) -> None:
    """Put these behind the others; mostly none of them is None."""
    size = len(column)
    try:
        column.extend(numbers)  # type: ignore[arg-type]
    except TypeError:
        del column[size:]
        column.extend(map({None: none}.get, numbers, numbers))  # type: ignore[arg-type]


def _names(params: Numbers) -> tuple[str, ...]:
    return tuple(map(_first, params))


def _number(number: float) -> float | None:
    return None if number == _NONE else number


def _column(numbers: array[float]) -> tuple[float | None, ...]:
    return tuple([None if number == _NONE else number for number in numbers])
