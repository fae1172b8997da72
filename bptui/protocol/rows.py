"""The timeline in short: a row for each step, and the branches on which the rows lie.

A run at full speed sends rows instead of snapshots, column by column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bptui.protocol.phase import Phase, StopReason


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
    branch: int = 0
    edit: str = ""
    """As `Snapshot.edit`."""

    def param(self, name: str | None) -> tuple[float | None, float | None]:
        """Value and gradient of the parameter of that name; (None, None) if there is none."""
        return next(((value, grad) for each, value, grad in self.params if each == name), (None, None))


@dataclass(frozen=True, eq=False)
class Rows:
    """A stretch of one branch of the timeline, column by column: what crosses the wall while running at full speed."""

    branch: int
    first: int
    """The index of the first row; the others follow it without a gap."""
    phases: tuple[Phase | None, ...]
    epochs: tuple[int | None, ...]
    samples: tuple[int | None, ...]
    losses: tuple[float | None, ...]
    names: tuple[str, ...]
    """The parameters; where they change, another stretch begins."""
    values: tuple[tuple[float | None, ...], ...]
    """For each parameter, a column."""
    grads: tuple[tuple[float | None, ...], ...]
    """For each parameter, a column."""
    reasons: tuple[tuple[int, StopReason], ...] = ()
    """By index, where it is not `step`."""
    edits: tuple[tuple[int, str], ...] = ()
    """By index, where there is one."""

    def __len__(self) -> int:
        return len(self.phases)

    def __iter__(self) -> Iterator[Row]:
        reasons, edits = dict(self.reasons), dict(self.edits)
        for place in range(len(self)):
            index = self.first + place
            yield Row(
                index,
                self.phases[place],
                reasons.get(index, StopReason.STEP),
                self.epochs[place],
                self.samples[place],
                self.losses[place],
                tuple(
                    (name, values[place], grads[place])
                    for name, values, grads in zip(self.names, self.values, self.grads, strict=True)
                ),
                self.branch,
                edits.get(index, ""),
            )

    @staticmethod
    def of(rows: Iterable[Row]) -> tuple[Rows, ...]:
        """Rows in order, as stretches."""
        stretches: list[list[Row]] = []
        for row in rows:
            last = stretches[-1][-1] if stretches else None
            if last is None or (row.branch, row.index) != (last.branch, last.index + 1) or _names(row) != _names(last):
                stretches.append([])
            stretches[-1].append(row)
        return tuple(map(_stretch, stretches))


def _names(row: Row) -> tuple[str, ...]:
    return tuple(name for name, _, _ in row.params)


def _stretch(rows: list[Row]) -> Rows:
    names = _names(rows[0])
    return Rows(
        rows[0].branch,
        rows[0].index,
        tuple(row.phase for row in rows),
        tuple(row.epoch for row in rows),
        tuple(row.sample for row in rows),
        tuple(row.loss for row in rows),
        names,
        tuple(tuple(row.params[place][1] for row in rows) for place in range(len(names))),
        tuple(tuple(row.params[place][2] for row in rows) for place in range(len(names))),
        tuple((row.index, row.stop_reason) for row in rows if row.stop_reason is not StopReason.STEP),
        tuple((row.index, row.edit) for row in rows if row.edit),
    )


@dataclass(frozen=True, eq=False)
class Branch:
    """A way that the program took. The first one is number 0 and begins at the entry."""

    number: int
    parent: int | None
    """The branch that it left; None for the first."""
    at: int
    """The last index that it shares with its parent: its own rows begin behind it. -1 for the first."""
