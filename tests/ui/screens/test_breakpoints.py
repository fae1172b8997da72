"""The list of breakpoints, their signs beside the source, and what the debuggee is told."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Static

from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.phase import Phase
from bptui.protocol.replies import BreakpointsSet, Died, Refused
from bptui.protocol.requests import SetBreakpoints
from bptui.ui.panes.source import SourcePane
from bptui.ui.screens.breakpoints import BreakpointLines, BreakpointsScreen
from tests.engine_session import EngineSession
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.typing import enter, message, press, typed
from tests.ui.test_lecture_on_screen import opened, seen
from tests.ui.test_screen import opened as opened_over


def listed(pilot: Pilot[None]) -> list[str]:
    """The breakpoints in the list, without the ready-made ones."""
    pane = pilot.app.screen.query_one(BreakpointLines)
    lines = [" ".join(pane.line(at, 70).plain.split()) for at in range(len(pane.rows))]
    return [line for line in lines if "+" not in line]


def chosen(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(BreakpointLines).line(pilot.app.screen.query_one(BreakpointLines).at, 70).plain


def said(pilot: Pilot[None], id: str) -> str:
    """What a part of the screen on top says."""
    return str(pilot.app.screen.query_one(f"#{id}", Static).render())


def told(session: EngineSession | ToldSession) -> list[tuple[Breakpoint, ...]]:
    return [ask.breakpoints for ask in session.asked if isinstance(ask, SetBreakpoints)]


def signs(pilot: Pilot[None]) -> dict[int, str]:
    """What stands beside which source line."""
    numbers = (line[:6].strip("▶ ") for line in seen(pilot, SourcePane))
    return {int(each[1:].split()[0]): each[0] for each in numbers if each and not each[0].isdigit()}


async def test_a_typed_breakpoint_is_told_marked_and_stops_a_run() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "break update")
        assert message(pilot) == "breakpoint 1: update"
        assert told(session)[-1][0].phase is Phase.UPDATE
        assert "○ update●" in said(pilot, "phases")
        await press(pilot, "c")
        assert session.snapshot is not None
        assert session.snapshot.met == "breakpoint 1: before update, line 30"
        assert session.snapshot.index == 2
        assert message(pilot).startswith("breakpoint 1: before update, line 30  2 steps, then backward: ")


async def test_the_list_is_opened_by_its_key_and_its_word() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "B")
        assert isinstance(pilot.app.screen, BreakpointsScreen)
        assert "none yet" in said(pilot, "points-message")
        await press(pilot, "escape")
        for word in ("break", "breakpoints"):
            await enter(pilot, word)
            assert isinstance(pilot.app.screen, BreakpointsScreen)
            await press(pilot, "B")


async def test_add_edit_switch_and_remove() -> None:
    session = EngineSession()
    async with opened(session, (60, 20)) as pilot:
        await press(pilot, "B", "a", *"line 25", "enter")
        await press(pilot, "insert", *"w > 2", "enter")
        assert listed(pilot) == ["1 ● line 25", "▶ 2 ● w > 2"]
        await press(pilot, "e")
        assert typed(pilot) == "w > 2"
        await press(pilot, "backspace", "3", "enter")
        assert listed(pilot) == ["1 ● line 25", "▶ 2 ● w > 3"]
        assert told(session)[-1][1].condition == "w > 3"
        await press(pilot, "up", "space")
        assert listed(pilot) == ["▶ 1 ○ line 25 off", "2 ● w > 3"]
        assert not told(session)[-1][0].enabled
        await press(pilot, "space", "down", "delete")
        assert listed(pilot) == ["▶ 1 ● line 25"] or listed(pilot) == ["1 ● line 25"]
        assert [each.number for each in told(session)[-1]] == [1]
        await press(pilot, "escape")
        assert signs(pilot) == {25: "●"}


async def test_leaving_the_line_leaves_the_list_as_it_was() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, "B", "a", *"line 25", "escape")
        assert isinstance(pilot.app.screen, BreakpointsScreen)
        assert listed(pilot) == []
        await press(pilot, "a", "enter")
        assert typed(pilot) is None
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, BreakpointsScreen)
        assert told(session) in ([], [()])


async def test_what_is_no_breakpoint_stays_to_be_corrected() -> None:
    async with opened(EngineSession(), (60, 20)) as pilot:
        await press(pilot, "B", "a", *"line", "enter")
        assert typed(pilot) == "line"
        assert "refused: " in said(pilot, "points-message")
        await press(pilot, *" 25", "enter")
        assert listed(pilot) == ["▶ 1 ● line 25"]
        assert "refused" not in said(pilot, "points-message")


async def test_the_debuggee_says_what_became_of_each() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "break line 40")
        await enter(pilot, "break line 28")
        assert signs(pilot) == {28: "●"}
        await press(pilot, *"cc", "B")
        assert listed(pilot) == [
            "▶ 1 ✗ line 40 The script has no line 40: it has 36.",
            "2 ● line 28 met 2",
        ]


async def test_a_ready_made_check_is_taken_into_the_list() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, "B")
        assert "nan" in chosen(pilot)
        await press(pilot, "enter")
        assert told(session)[-1][0].check == "nan"
        assert listed(pilot)[0].startswith(("▶ 1 ● nan", "1 ● nan"))
        assert not any(line.startswith("+ nan") for line in listed(pilot))


async def test_a_click_on_a_lines_number_sets_a_breakpoint_and_another_one_removes_it() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        pane = pilot.app.screen.query_one(SourcePane)
        row = 25 - 1 - pane.scroll_offset.y
        await pilot.click(SourcePane, offset=(3, row + 1))
        await pilot.pause()
        assert signs(pilot) == {25: "●"}
        assert told(session)[-1][0].line == 25
        await pilot.click(SourcePane, offset=(20, row + 2))
        await pilot.pause()
        assert signs(pilot) == {25: "●"}, "a click on the code sets none"
        await pilot.click(SourcePane, offset=(3, row + 1))
        await pilot.pause()
        assert signs(pilot) == {}
        assert told(session)[-1] == ()


async def test_a_click_in_the_list_chooses_and_on_the_sign_switches() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "break update")
        await enter(pilot, "break backward")
        await press(pilot, "B")
        await pilot.click(BreakpointLines, offset=(20, 1))
        await pilot.pause()
        assert listed(pilot) == ["1 ● update", "▶ 2 ● backward"]
        await pilot.click(BreakpointLines, offset=(4, 0))
        await pilot.pause()
        assert listed(pilot) == ["▶ 1 ○ update off", "2 ● backward"]


async def test_names_are_completed_in_the_list_too() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "B", "a", *"backw", "tab")
        assert typed(pilot) == "backward "
        await press(pilot, *"if x_d", "tab")
        assert typed(pilot) == "backward if x_data"


async def test_a_restart_tells_the_new_debuggee_and_so_does_the_next_start() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "break update")
        await press(pilot, "r")
        assert len(told(session)) == 2
        assert message(pilot).startswith("ready: ")
        await press(pilot, "c")
        assert session.snapshot is not None
        assert session.snapshot.index == 2
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, "c")
        assert session.snapshot is not None
        assert session.snapshot.met == "breakpoint 1: before update, line 30"


async def test_a_stale_answer_is_dropped() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await enter(pilot, "break line 24")
        await enter(pilot, "break line 25")
        never = BreakpointState(1, False, "never", 0)
        session.reply(BreakpointsSet((never,)), number=len(session.asked) - 1)
        await pilot.pause()
        assert signs(pilot) == {24: "●", 25: "●"}
        session.reply(BreakpointsSet((never, BreakpointState(2, True, "", 0))))
        await pilot.pause()
        assert signs(pilot) == {24: "✗", 25: "●"}


async def test_a_refusal_is_told_and_a_dead_program_is_not_asked() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await enter(pilot, "break line 25")
        session.reply(Refused("No breakpoints here.", ""))
        await pilot.pause()
        assert message(pilot).startswith("refused: No breakpoints here.")
        session.reply(Died("killed", "", ""))
        await pilot.pause()
        asked = len(session.asked)
        await enter(pilot, "break line 26")
        assert len(session.asked) == asked
        assert signs(pilot) == {25: "●", 26: "●"}
