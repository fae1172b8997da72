"""Going to and fro in time on the screen: the timeline, its cursor, its branches."""

from __future__ import annotations

import random

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from bptui.protocol.requests import Back, GoTo
from bptui.render.text.facts import number
from bptui.ui.panes.console import ConsolePane
from bptui.ui.panes.timeline import TimelinePane
from tests.engine_session import EngineSession
from tests.ui.test_lecture_on_screen import opened, seen


async def press(pilot: Pilot[None], *keys: str) -> None:
    """One after the other, each when the one before is done."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def title(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#title", Static).render())


def marked(pilot: Pilot[None]) -> list[list[str]]:
    """The lines of the timeline where the program stands."""
    return [line.split() for line in seen(pilot, TimelinePane) if line.startswith("▶")]


def asked(session: EngineSession) -> list[tuple[int, int | None]]:
    return [(ask.index, ask.branch) for ask in session.asked if isinstance(ask, GoTo)]


async def test_a_step_is_undone_and_what_was_behind_it_stays_in_sight() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, *"nnnn", "N", "backspace")
        assert [type(ask) for ask in session.asked if isinstance(ask, Back)] == [Back, Back]
        ((sign, index, phase, *_),) = marked(pilot)
        assert (sign, index, phase) == ("▶", "2", "backward")
        assert [line.split()[0] for line in seen(pilot, TimelinePane)[1:6]] == ["0", "1", "▶", "3", "4"]
        assert "step 2 of 4" in title(pilot)
        await press(pilot, *"nn")
        assert " of 4" not in title(pilot)
        assert "branch" not in title(pilot)


async def test_first_and_last() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, "c", "g")
        assert marked(pilot)[0][1] == "0"
        assert "step 0 of 120" in title(pilot)
        await press(pilot, "G")
        assert marked(pilot)[0][1] == "120"
        assert "ended" in title(pilot)


async def test_doing_something_else_begins_a_branch_and_both_can_be_gone_to() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, *"nnnnnn", *"NNNN", "f")
        assert "branch 1" in title(pilot)
        lines = seen(pilot, TimelinePane)
        assert lines[3].split()[:3] == ["2", "backward", "⎇0"], "the other way leaves there"
        assert marked(pilot)[0][1:3] == ["3", "forward"]
        pane = pilot.app.screen.query_one(TimelinePane)
        assert str(pane.border_subtitle) == "⎇ 0 [▶1]"
        pane.focus()
        await press(pilot, "left")
        lines = seen(pilot, TimelinePane)
        assert [line.split()[:3] for line in lines[3:6]] == [
            ["2", "backward", "⎇1"], ["›", "3", "update"], ["4", "zero_grad", "0"],
        ]  # fmt: skip
        assert marked(pilot) == [], "the program is on the other one"
        await press(pilot, "down", "enter")
        assert asked(session) == [(4, 0)]
        assert marked(pilot)[0][1:3] == ["4", "zero_grad"]
        assert "branch 0" in title(pilot)
        assert "step 4 of 6" in title(pilot)


async def test_a_click_on_a_row_goes_there_and_on_a_branchs_sign_shows_it() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, *"nnnnnn", *"NNNN", "f")
        at = seen(pilot, TimelinePane)[3].index("⎇")
        await pilot.click("#timeline", offset=(at + 1, 4))
        await pilot.pause()
        assert asked(session) == []
        assert seen(pilot, TimelinePane)[4].split()[:3] == ["›", "3", "update"]
        await pilot.click("#timeline", offset=(10, 6))
        await pilot.pause()
        assert asked(session) == [(4, 0)]
        await pilot.click("#timeline", offset=(10, 1))
        assert asked(session) == [(4, 0)], "the columns' names are no step"


async def test_a_step_in_is_undone_and_the_first_one_undoes_the_phase() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, *"nss")
        assert session.snapshot is not None
        assert session.snapshot.op is not None
        assert session.snapshot.op.index == 1
        await press(pilot, "N")
        assert session.snapshot.op is not None
        assert session.snapshot.op.index == 0
        await press(pilot, "N")
        assert session.snapshot.op is None
        assert marked(pilot)[0][1] == "1"


async def test_a_held_key_goes_back_no_further_than_it_can() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, *"nnn", *"NNNNNNN")
        assert marked(pilot)[0][1] == "0"
        assert len([ask for ask in session.asked if isinstance(ask, Back)]) == 3


KEYS = [*"nnnnffbuzzaammesssSovvNNNNNNNggGGCtp7", "up", "up", "down", "pageup", "end", "home", "left", "right", "enter"]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_pressed_the_mark_is_where_the_program_stands(seed: int, size: tuple[int, int]) -> None:
    session = EngineSession()
    chosen = random.Random(seed)
    async with opened(session, size) as pilot:
        for _ in range(50):
            await press(pilot, chosen.choice(KEYS))
            if chosen.random() < 0.1:
                await pilot.resize_terminal(*chosen.choice([(120, 40), (80, 24), (60, 20), (30, 10)]))
            await press(pilot, *["escape"] * (len(pilot.app.screen_stack) - 1))
            snapshot = session.snapshot
            assert snapshot is not None
            row = snapshot.index - (snapshot.op is not None)
            pane = pilot.app.screen.query_one(TimelinePane)
            lines = [pane.line(at, 40).plain for at in range(pane._count)]
            there = [int(line[1:].split()[0]) for line in lines if line.startswith("▶")]
            assert there == ([row] if pane._branch == snapshot.branch else there)
            assert set(there) <= {row}
            assert all(line.split()[1 if line[0] in "▶›" else 0] == str(at) for at, line in enumerate(lines))
        await pilot.resize_terminal(*size)
        await press(pilot, "escape", "7", "N", "G")
        ((_sign, index, *cells),) = marked(pilot)
        assert session.snapshot is not None
        assert int(index) == session.snapshot.index
        assert number(session.snapshot.params[0].value.number) in cells


async def test_a_timeline_that_is_no_longer_kept_is_told_of_once() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        session.timeline.trouble = "The timeline is no longer kept: the disk is full."
        await press(pilot, *"nn")
        lines = " ".join(" ".join(seen(pilot, ConsolePane)).split())
        assert lines.count("The timeline is no longer kept") == 1
