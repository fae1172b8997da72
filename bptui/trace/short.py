"""A snapshot of a step of which only the row was kept, since it ran at full speed: what the row and the script tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bptui.protocol.fact import Fact, Named, Value
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.snapshot import BlockInfo, Param, ProgramInfo, Row, Snapshot, Upcoming

KEPT_IN_SHORT = "only its numbers were kept"


def in_short(row: Row, turn: Sequence[Row], following: Row | None, like: Snapshot, program: ProgramInfo) -> Snapshot:
    """The snapshot of a row.

    `turn`: the rows of the same turn of the loop up to it. `following`: the one after it. `like`: a snapshot near it,
    for what does not change from step to step (shapes, names, how much data there is).
    """
    done = _phases(turn) if following is None or _place(following) == _place(row) else frozenset[Phase]()
    upcoming = upcoming_of(following, program)
    what = str(row.phase) if row.phase else row.edit or str(row.stop_reason)
    return replace(
        like,
        index=row.index,
        phase=row.phase,
        block=block_of(row.phase, program),
        stop_reason=row.stop_reason,
        epoch=row.epoch,
        sample=row.sample,
        consumed=_consumed(row, turn, like),
        values=tuple(Named(each.name, Fact(each.fact.type, text="not kept")) for each in like.values),
        loss=None if row.loss is None else _like(row.loss, like.loss),
        params=tuple(_param(name, value, grad, like.param(name)) for name, value, grad in row.params),
        ledger=(),
        marks=_marks(program.blocks, done, upcoming.block if upcoming else None),
        next=upcoming,
        possible=(upcoming.phase,) if upcoming else (),
        explain=f"{what}: {KEPT_IN_SHORT}",
        printed="",
        errors="",
        failure=None,
        op=None,
        tape=0,
        branch=row.branch,
        edit=row.edit,
        met="",
        watches=(),
    )


def block_of(phase: Phase | None, program: ProgramInfo) -> int | None:
    """Which block that phase is; None where there are several, or none."""
    blocks = [place for place, block in enumerate(program.blocks) if block.phase is phase]
    return blocks[0] if len(blocks) == 1 else None


def upcoming_of(following: Row | None, program: ProgramInfo) -> Upcoming | None:
    """What the recorded program ran next; None where it ends, or where several blocks could be meant."""
    block = block_of(following.phase, program) if following else None
    if following is None or block is None or following.phase is None:
        return None
    line = program.blocks[block].line
    lines = program.source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return Upcoming(following.phase, block, line, text, text, following.epoch, following.sample)


def _place(row: Row) -> tuple[int | None, int | None]:
    return row.epoch, row.sample


def _phases(turn: Sequence[Row]) -> frozenset[Phase]:
    return frozenset(row.phase for row in turn if row.phase is not None)


def _consumed(row: Row, turn: Sequence[Row], like: Snapshot) -> int:
    """Samples consumed so far, as far as that can be counted."""
    if row.sample is None or (row.epoch and like.samples is None):
        return like.consumed
    return (row.epoch or 0) * (like.samples or 0) + row.sample + (Phase.BACKWARD in _phases(turn))


def _marks(blocks: Sequence[BlockInfo], done: frozenset[Phase], following: int | None) -> tuple[Mark, ...]:
    def mark(place: int, block: BlockInfo) -> Mark:
        if place == following:
            return Mark.NEXT
        if block.phase in done:
            return Mark.DONE
        return Mark.SKIPPED if done and following is not None and place < following else Mark.TODO

    return tuple(mark(place, block) for place, block in enumerate(blocks))


def _param(name: str, value: float | None, grad: float | None, like: Param | None) -> Param:
    known = like.value if like else None
    large = known is not None and known.numel != 1
    return Param(name, _like(value, known), _like(grad, known) if grad is not None or large else None)


def _like(number: float | None, like: Fact | None) -> Fact:
    """A fact of that number: of a tensor with several elements it is the norm."""
    if like is None or not like.is_tensor:
        return Fact("float", number) if number is not None else Fact("Tensor", text="not measured")
    same = Fact(like.type, None, like.shape, like.dtype, like.device)
    if number is None:
        return replace(same, text="not measured")
    if like.numel != 1:
        return replace(same, text=f"norm {number:.6g}")
    value: Value = number
    for _ in like.shape or ():
        value = (value,)
    return replace(same, value=value)


def as_recorded(kept: Snapshot, row: Row, following: Row | None, program: ProgramInfo) -> Snapshot:
    """A kept snapshot, whose next step is the one that was recorded."""
    upcoming = kept.next
    if following is not None and (upcoming is None or upcoming.phase is not following.phase):
        upcoming = upcoming_of(following, program)
    possible = (following.phase,) if following is not None and following.phase is not None else ()
    reason = row.stop_reason if row.stop_reason is not StopReason.PAUSE else StopReason.STEP
    return replace(kept, stop_reason=reason, next=upcoming, possible=possible, op=None, tape=0)
