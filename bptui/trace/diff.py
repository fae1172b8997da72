"""Two recorded runs side by side: the first step at which they differ.

Steps are read a page at a time and compared as they lie in the files; only where that tells of a difference are they
made into rows and looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from bptui.protocol.rows import Row
from bptui.protocol.words import counted
from bptui.trace.errors import NotATrace
from bptui.trace.timeline import Timeline

PAGE = 5_000
CONTEXT = 3
"""How many steps before the difference are shown."""
SHOWN = 8
"""At most so many numbers that differ are named."""


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may be apart: `max(relative * the larger one, absolute)`."""

    relative: float = 0.0
    absolute: float = 0.0

    def allows(self, one: float | None, other: float | None) -> bool:
        """Whether they count as equal. nan is equal to nan, None to None only."""
        if one is None or other is None:
            return one is other
        if one == other or (one != one and other != other):
            return True
        apart = abs(one - other)
        return apart <= max(self.relative * max(abs(one), abs(other)), self.absolute) and apart != float("inf")


@dataclass(frozen=True)
class BranchRef:
    """A branch of a recording."""

    name: str
    """What the person calls the file."""
    timeline: Timeline
    branch: int

    @property
    def last(self) -> int:
        return self.timeline.last(self.branch)


@dataclass(frozen=True)
class Difference:
    """The first step at which two runs differ."""

    index: int
    one: Row | None
    """None where that run has ended before."""
    other: Row | None
    what: tuple[str, ...]
    """What differs, each in a few words."""


def first_difference(one: BranchRef, other: BranchRef, tolerance: Tolerance) -> Difference | None:
    """The first step at which they differ by more than that; None if there is none.

    Raises:
        NotATrace: one of them is damaged.
    """
    for start in range(0, max(one.last, other.last) + 1, PAGE):
        ways = one, other
        raw = [way.timeline.raw(way.branch, start, start + PAGE) for way in ways]
        missing = next((way for way, steps in zip(ways, raw, strict=True) if not steps and start <= way.last), None)
        if missing is not None:
            raise NotATrace(f"{missing.name} is damaged: step {start} is missing.")
        if raw[0] == raw[1] or _within(raw[0], raw[1], tolerance):
            continue
        pages = (way.timeline.rows(way.branch, start, start + PAGE) for way in ways)
        for index, (row, its) in enumerate(zip_longest(*pages), start):
            what = tuple(_differing(row, its, tolerance)) if row and its else (_ending(one, other, index),)
            if what:
                return Difference(index, row, its, what)
    return None


def _within(one: list[tuple[object, ...]], other: list[tuple[object, ...]], tolerance: Tolerance) -> bool:
    """Whether two pages hold the same but for numbers that are not too far apart."""
    if len(one) != len(other):
        return False
    for mine, its in zip(one, other, strict=True):
        if mine != its:
            for was, now in zip(mine, its, strict=False):
                if was != now and not (
                    isinstance(was, float) and isinstance(now, float) and tolerance.allows(was, now)
                ):
                    return False
    return True


def _ending(one: BranchRef, other: BranchRef, index: int) -> str:
    ended, going = (one, other) if one.last < index else (other, one)
    return f"{ended.name} ends at step {ended.last:,}, {going.name} goes on to step {going.last:,}"


def _differing(one: Row, other: Row, tolerance: Tolerance) -> Iterator[str]:
    for word in ("phase", "epoch", "sample", "edit"):
        was, now = getattr(one, word), getattr(other, word)
        if was != now:
            yield f"{word} {_word(was)} ≠ {_word(now)}"
    if not tolerance.allows(one.loss, other.loss):
        yield _apart("loss", one.loss, other.loss)
    mine, its = ({name: numbers for name, *numbers in row.params} for row in (one, other))
    for name in dict.fromkeys((*mine, *its)):
        if name not in mine or name not in its:
            yield f"{name} is known only in the {'second' if name in its else 'first'}"
            continue
        for what, was, now in zip((name, f"{name}.grad"), mine[name], its[name], strict=True):
            if not tolerance.allows(was, now):
                yield _apart(what, was, now)


def _apart(what: str, one: float | None, other: float | None) -> str:
    words = f"{what} {one!r} ≠ {other!r}"
    return words if one is None or other is None else f"{words} (by {abs(one - other):.6g})"


def _word(word: object) -> str:
    return "none" if word is None or word == "" else str(word)


def headline(difference: Difference) -> str:
    """The difference in one line."""
    row = difference.one or difference.other
    more = f"; and {len(difference.what) - 1} more" if len(difference.what) > 1 else ""
    return f"step {difference.index:,} ({_where(row)}) differs: {difference.what[0]}{more}" if row else ""


def report(one: BranchRef, other: BranchRef, difference: Difference | None) -> Iterator[str]:
    """What a person reads, line by line."""
    yield from _programs(one, other)
    if difference is None:
        yield f"{one.name} and {other.name} are the same: {counted(one.last + 1, 'step')}."
        return
    yield f"{one.name} and {other.name}: {headline(difference)}."
    for what in difference.what[1:SHOWN]:
        yield f"    {what}"
    if len(difference.what) > SHOWN:
        yield f"    and {len(difference.what) - SHOWN} more"
    for row in one.timeline.rows(one.branch, difference.index - CONTEXT, difference.index):
        yield f"  {_line(row)}"
    for sign, shown in (("<", difference.one), (">", difference.other)):
        yield f"{sign} {_line(shown)}" if shown else f"{sign} (ended)"


def _programs(one: BranchRef, other: BranchRef) -> Iterator[str]:
    """How the two scripts differ, which is likely to be the reason."""
    mine, its = one.timeline.program, other.timeline.program
    if mine is None or its is None:
        return
    lines = zip_longest(mine.source.splitlines(), its.source.splitlines())
    differing = next((number for number, (was, now) in enumerate(lines, 1) if was != now), None)
    if differing is not None:
        yield f"The scripts differ from line {differing} on."
    if mine.argv != its.argv:
        yield f"The arguments differ: {' '.join(mine.argv) or 'none'} ≠ {' '.join(its.argv) or 'none'}."


def _where(row: Row) -> str:
    place = (f"{word} {at}" for word, at in (("epoch", row.epoch), ("sample", row.sample)) if at is not None)
    return ", ".join((str(row.phase or row.edit or row.stop_reason), *place))


def _line(row: Row) -> str:
    words = [f"#{row.index} {_where(row)}"]
    if row.loss is not None:
        words.append(f"loss {row.loss!r}")
    for name, value, grad in row.params[:CONTEXT]:
        words.append(f"{name} {value!r}  {name}.grad {grad!r}")
    if len(row.params) > CONTEXT:
        words.append(f"and {counted(len(row.params) - CONTEXT, 'more parameter')}")
    return "  ".join(words)
