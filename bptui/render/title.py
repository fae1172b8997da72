"""The title bar: which program, where in the data, and what it is doing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.text import Text

from bptui.protocol.snapshot import Row, Snapshot
from bptui.render.fit import first_that_fits, piece, spread
from bptui.render.style import BAD, FAINT, GOOD, LIT, QUIET, STRONG, WARN

STATE_STYLES = {
    "starting": QUIET, "ready": GOOD, "running": LIT, "playing": LIT, "paused": WARN,
    "exception": BAD, "ended": WARN, "dead": BAD, "inside": LIT,
}  # fmt: skip
"""By the first word of the state."""
BAR = piece(" │ ", FAINT)


@dataclass(frozen=True)
class Place:
    """Where in the data the program is: a snapshot's, or while it runs that of its latest row."""

    epoch: int | None = None
    sample: int | None = None
    consumed: int = 0
    """Samples consumed so far, over all epochs."""
    total: int | None = None
    """Samples there are over all epochs, where that is known."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Place:
        """Where this snapshot is."""
        total = snapshot.samples
        if total is not None and snapshot.epoch is not None:
            total = total * snapshot.epochs if snapshot.epochs is not None else None
        return cls(snapshot.epoch, snapshot.sample, snapshot.consumed, total)

    def moved_to(self, row: Row, samples: int | None) -> Place:
        """Where a run is that has come to this row; `samples` are those of an epoch, where that is known."""
        consumed = self.consumed
        if samples is not None and row.sample is not None:
            consumed = (row.epoch or 0) * samples + row.sample
        return replace(self, epoch=row.epoch, sample=row.sample, consumed=consumed)


def title(name: str, place: Place | None, zeroing: bool | None, state: str, width: int) -> Text:
    """The line of that width; what matters least goes first where it is narrow. `zeroing` None is not known yet."""
    right = piece(state, STATE_STYLES.get(state.partition(" ")[0], "")) + piece(" ")
    left = first_that_fits((_left(name, place, zeroing, detail) for detail in (3, 2, 1, 0)), width - right.cell_len - 1)
    return spread(left, right, width)


def _left(name: str, place: Place | None, zeroing: bool | None, detail: int) -> Text:
    parts = [piece("bptui", LIT)] if detail > 1 else []
    parts.append(piece(name, QUIET))
    if place is not None:
        parts += [_count(word, at) for word, at in (("epoch", place.epoch), ("sample", place.sample)) if at is not None]
        done = f"{place.consumed:,}" + (f"/{place.total:,}" if place.total is not None else "")
        if detail > 0:
            parts.append(piece(f"{done} samples" if detail > 2 else done, QUIET))
    if zeroing is not None:
        parts.append(piece("zeroing ", QUIET) + (piece("on", QUIET) if zeroing else piece("off", LIT)))
    return piece(" ") + BAR.join(parts)


def _count(word: str, at: int) -> Text:
    return piece(f"{word} ", QUIET).append(str(at), STRONG)
