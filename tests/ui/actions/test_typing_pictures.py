"""What typing, watches and breakpoints look like. Update with `pytest tests/ui --snapshot-update`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from bptui.protocol.breakpoint import BreakpointState
from bptui.protocol.replies import BreakpointsSet, Completed, Evaluated, SeenAnew, Stopped
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import Snapshot, Watched
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import BACKWARD, FORWARD, UPDATE
from tests.ui.fakes.typing import enter, press
from tests.ui.test_pictures import NARROW, NORMAL, WIDE, after, app_of

ALL = pytest.mark.parametrize("size", [WIDE, NORMAL, NARROW], ids=["120x40", "80x24", "60x20"])
NAMES = ("grad", "grad_dtype", "grad_fn", "greater", "greater_", "greater_equal", "greater_equal_", "gru", "gt", "gt_")
WATCHES = (
    Watched("w.grad.norm()", "tensor(2.)", False),
    Watched("model", "Linear(\n  (0): Linear(1, 1)\n)", False),
    Watched("losses[-1]", "IndexError: list index out of range", True),
    Watched("w.shape", "torch.Size([1])", False),
)


def watching(stop: Snapshot, *watches: Watched) -> Snapshot:
    return replace(stop, watches=watches)


Typing = Callable[[Pilot[None], ToldSession], Awaitable[None]]


def typing(session: ToldSession, typing: Typing, *stops: Snapshot) -> Callable[[Pilot[None]], Awaitable[None]]:
    """These stops, and then what is typed."""

    async def run(pilot: Pilot[None]) -> None:
        await after(session, *(stops or (FORWARD, BACKWARD)))(pilot)
        await typing(pilot, session)
        await pilot.pause()

    return run


async def candidates(pilot: Pilot[None], session: ToldSession) -> None:
    await press(pilot, ":", *"w.g", "tab")
    session.reply(Completed(2, NAMES))
    await press(pilot, "r", "tab")
    session.reply(Completed(2, NAMES))


async def a_change(pilot: Pilot[None], session: ToldSession) -> None:
    await enter(pilot, "w.data.mul_(2)")
    changed = replace(UPDATE, phase=None, block=None, edit="w.data.mul_(2)")
    session.reply(Evaluated("tensor([2.0400])", False, Stopped(changed, Rows.of([changed.row()]))))


async def an_error(pilot: Pilot[None], session: ToldSession) -> None:
    await enter(pilot, "w.foo")
    session.reply(Evaluated("AttributeError: 'Tensor' object has no attribute 'foo'", True, None))


async def a_long_value(pilot: Pilot[None], session: ToldSession) -> None:
    await enter(pilot, "torch.eye(9)")
    rows = ",\n        ".join(f"[{', '.join('1.' if at == row else '0.' for at in range(9))}]" for row in range(9))
    session.reply(Evaluated(f"tensor([{rows}])", False, None))


async def breakpoints(pilot: Pilot[None], session: ToldSession) -> None:
    for text in ("line 25 if loss > 10", "update hits % 5", "line 22", "forward log w is {w}", "change w.grad"):
        await enter(pilot, f"break {text}")
    await press(pilot, "B", "down", "space")
    told = BreakpointState(1, True, "", 3), BreakpointState(3, False, "No phase runs line 22.", 0)
    session.reply(BreakpointsSet(told))


async def no_breakpoints(pilot: Pilot[None], _session: ToldSession) -> None:
    await press(pilot, "B")


async def adding(pilot: Pilot[None], session: ToldSession) -> None:
    await breakpoints(pilot, session)
    await press(pilot, "a", *"bakward", "enter")


async def marks(pilot: Pilot[None], session: ToldSession) -> None:
    await breakpoints(pilot, session)
    await press(pilot, "escape")


SCENES = [
    pytest.param(candidates, id="candidates"),
    pytest.param(a_change, id="what changed the program"),
    pytest.param(an_error, id="what raised"),
    pytest.param(a_long_value, id="a value of many lines"),
    pytest.param(breakpoints, id="breakpoints"),
    pytest.param(no_breakpoints, id="no breakpoints yet"),
    pytest.param(adding, id="what is no breakpoint"),
    pytest.param(marks, id="breakpoints beside the source"),
]


@ALL
@pytest.mark.parametrize("scene", SCENES)
def test_typing(snap_compare, scene: Typing, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    assert snap_compare(app_of(session), terminal_size=size, run_before=typing(session, scene))


@ALL
def test_watches(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    was = watching(FORWARD, replace(WATCHES[0], text="tensor(0.)"), *WATCHES[1:])

    async def one_more(pilot: Pilot[None], session: ToldSession) -> None:
        await enter(pilot, "watch w.requires_grad")
        number = len(session.asked)
        more = watching(BACKWARD, *WATCHES, Watched("w.requires_grad", "True", False))
        session.reply(SeenAnew(more), number=number)

    stops = was, watching(BACKWARD, *WATCHES)
    assert snap_compare(app_of(session), terminal_size=size, run_before=typing(session, one_more, *stops))


def test_the_light_theme(snap_compare) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    app = app_of(session, "bptui-light")
    stops = watching(FORWARD, *WATCHES), watching(BACKWARD, replace(WATCHES[0], text="tensor(3.)"), *WATCHES[1:])
    assert snap_compare(app, terminal_size=NORMAL, run_before=typing(session, breakpoints, *stops))
