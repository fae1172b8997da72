"""Keys that come faster than the program answers: each is carried out in order, or it is said that it is not.

The session answers only when the test says so: no test here depends on how fast anything is.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual import events
from textual.pilot import Pilot

from bptui.protocol.phase import Goal, StopReason
from bptui.protocol.replies import Died, Evaluated, Opened, Refused, Running, SeenAnew, Stopped
from bptui.protocol.requests import (
    Ask,
    Back,
    Compare,
    Do,
    Evaluate,
    Next,
    Run,
    SetBreakpoints,
    SetValue,
    SetWatches,
    SetZeroing,
)
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import Snapshot
from bptui.trace.timeline import Timeline
from bptui.ui.panes.timeline import TimelinePane
from bptui.ui.panes.view import View
from bptui.ui.screens.breakpoints import BreakpointsScreen
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import BACKWARD, ENDED, ENTRY, FORWARD, PROGRAM, RAISED, UPDATE
from tests.ui.fakes.typing import message, typed
from tests.ui.test_screen import main, opened, said, steps


async def burst(pilot: Pilot[None], *keys: str) -> None:
    """All of them at once, as a terminal hands over what was typed while nobody read."""
    for key in keys:
        name = {" ": "space", ":": "colon", "=": "equals_sign", ".": "full_stop"}.get(key, key)
        pilot.app.post_message(events.Key(name, key if len(key) == 1 else None))
    await pilot.pause()


async def answer(pilot: Pilot[None], session: ToldSession, *stops: Snapshot) -> None:
    """Answer the latest step with each stop in turn, whatever it was."""
    for each in stops:
        number = max(at for at, ask in enumerate(session.asked, 1) if type(ask).__name__ not in BESIDE)
        session.reply(Stopped(each, ()), number=number)
        await pilot.pause()


BESIDE = {"DrawCurve", "SetBreakpoints", "SetWatches", "Inspect", "ShowTape"}


def shape(asks: list[Ask]) -> list[object]:
    """The steps that were asked for, short."""
    return [ask.phase.value if isinstance(ask, Do) else type(ask).__name__ for ask in asks]


async def test_a_batch_by_accumulation_typed_at_once_is_carried_out_in_order() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"fbfbfbuz")
        wanted = ["forward", "backward"] * 3 + ["update", "zero_grad"]
        for made in range(1, len(wanted) + 1):
            assert shape(steps(session)) == wanted[:made]
            await answer(pilot, session, replace(FORWARD, index=made))
        assert shape(steps(session)) == wanted
        assert "queued" not in said(pilot, "title")


async def test_as_many_steps_are_made_as_keys_were_pressed() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"n" * 22)
        assert "21 queued" in said(pilot, "title")
        await answer(pilot, session, FORWARD)
        first, rest = steps(session)
        assert isinstance(first, Next)
        assert isinstance(rest, Run)
        assert (rest.goal, rest.steps) == (Goal.END, 21)


async def test_steps_back_are_counted_too() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"nNNN")
        await answer(pilot, session, FORWARD)
        _, back = steps(session)
        assert isinstance(back, Back)
        assert back.steps == 3


async def test_keys_while_the_program_starts_wait_for_it() -> None:
    session = ToldSession(entry=None)
    async with opened(session) as pilot:
        await burst(pilot, *"fba")
        assert steps(session) == []
        assert "3 queued" in said(pilot, "title")
        session.reply(Opened(PROGRAM, "3.11", "2.9"), number=1)
        session.reply(Stopped(ENTRY, ()), number=1)
        await pilot.pause()
        await answer(pilot, session, FORWARD, BACKWARD)
        assert shape(steps(session)) == ["forward", "backward", "SetZeroing"]


async def test_a_line_typed_at_once_while_the_program_runs_is_a_line_and_no_commands() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "f", *":set lr = 0.1", "enter", "b")
        assert session.restarts == 0
        assert shape(steps(session)) == ["forward"]
        assert typed(pilot) is None
        assert "2 queued" in said(pilot, "title")
        await answer(pilot, session, FORWARD)
        *_, value = steps(session)
        assert isinstance(value, SetValue)
        assert (value.name, value.value) == ("lr", "0.1")
        await answer(pilot, session, replace(FORWARD, index=6))
        assert shape(steps(session)) == ["forward", "SetValue", "backward"]


async def test_the_line_opens_while_the_program_starts_and_while_it_runs() -> None:
    session = ToldSession(entry=None)
    async with opened(session) as pilot:
        await burst(pilot, *":w r")
        assert typed(pilot) == "w r"
        await burst(pilot, "escape")
        session.reply(Opened(PROGRAM, "3.11", "2.9"), number=1)
        session.reply(Stopped(ENTRY, ()), number=1)
        await pilot.pause()
        await burst(pilot, "c", *":q q")
        assert typed(pilot) == "q q"


async def test_what_is_wrong_with_a_line_is_said_at_once() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "c", *":goto there", "enter")
        assert message(pilot).startswith("refused: To which step?")
        assert len(steps(session)) == 1


async def test_typed_commands_of_every_sort_wait_in_order() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "f", *":watch w", "enter", *":break update", "enter", *":w * 2", "enter", "a")
        assert "4 queued" in said(pilot, "title")
        assert not any(isinstance(ask, SetWatches | SetBreakpoints) for ask in session.asked)
        await answer(pilot, session, FORWARD)
        kinds = [type(ask) for ask in session.asked if isinstance(ask, SetWatches | SetBreakpoints | Evaluate)]
        assert kinds == [SetWatches, SetBreakpoints, Evaluate]
        number = max(at for at, ask in enumerate(session.asked, 1) if isinstance(ask, Evaluate))
        session.reply(Evaluated("2.0", False, None), number=number)
        await pilot.pause()
        assert isinstance(session.asked[-1], SetZeroing)


async def test_zeroing_is_turned_as_often_as_its_key_is_pressed() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"aa")
        session.reply(SeenAnew(replace(ENTRY, zeroing=False)))
        await pilot.pause()
        assert [ask.on for ask in steps(session) if isinstance(ask, SetZeroing)] == [False, True]


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_what_waits_is_dropped_by(key: str) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "c", *"fbu")
        await burst(pilot, key)
        assert session.pauses == 1
        assert "3 queued commands dropped" in message(pilot)
        await answer(pilot, session, replace(UPDATE, stop_reason=StopReason.PAUSE))
        assert "3 queued commands dropped" in message(pilot), "the stop says so too"
        assert shape(steps(session)) == ["Run"]
        assert "queued" not in said(pilot, "title")


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(RAISED, id="an exception"),
        pytest.param(replace(BACKWARD, stop_reason=StopReason.BREAKPOINT), id="a breakpoint"),
        pytest.param(replace(BACKWARD, stop_reason=StopReason.PAUSE), id="a pause"),
    ],
)
async def test_nothing_moves_on_by_itself_behind(stop: Snapshot) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "f", *"bu", *":set lr = 1", "enter")
        await answer(pilot, session, stop)
        assert shape(steps(session)) == ["forward"]
        assert "3 queued commands dropped" in message(pilot)


async def test_what_does_not_move_the_program_is_done_also_behind_a_breakpoint() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "c", *":watch w", "enter", "n")
        await answer(pilot, session, replace(BACKWARD, stop_reason=StopReason.BREAKPOINT, met="breakpoint 1: update"))
        assert shape(steps(session)) == ["Run", "SetWatches"]
        assert typed(pilot) is None


async def test_the_steps_that_a_breakpoint_kept_from_being_made_count_as_dropped() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"nnnnnn")
        two_further = replace(FORWARD, index=FORWARD.index + 2, stop_reason=StopReason.BREAKPOINT)
        await answer(pilot, session, FORWARD, two_further)
        assert "3 queued commands dropped" in message(pilot)


async def test_a_refusal_drops_what_counted_on_it_and_says_so() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"bu")
        session.reply(Refused("There is no loss yet.", "Run a forward first."))
        await pilot.pause()
        assert shape(steps(session)) == ["backward"]
        assert message(pilot).startswith("refused: There is no loss yet.")
        assert "1 queued command dropped" in message(pilot)


async def test_a_death_drops_what_waits_and_says_so() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"nff")
        session.reply(Died("killed by SIGKILL during forward, line 25", "", ""))
        await pilot.pause()
        assert "dead: killed by SIGKILL" in message(pilot)
        assert "2 queued commands dropped" in message(pilot)


async def test_behind_the_end_one_can_still_go_back() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"cNN")
        await answer(pilot, session, ENDED)
        assert shape(steps(session)) == ["Run", "Back"]


async def test_playing_begins_when_it_is_its_turn() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"fp")
        assert "playing" not in said(pilot, "title")
        await answer(pilot, session, FORWARD)
        assert "playing" in said(pilot, "title")
        assert shape(steps(session))[:2] == ["forward", "Next"]


async def test_what_is_opened_takes_the_keys_that_follow() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "B", "a", *"update", "enter", "escape", "f")
        assert not isinstance(pilot.app.screen, BreakpointsScreen)
        assert shape(steps(session)) == ["SetBreakpoints", "SetBreakpoints", "forward"]


async def test_quit_does_not_wait() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, *"cnnnq")
        assert session.closes == 1


# ---- beginning again


async def far(pilot: Pilot[None], session: ToldSession) -> Timeline:
    """Twelve steps on."""
    await burst(pilot, "c")
    rows = [replace(FORWARD, index=at).row() for at in range(1, 13)]
    number = max(at for at, ask in enumerate(session.asked, 1) if isinstance(ask, Run | Compare))
    session.reply(Stopped(replace(FORWARD, index=12), Rows.of(rows)), number=number)
    await pilot.pause()
    return session.timeline


async def test_restart_asks_where_many_steps_would_be_lost_and_its_key_again_says_yes() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await far(pilot, session)
        await burst(pilot, "r")
        assert session.restarts == 0
        assert message(pilot).startswith("restart? 12 steps would be lost")
        await burst(pilot, "r")
        assert session.restarts == 1


async def test_the_question_stays_in_sight_while_a_run_goes_on() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await far(pilot, session)
        await burst(pilot, "c", "r")
        session.reply(Running(Rows.of([replace(FORWARD, index=13).row()]), ""))
        await pilot.pause()
        assert message(pilot).startswith("restart? ")
        await burst(pilot, "r")
        assert session.restarts == 1


async def test_any_other_key_says_no() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await far(pilot, session)
        await burst(pilot, "r", "5", "r")
        assert session.restarts == 0
        await burst(pilot, "r")
        assert session.restarts == 1


async def test_a_few_steps_are_lost_without_being_asked_and_a_typed_restart_is_meant() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "n", "r", "n")
        assert session.restarts == 1
        assert shape(steps(session)) == ["Next", "Next"]
        await answer(pilot, session, FORWARD)
        await far(pilot, session)
        await burst(pilot, *":restart", "enter")
        assert session.restarts == 2


# ---- a program that tells more than can be drawn


async def test_a_pause_is_shown_at_once_however_much_a_run_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    titles: list[str] = []
    run_on, show_title = TimelinePane.run_on, View.show_title
    monkeypatch.setattr(TimelinePane, "run_on", lambda pane, here: (drawn.append(here), run_on(pane, here)))
    monkeypatch.setattr(View, "show_title", lambda view, *facts: (titles.append(facts[-1]), show_title(view, *facts)))
    session = ToldSession()
    async with opened(session) as pilot:
        await burst(pilot, "c")
        console = main(pilot)._view.console
        before = console._count
        titles.clear()
        for at in range(1, 1001):  # all of them are there before the screen looks at the first
            session.reply(Running(Rows.of([replace(FORWARD, index=at).row()]), f"{at}\n", logged=f"log {at}"))
        session.reply(Stopped(replace(FORWARD, index=1001, stop_reason=StopReason.PAUSE), ()))
        await pilot.pause()
        assert drawn == [(0, 1000)]
        assert "paused" in said(pilot, "title")
        assert len(titles) < 10
        printed = [console.line(at, 40).plain.strip() for at in range(before, console._count)]
        assert printed[:2] + printed[-2:] == ["◇ log 1", "1", "◇ log 1000", "1000"], "nothing that was told is lost"
        assert len(printed) == 2000


async def test_where_a_run_is_is_drawn_also_while_more_is_told_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new report comes whenever one is drawn, so that the screen is never done; it shows each of them."""
    session = ToldSession()
    drawn: list[int] = []
    run_on = TimelinePane.run_on

    def drawn_and_told_of_more(pane: TimelinePane, here: tuple[int, int]) -> None:
        run_on(pane, here)
        drawn.append(here[1])
        if here[1] < 50:
            session.reply(Running(Rows.of([replace(FORWARD, index=here[1] + 1).row()]), ""))

    monkeypatch.setattr(TimelinePane, "run_on", drawn_and_told_of_more)
    async with opened(session) as pilot:
        await burst(pilot, "c")
        session.reply(Running(Rows.of([replace(FORWARD, index=1).row()]), ""))
        await pilot.pause()
        assert drawn == list(range(1, 51))
        assert "running" in said(pilot, "title")
