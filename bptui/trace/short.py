"""A snapshot of a step of which only the row was kept, since it ran at full speed: what the row and the script tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bptui.protocol.fact import Fact, Named, Value, differs
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.rows import Row
from bptui.protocol.snapshot import BlockInfo, Change, Param, ProgramInfo, Snapshot, Upcoming

KEPT_IN_SHORT = "only its numbers were kept"


def in_short(
    row: Row, before: Row | None, turn: Sequence[Row], following: Row | None, like: Snapshot, program: ProgramInfo
) -> Snapshot:
    """The snapshot of a row.

    `before`, `following`: the rows around it. `turn`: those of the same turn of the loop up to it. `like`: a snapshot
    near it, for what does not change from step to step (shapes, names, how much data there is).
    """
    done = _phases(turn) if following is None or _place(following) == _place(row) else frozenset[Phase]()
    upcoming = upcoming_of(following, program)
    what = str(row.phase) if row.phase else row.edit or str(row.stop_reason)
    short = replace(
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
        changes=(),
    )
    return replace(short, changes=changes_since(before, short))


def changes_since(before: Row | None, now: Snapshot) -> tuple[Change, ...]:
    """What the step that led there changed, as far as the row before it tells: of large tensors rows hold no more than
    norms, which may be equal where the tensors are not."""
    if before is None:
        return ()
    found: list[Change] = []
    if now.phase is Phase.FORWARD and now.loss is not None and now.loss.number is not None and before.loss is not None:
        found.append(Change(now.loss_name or "loss", _like(before.loss, now.loss)))
    for param in now.params:
        value, grad = before.param(param.name)
        if param.value.number is not None and value is not None:
            found.append(Change(param.name, _like(value, param.value)))
            old = None if grad is None else _like(grad, param.grad or replace(param.value, type="Tensor"))
            found.append(Change(f"{param.name}.grad", old))
    facts = {now.loss_name or "loss": now.loss} | {each.name: each.value for each in now.params}
    facts |= {f"{each.name}.grad": each.grad for each in now.params}
    return tuple(each for each in found if differs(each.old, facts[each.name]))


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


def as_recorded(
    recorded: Snapshot, row: Row, before: Row | None, following: Row | None, program: ProgramInfo
) -> Snapshot:
    """A kept snapshot, whose next step is the one that was recorded; `before`, `following`: the rows around it."""
    upcoming = recorded.next
    if following is not None and (upcoming is None or upcoming.phase is not following.phase):
        upcoming = upcoming_of(following, program)
    possible = (following.phase,) if following is not None and following.phase is not None else ()
    reason = row.stop_reason if row.stop_reason is not StopReason.PAUSE else StopReason.STEP
    changes = recorded.changes or changes_since(before, recorded)  # an older bptui did not record them
    return replace(recorded, stop_reason=reason, next=upcoming, possible=possible, op=None, tape=0, changes=changes)
