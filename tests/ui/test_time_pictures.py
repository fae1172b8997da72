"""What time looks like: the past, a branch, what stopped it. Update with `pytest tests/ui --snapshot-update`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from bptui.protocol.phase import StopReason
from bptui.protocol.replies import Running, Stopped
from bptui.protocol.rows import Branch, Row, Rows
from bptui.protocol.snapshot import Snapshot
from bptui.ui.app import BptuiApp
from tests.engine_session import EngineSession
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import BACKWARD, FORWARD, SOURCE, TURN, UPDATE, number
from tests.ui.test_pictures import NARROW, NORMAL, WIDE, after, app_of

SIZES = [pytest.param(WIDE, id="120x40"), pytest.param(NORMAL, id="80x24"), pytest.param(NARROW, id="60x20")]


def lecture(theme: str = "bptui-dark") -> BptuiApp:
    app = BptuiApp(EngineSession(), title="linear.py", source=SOURCE, clock=lambda: 0.0)
    app.theme = theme
    return app


def pressing(keys: Sequence[str]):  # type: ignore[no-untyped-def]
    """Before the picture is taken."""

    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return run


@pytest.mark.parametrize("size", SIZES)
def test_in_the_past_what_is_to_come_again_is_faint(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(lecture(), terminal_size=size, run_before=pressing(["7", *"nnnnnnnnnnnn", *"NNNN"]))


@pytest.mark.parametrize("size", SIZES)
def test_a_branch_and_the_sign_where_the_other_leaves(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    keys = ["7", *"nnnnnnn", *"NNNN", *"uzfb", "up", "up", "up"]
    assert snap_compare(lecture(), terminal_size=size, run_before=pressing(keys))


def test_the_other_branch_while_the_program_is_on_this_one(snap_compare) -> None:  # type: ignore[no-untyped-def]
    keys = ["7", *"nnnnnnn", *"NNNN", *"uz", "left", "down"]
    assert snap_compare(lecture("bptui-light"), terminal_size=WIDE, run_before=pressing(keys))


EDITED = replace(UPDATE, phase=None, block=None, edit="w = 1.5", explain="w = 1.5: w 1.0984 -> 1.5")
MET = replace(
    BACKWARD, index=8, stop_reason=StopReason.BREAKPOINT, met="breakpoint 2: w.grad < -7", printed="\tgrad: 2.0 4.0\n"
)  # fmt: skip
PAUSED = replace(FORWARD.row(), stop_reason=StopReason.PAUSE)
WRITTEN = replace(BACKWARD.row(), stop_reason=StopReason.DATA_BREAKPOINT)


@pytest.mark.parametrize("size", SIZES)
def test_why_it_stopped_and_what_was_typed(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()

    async def run(pilot: Pilot[None]) -> None:
        await after(session)(pilot)
        await pilot.press("7", "n")
        before = [*(stop.row() for stop in TURN), PAUSED, WRITTEN, EDITED.row(), MET.row()]
        session.reply(Stopped(MET, Rows.of(before), logged="w is 1.02\nthe loss is 3.8416"))
        await pilot.pause()

    assert snap_compare(app_of(session), terminal_size=size, run_before=run)


def long(branch: int, since: int, until: int) -> list[Row]:
    rows = (FORWARD.row(), BACKWARD.row(), UPDATE.row(), TURN[3].row())
    return [
        replace(rows[at % 4], index=at, epoch=at // 12, sample=at // 4 % 3, loss=3.8 - at / 60_000, branch=branch)
        for at in range(since, until)
    ]


def stopped(rows: Sequence[Row], *branches: Branch) -> Stopped:
    snapshot: Snapshot = replace(BACKWARD, index=rows[-1].index, branch=rows[-1].branch, loss=number(1.8))
    return Stopped(snapshot, Rows.of(rows), branches)


@pytest.mark.parametrize("size", SIZES)
def test_far_on_and_with_many_branches(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()

    async def run(pilot: Pilot[None]) -> None:
        await after(session)(pilot)
        await pilot.press("7", "c")
        session.reply(Running(Rows.of(long(0, 1, 120_001)), ""))
        for one in range(1, 15):
            session.reply(Running(Rows.of(long(one, 119_998, 120_000)), "", (Branch(one, 0, 119_997),)))
        rows = long(15, 119_999, 120_006)
        session.reply(stopped(rows, Branch(15, 14, 119_998)))
        await pilot.pause()
        await pilot.press("N")
        session.reply(
            Stopped(replace(BACKWARD, index=120_002, branch=15, loss=number(1.8), stop_reason=StopReason.GOTO), ())
        )
        await pilot.pause()

    assert snap_compare(app_of(session), terminal_size=size, run_before=run)
