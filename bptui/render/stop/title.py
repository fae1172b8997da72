"""The title bar: which program, where in the data, and what it is doing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.text import Text

from bptui.protocol.phase import Goal
from bptui.protocol.snapshot import Snapshot
from bptui.render.text.fit import first_that_fits, piece, spread
from bptui.render.text.gate import one_line
from bptui.render.text.style import BAD, FAINT, GOOD, LIT, QUIET, STRONG, WARN

STATE_STYLES = {
    "starting": QUIET, "ready": GOOD, "running": LIT, "playing": LIT, "paused": WARN,
    "breakpoint": WARN,
    "exception": BAD, "ended": WARN, "dead": BAD, "inside": LIT,
}  # fmt: skip
"""By the first word of the state."""
BAR = piece(" │ ", FAINT)


@dataclass(frozen=True)
class Progress:
    """Where in the data the program is: a snapshot's, or while it runs that of its latest row."""

    epoch: int | None = None
    sample: int | None = None
    consumed: int = 0
    """Samples consumed so far, over all epochs."""
    total: int | None = None
    """Samples there are over all epochs, where that is known."""
    samples: int | None = None
    """How many samples an epoch has, where that is known."""
    epochs: int | None = None
    """How many epochs there are, where that is known."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Progress:
        """Where this snapshot is."""
        total = snapshot.samples
        if total is not None and snapshot.epoch is not None:
            total = total * snapshot.epochs if snapshot.epochs is not None else None
        return cls(snapshot.epoch, snapshot.sample, snapshot.consumed, total, snapshot.samples, snapshot.epochs)

    def moved_to(self, epoch: int | None, sample: int | None) -> Progress:
        """Where a run is that has come there."""
        consumed = self.consumed
        if self.samples is not None and sample is not None:
            consumed = (epoch or 0) * self.samples + sample
        return replace(self, epoch=epoch, sample=sample, consumed=consumed)

    def on_the_way(self, goal: Goal | None) -> tuple[int, int] | None:
        """How much of the way to that goal is behind, and how long all of it is; None where that is not known."""
        if goal is Goal.END and self.total is not None:
            return self.consumed, self.total
        at, end = (self.epoch, self.epochs) if goal is Goal.END else (self.sample, self.samples)
        return None if goal not in (Goal.END, Goal.EPOCH) or at is None or end is None else (at, end)


@dataclass(frozen=True)
class TimelinePosition:
    """Where in time the program is."""

    index: int
    last: int
    """The branch's last step."""
    branch: int
    branches: int
    """How many there are."""

    def words(self, short: bool) -> list[str]:
        """Only what needs to be said: it may be at the end, and there may be but one branch."""
        parts = [f"{self.index:,}/{self.last:,}" if short else f"step {self.index:,} of {self.last:,}"]
        branch = [f"⎇ {self.branch}" if short else f"branch {self.branch}"]
        return (parts if self.index < self.last else []) + (branch if self.branches > 1 else [])


def title(
    name: str, place: Progress | None, moment: TimelinePosition | None, zeroing: bool | None, state: str, width: int
) -> Text:
    """The line of that width; what matters least goes first where it is narrow. `zeroing` None is not known yet."""
    right = piece(one_line(state), STATE_STYLES.get(state.partition(" ")[0], "")) + piece(" ")
    variants = (_left(name, place, moment, zeroing, detail) for detail in (4, 3, 2, 1, 0))
    return spread(first_that_fits(variants, width - right.cell_len - 1), right, width)


def _left(
    name: str, place: Progress | None, moment: TimelinePosition | None, zeroing: bool | None, detail: int
) -> Text:
    parts = [piece("bptui", LIT)] if detail > 2 else []
    parts += [piece(one_line(name), QUIET)] if detail or moment is None or not moment.words(True) else []
    if place is not None:
        parts += [_count(word, at) for word, at in (("epoch", place.epoch), ("sample", place.sample)) if at is not None]
        done = f"{place.consumed:,}" + (f"/{place.total:,}" if place.total is not None else "")
        if detail > 1:
            word = "sample" if (place.consumed if place.total is None else place.total) == 1 else "samples"
            parts.append(piece(f"{done} {word}" if detail > 3 else done, QUIET))
    if moment is not None:
        parts += [piece(words, LIT) for words in moment.words(short=detail < 2)]
    if zeroing is not None:
        parts.append(piece("zeroing ", QUIET) + (piece("on", QUIET) if zeroing else piece("off", LIT)))
    return piece(" ") + BAR.join(parts)


def _count(word: str, at: int) -> Text:
    return piece(f"{word} ", QUIET) + piece(str(at), STRONG)
