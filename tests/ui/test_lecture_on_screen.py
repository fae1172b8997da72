"""The lecture stepped on the screen, key after key: every pane shows where the session stands."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from bptui.protocol.requests import DrawCurve, Next
from bptui.render.text.facts import number
from bptui.ui.app import BptuiApp
from bptui.ui.panes.console import ConsolePane
from bptui.ui.panes.curve import CurvePane
from bptui.ui.panes.lines import Lines
from bptui.ui.panes.source import SourcePane
from bptui.ui.panes.timeline import TimelinePane
from tests.engine_session import EngineSession
from tests.ui.fakes.stops import SOURCE


@asynccontextmanager
async def opened(session: EngineSession, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """The app at its entry stop."""
    app = BptuiApp(session, title="linear.py", source=SOURCE)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


def seen(pilot: Pilot[None], pane: type[Lines]) -> list[str]:
    """What is in sight of a pane."""
    shown = pilot.app.screen.query_one(pane)
    return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]


def agree(pilot: Pilot[None], session: EngineSession) -> None:
    """Every pane shows where the session stands."""
    snapshot = session.snapshot
    assert snapshot is not None
    param = snapshot.params[0]
    marked = [line.split()[1] for line in seen(pilot, SourcePane) if line.startswith("▶")]
    assert marked == ([str(snapshot.line)] if snapshot.line else [])
    (last,) = [line.split() for line in seen(pilot, TimelinePane) if line.startswith("▶")]
    assert last[1:3] == [str(snapshot.index), str(snapshot.phase or "entry")]
    assert last[-2:] == [number(param.value.number), number(param.grad.number if param.grad else None)]
    curve = pilot.app.screen.query_one(CurvePane)
    if snapshot.loss is not None:
        assert str(curve.border_subtitle).startswith(f"w = {number(param.value.number)}  slope = ")


async def test_the_first_turn() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        for index in range(1, 5):
            await pilot.press("space")
            await pilot.pause()
            assert session.snapshot is not None
            assert session.snapshot.index == index
            agree(pilot, session)
        assert "      grad: 1.0 2.0 -2.0" in seen(pilot, ConsolePane)


async def test_to_the_end() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await pilot.press("c")
        await pilot.pause()
        agree(pilot, session)
        printed = " ".join(" ".join(seen(pilot, ConsolePane)).split())
        assert printed.endswith(
            "progress: 9 0.03185431286692619 <class 'float'> predict (after training) 4 7.804864406585693"
        )


async def test_after_a_run_a_step_prints_all_it_prints() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        for key in "enn":
            await pilot.press(key)
            await pilot.pause()
        printed = " ".join(" ".join(seen(pilot, ConsolePane)).split())
        assert printed.endswith("w: tensor([1.2607], requires_grad=True) <class 'torch.Tensor'>")


async def test_from_the_beginning_again() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        for key in "crr":  # the second time says yes: 120 steps are lost
            await pilot.press(key)
            await pilot.pause()
        agree(pilot, session)
        assert seen(pilot, ConsolePane)[:2] == ["  predict (before training) 4 4.0", ""]


async def test_the_range_of_the_curve_stays_while_w_moves() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        for _ in range(24):
            await pilot.press("n")
            await pilot.pause()
        asked = [ask for ask in session.asked if isinstance(ask, DrawCurve)]
        assert len([ask for ask in session.asked if isinstance(ask, Next)]) == 24
        assert len({(ask.low, ask.high) for ask in asked}) == 2, "once it is widened, to see the lowest point"


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_pressed_every_pane_shows_where_it_stands(seed: int) -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        for key in random.Random(seed).choices("nnnfbuzame", k=30):
            await pilot.press(key)
            await pilot.pause()
            agree(pilot, session)
