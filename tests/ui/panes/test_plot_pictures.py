"""What the plot over the steps looks like. Update with `pytest tests/ui --snapshot-update`."""

from __future__ import annotations

import math

import pytest
from textual.pilot import Pilot

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import Running
from bptui.protocol.requests import Compare
from bptui.protocol.rows import Row, Rows
from bptui.ui.screen import MainScreen
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.test_pictures import NARROW, NORMAL, WIDE, after, app_of
from tests.ui.test_time_pictures import SIZES, lecture, pressing

THEMES = ["bptui-dark", "bptui-light"]


def compared(*keys: str):  # type: ignore[no-untyped-def]
    """Zeroing on and off after sixteen steps, and then these keys."""

    async def run(pilot: Pilot[None]) -> None:
        await pressing("n" * 16)(pilot)
        assert isinstance(pilot.app.screen, MainScreen)
        pilot.app.screen._give(Compare(80))
        await pressing(keys)(pilot)

    return run


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_the_loss_over_all_steps(snap_compare, size: tuple[int, int], theme: str) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(lecture(theme), terminal_size=size, run_before=pressing("cl"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
def test_zeroing_on_and_off_over_each_other(snap_compare, size: tuple[int, int], theme: str) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(lecture(theme), terminal_size=size, run_before=compared())


@pytest.mark.parametrize("size", SIZES)
def test_both_are_told_apart_without_colours(snap_compare, monkeypatch, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(lecture(), terminal_size=size, run_before=compared("y"))


@pytest.mark.parametrize("size", SIZES)
def test_zoomed_into_a_gradient_in_the_past(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    keys = [*("n" * 30), *("N" * 10), "l", "up", "right_square_bracket", "right_square_bracket"]
    assert snap_compare(lecture("bptui-light"), terminal_size=size, run_before=pressing(keys))


def noisy(step: int) -> float:
    """A loss that falls, jumps about, is nan for a while and then inf."""
    if 30_000 <= step < 32_000:
        return math.nan
    if step >= 48_000:
        return math.inf
    return 8 * math.exp(-step / 20_000) * (1.3 + math.sin(step * 12.9898) * math.cos(step * 78.233))


def rows() -> list[Row]:
    return [
        Row(step, tuple(Phase)[(step - 1) % 4], StopReason.STEP, 0, step // 4, noisy(step), (("w", noisy(step), None),))
        for step in range(1, 50_001)
    ]


@pytest.mark.parametrize("size", [WIDE, NORMAL, NARROW], ids=["120x40", "80x24", "60x20"])
def test_a_long_run_while_it_runs_with_nan_and_inf(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()

    async def run(pilot: Pilot[None]) -> None:
        await after(session)(pilot)
        await pilot.press("l", "c")
        session.reply(Running(Rows.of(rows()), ""))
        await pilot.pause()
        await pilot.press("y")
        await pilot.pause()

    assert snap_compare(app_of(session), terminal_size=size, run_before=run)
