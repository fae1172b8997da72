"""What a session would tell: made-up programs, rows and stops for the tests of the trace."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.protocol.fact import Fact, Named
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.replies import Opened, Payload, Reply, Running, Stopped
from bptui.protocol.rows import Branch, Row, Rows
from bptui.protocol.snapshot import BlockInfo, Param, ProgramInfo, Snapshot, Upcoming
from bptui.trace.timeline import Timeline

SOURCE = """\
for epoch in range(9):
    for x, y in data:
        l = (x * w - y) ** 2
        l.backward()
        step()
"""
PROGRAM = ProgramInfo(
    "train.py",
    SOURCE,
    ("--lr", "0.1"),
    (
        BlockInfo(Phase.FORWARD, 3, (3,), 2),
        BlockInfo(Phase.BACKWARD, 4, (4,), 2),
        BlockInfo(Phase.UPDATE, 5, (5,), 2),
    ),
)
PHASES = (Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE)
SAMPLES = 3


def row(index: int, branch: int = 0, reason: StopReason = StopReason.STEP, **changes: object) -> Row:
    """The row of that step of a run that does not learn much."""
    if index == 0:
        return Row(0, None, StopReason.ENTRY, None, None, None, (("w", 1.0, None),), branch)
    turn = (index - 1) // 3
    fields: dict[str, object] = {
        "index": index,
        "phase": PHASES[(index - 1) % 3],
        "stop_reason": reason,
        "epoch": turn // SAMPLES,
        "sample": turn % SAMPLES,
        "loss": 100.0 / (turn + 1) + branch,
        "params": (("w", 1.0 + turn, None if index == 1 else turn - 0.5),),
        "branch": branch,
    }
    return Row(**{**fields, **changes})  # type: ignore[arg-type]


def rows(start: int, stop: int, branch: int = 0) -> list[Row]:
    return [row(index, branch) for index in range(start, stop)]


def snapshot(of: Row, **changes: object) -> Snapshot:
    """The snapshot of which that is the row."""
    turn = (of.index - 1) // 3
    block = None if of.phase is None else PHASES.index(of.phase)
    following = (block + 1) % 3 if block is not None else 0
    fields: dict[str, object] = {
        "index": of.index,
        "phase": of.phase,
        "block": block,
        "stop_reason": of.stop_reason,
        "epoch": of.epoch,
        "sample": of.sample,
        "epochs": 9,
        "samples": SAMPLES,
        "consumed": turn,
        "values": (Named("x", Fact("float", 2.0)), Named("y", Fact("float", 4.0))),
        "targets": 2,
        "loss_name": "l",
        "loss": None if of.loss is None else Fact("Tensor", of.loss, (), "float32", "cpu"),
        "params": tuple(
            Param(name, _tensor(value) or Fact("Tensor", None, (100,), "float32", "cpu"), _tensor(grad))
            for name, value, grad in of.params
        ),
        "ledger": (),
        "zeroing": True,
        "marks": tuple(
            Mark.DONE if block is not None and each <= block else Mark.NEXT if each == following else Mark.TODO
            for each in range(3)
        ),
        "next": Upcoming(PHASES[following], following, 3 + following, "l.backward()", "l.backward()", 0, 0),
        "possible": (PHASES[following],),
        "explain": f"step {of.index}",
        "printed": "",
        "errors": "",
        "failure": None,
        "branch": of.branch,
        "edit": of.edit,
    }
    return Snapshot(**{**fields, **changes})  # type: ignore[arg-type]


def _tensor(number: float | None) -> Fact | None:
    return None if number is None else Fact("Tensor", (number,), (1,), "float32", "cpu")


def opened(program: ProgramInfo = PROGRAM) -> Opened:
    return Opened(program, "3.11.7", "2.9.0")


def stopped(last: Row, before: Sequence[Row] = (), branches: tuple[Branch, ...] = (), **changes: object) -> Stopped:
    """A stop at that row, with those that ran before it."""
    return Stopped(snapshot(last, **changes), Rows.of([*before, last]), branches)


def running(told: Sequence[Row], printed: str = "", branches: tuple[Branch, ...] = ()) -> Running:
    return Running(Rows.of(told), printed, branches)


def hear(timeline: Timeline, *payloads: Payload) -> None:
    for payload in payloads:
        timeline.hear(Reply(1, payload))


def same(one: object, other: object) -> bool:
    """Whether two facts are equal to the last bit; nan is nan here, and 0.0 is not -0.0."""
    return repr(one) == repr(other)
