"""Keys and the mouse: what is asked of the session, and what comes of its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.command import CommandList
from textual.pilot import Pilot
from textual.widgets import Static

from bptui.commands.table import COMMANDS
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.replies import CurveDrawn, Died, Inspected, Refused, Running, SeenAnew, Stopped, Uncut
from bptui.protocol.requests import Ask, Back, Do, DrawCurve, GoTo, Inspect, Next, Open, Run, RunBack, SetZeroing
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import Snapshot
from bptui.ui.app import BptuiApp
from bptui.ui.screen import MainScreen
from bptui.ui.screens.help import HelpScreen
from bptui.ui.screens.inspector import InspectorScreen
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import BACKWARD, ENDED, FORWARD, LARGE, LAYERS, RAISED, SOURCE, UPDATE
from tests.ui.settle import until


@asynccontextmanager
async def opened(session: ToldSession, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """The app at its entry stop."""
    app = BptuiApp(session, title="linear.py", source=SOURCE)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


def steps(session: ToldSession) -> list[Ask]:
    """What was asked for, without opening and curves."""
    return [ask for ask in session.asked if not isinstance(ask, Open | DrawCurve)]


def said(pilot: Pilot[None], id: str) -> str:
    """What a pane says."""
    return str(pilot.app.query_one(f"#{id}", Static).render())


def main(pilot: Pilot[None]) -> MainScreen:
    """The main screen, whatever lies on it."""
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, MainScreen)
    return screen


@pytest.mark.parametrize(
    ("key", "ask"),
    [
        ("n", Next()),
        ("space", Next()),
        ("f", Do(Phase.FORWARD)),
        ("b", Do(Phase.BACKWARD)),
        ("u", Do(Phase.UPDATE)),
        ("z", Do(Phase.ZERO_GRAD)),
        ("m", Run(Goal.SAMPLE)),
        ("e", Run(Goal.EPOCH)),
        ("c", Run(Goal.END)),
        ("a", SetZeroing(False)),
        ("p", Next()),
        ("G", GoTo(-1)),
    ],
)
async def test_a_key_asks_for_a_step(key: str, ask: Ask) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press(key)
        assert [vars(each) for each in steps(session)] == [vars(ask)]
        assert type(steps(session)[0]) is type(ask)


@pytest.mark.parametrize(
    ("key", "ask"), [("N", Back()), ("backspace", Back()), ("C", RunBack()), ("g", GoTo(0)), ("G", GoTo(-1))]
)
async def test_a_key_goes_through_time(key: str, ask: Ask) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(FORWARD)
        await pilot.pause()
        await pilot.press(key)
        assert [(type(each), vars(each)) for each in steps(session)[1:]] == [(type(ask), vars(ask))]


@pytest.mark.parametrize("key", ["N", "backspace", "C", "g"])
async def test_at_the_entry_there_is_nothing_to_go_back_to(key: str) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press(key)
        assert steps(session) == []


async def test_a_stop_is_shown_by_every_pane() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(FORWARD)
        await pilot.pause()
        assert "sample 1" in said(pilot, "title")
        assert "▶ backward" in said(pilot, "phases")
        assert said(pilot, "upcoming").split() == ["26", "l.backward()"]
        assert "y_pred  2.0400 ●" in said(pilot, "sample")
        assert "1.0000 -> 3.8416" in said(pilot, "loss")
        assert said(pilot, "message") == FORWARD.explain


async def test_what_did_not_change_is_not_lit() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        for stop in (FORWARD, BACKWARD):
            await pilot.press("n")
            session.stop(stop)
            await pilot.pause()
        lit = {card.id for card in main(pilot).query("Card.-lit")}
        assert lit == {"grad"}
        assert "● w.grad" in str(pilot.app.query_one("#grad").border_title)


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_a_run_is_paused(key: str) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("c", key)
        assert session.pauses == 1


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_pause_does_nothing_while_nothing_runs_but_clear_a_refusal(key: str) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("b")
        session.reply(Refused("There is no loss yet.", "Run a forward first."))
        await pilot.pause()
        assert "refused: There is no loss yet.  Run a forward first." in said(pilot, "message")
        await pilot.press(key)
        assert said(pilot, "message").startswith("ready")
        assert session.pauses == 0
        assert pilot.app.is_running


async def test_a_run_shows_its_rows_and_prints_once() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("c")
        session.reply(Running(Rows.of([FORWARD.row()]), "hello\n"))
        await pilot.pause()
        assert "running" in said(pilot, "title")
        session.stop(replace(BACKWARD, printed="hello\nworld\n"))
        await pilot.pause()
        console = main(pilot)._view.console
        shown = [console.line(at, 40).plain.strip() for at in range(len(console._shown))]
        assert shown == ["predict (before training) 4 4.0", "hello", "world"]
        assert "ready" in said(pilot, "title")


async def test_where_it_is_brought_nothing_is_printed_again_but_all_else_is_shown() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        for stop in (FORWARD, BACKWARD, UPDATE):
            await pilot.press("n")
            session.stop(stop)
            await pilot.pause()
        console = main(pilot)._view.console
        before = [line.text for line in console.render_lines(console.size.region)]
        await pilot.press("N")
        session.reply(Stopped(replace(BACKWARD, stop_reason=StopReason.GOTO), ()))
        await pilot.pause()
        assert [line.text for line in console.render_lines(console.size.region)] == before
        assert "step 6 of 7" in said(pilot, "title")
        assert "ready" in said(pilot, "title")
        assert said(pilot, "message") == BACKWARD.explain


@pytest.mark.parametrize(
    ("stop", "state"),
    [
        pytest.param(ENDED, "ended", id="at the end of the script"),
        pytest.param(RAISED, "exception", id="where it raised"),
    ],
)
async def test_what_it_is_brought_to_is_what_it_was(stop: Snapshot, state: str) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(replace(stop, stop_reason=StopReason.GOTO))
        await pilot.pause()
        assert state in said(pilot, "title")


@pytest.mark.parametrize("reason", [StopReason.BREAKPOINT, StopReason.DATA_BREAKPOINT])
async def test_a_breakpoint_is_named_and_nothing_goes_on_by_itself(reason: StopReason) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("p", "n", "n")
        session.stop(replace(BACKWARD, stop_reason=reason, met="breakpoint 2: w.grad < -7"))
        await pilot.pause()
        assert said(pilot, "message").split("\n")[0].startswith(f"breakpoint 2: w.grad < -7  {BACKWARD.explain}")
        assert "2 queued commands dropped" in said(pilot, "message")
        assert "breakpoint" in said(pilot, "title")
        assert len(steps(session)) == 1
        await pilot.press("n")
        assert len(steps(session)) == 2


async def test_what_logpoints_say_has_a_sign_of_its_own() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("c")
        session.reply(Running(Rows.of([FORWARD.row()]), "one\n", logged="loss is 3.8\n"))
        session.reply(Stopped(replace(BACKWARD, printed="one\ntwo\n"), (), logged="loss is 1.2"))
        await pilot.pause()
        console = main(pilot)._view.console
        shown = [console.line(at, 40).plain.rstrip() for at in range(len(console._shown))]
        assert shown[1:] == ["◇ loss is 3.8", "  one", "◇ loss is 1.2", "  two"]


async def test_a_run_tells_how_far_it_is_and_when_it_will_be_there() -> None:
    session = ToldSession()
    seconds = iter(range(10**6))
    app = BptuiApp(session, title="linear.py", source=SOURCE, clock=lambda: next(seconds))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("c")
        rows = [replace(FORWARD.row(), index=at, epoch=at // 12, sample=at // 4 % 3) for at in range(1, 61)]
        session.reply(Running(Rows.of(rows), ""))
        await pilot.pause()
        assert "50%" in said(pilot, "message")
        assert " left" in said(pilot, "message")
        assert "60 steps" in said(pilot, "message")
        session.reply(Stopped(replace(FORWARD, index=61), ()))
        await pilot.pause()
        assert said(pilot, "message") == FORWARD.explain


async def test_an_overtaken_answer_is_dropped() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(FORWARD)
        await pilot.pause()
        assert isinstance(session.asked[-1], DrawCurve)
        late = len(session.asked)
        await pilot.press("n")
        session.stop(BACKWARD)
        await pilot.pause()
        before = main(pilot)._view.curve._curve
        session.reply(CurveDrawn("w", (0.0, 1.0), (1.0, 0.0), 1.0, 0.0, 0.0, ""), number=late)
        await pilot.pause()
        assert main(pilot)._view.curve._curve is before
        session.reply(Refused("late", ""), number=late)
        await pilot.pause()
        assert said(pilot, "message") == BACKWARD.explain


async def test_restart_begins_anew_and_the_timeline_with_it() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(FORWARD)
        await pilot.pause()
        assert session.timeline.last(0) == FORWARD.index
        await pilot.press("r")
        await pilot.pause()
        assert session.restarts == 1
        assert session.timeline.last(0) == 0
        assert "ready" in said(pilot, "title")


async def test_after_a_death_only_restart_is_left_and_the_timeline_stays() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.reply(Died("killed by SIGKILL during forward, line 25", "", ""))
        await pilot.pause()
        assert "dead: killed by SIGKILL" in said(pilot, "message")
        assert "press r to restart" in said(pilot, "message")
        assert session.timeline.last(0) == 0
        asked = len(session.asked)
        await pilot.press("n", "f", "c", "a", "enter", "p")
        assert len(session.asked) == asked
        await pilot.press("r")
        await pilot.pause()
        assert "ready" in said(pilot, "title")


async def test_an_exception_stop_says_what_and_where() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(RAISED)
        await pilot.pause()
        assert "exception" in said(pilot, "title")
        assert "line 28: ValueError: two is too much" in said(pilot, "message")


async def test_at_the_end_a_step_is_refused_by_the_session() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("c")
        session.stop(ENDED)
        await pilot.pause()
        assert "ended" in said(pilot, "title")
        await pilot.press("n")
        session.reply(Refused("The script has ended.", "Restart to begin again."))
        await pilot.pause()
        assert "The script has ended." in said(pilot, "message")


async def test_zeroing_is_turned_off_and_on() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("a")
        session.reply(SeenAnew(replace(BACKWARD, zeroing=False)))
        await pilot.pause()
        assert "zeroing off" in said(pilot, "title")
        await pilot.press("a")
        assert [ask.on for ask in steps(session) if isinstance(ask, SetZeroing)] == [False, True]


async def test_a_script_that_cannot_be_cut_ends_the_app_with_status_2() -> None:
    session = ToldSession(entry=None)
    app = BptuiApp(session, title="linear.py", source=SOURCE)
    async with app.run_test() as pilot:
        session.reply(Uncut("A closure is given to the optimizer.", 12))
        await pilot.pause()
    assert app.return_code == 2


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting_ends_the_session_also_while_it_runs(key: str) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("c", key)
    assert session.closes == 1
    assert pilot.app.return_code == 0


async def test_it_plays_by_itself_until_a_key_says_otherwise() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("p")
        assert "playing 2/s" in said(pilot, "title")
        await pilot.press("plus", "plus", "plus", "plus")
        assert "playing 50/s" in said(pilot, "title")
        session.stop(FORWARD)
        await until(pilot, lambda: any(isinstance(ask, Run) for ask in steps(session)))
        runs = [ask for ask in steps(session) if isinstance(ask, Run)]
        assert [(run.goal, run.steps) for run in runs] == [(Goal.END, 5)]
        await pilot.press("p")
        session.stop(BACKWARD)
        await pilot.pause(0.25)
        assert "ready" in said(pilot, "title")
        assert len(steps(session)) == 2


async def test_playing_stops_at_a_refusal_and_at_the_end() -> None:
    for answer in (Refused("no", ""), None):
        session = ToldSession()
        async with opened(session) as pilot:
            await pilot.press("p")
            session.reply(answer) if answer else session.stop(ENDED)
            await pilot.pause()
            assert "playing" not in said(pilot, "title")


async def test_enter_looks_into_the_focused_card() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(BACKWARD)
        await pilot.pause()
        await pilot.press("4", "enter")
        inspector = pilot.app.screen
        assert isinstance(inspector, InspectorScreen)
        assert [ask.name for ask in steps(session) if isinstance(ask, Inspect)] == ["w.grad"]
        session.reply(Inspected("w.grad", (("dtype", "float32"),), "tensor([-7.8400])"))
        await pilot.pause()
        assert "tensor([-7.8400])" in str(inspector.query_one("#value", Static).render())
        await pilot.press("right")
        assert [ask.name for ask in steps(session) if isinstance(ask, Inspect)] == ["w.grad", "x"]
        await pilot.press("escape")
        assert pilot.app.screen is main(pilot)


async def test_an_inspection_that_is_refused_says_why() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("3", "enter")
        session.reply(Refused("There is no w now.", "Run a forward first."))
        await pilot.pause()
        value = str(pilot.app.screen.query_one("#value", Static).render())
        assert value == "There is no w now.\nRun a forward first."


async def test_a_parameter_is_chosen_by_key_and_by_mouse() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("n")
        session.stop(LARGE)
        await pilot.pause()
        assert pilot.app.query_one("#param").border_title == LAYERS[0]
        await pilot.press("9", "right", "right")
        assert pilot.app.query_one("#param").border_title == LAYERS[2]
        at = said(pilot, "chooser").index(LAYERS[3])
        await pilot.click("#chooser", offset=(at + 1, 0))
        assert pilot.app.query_one("#grad").border_title == f"{LAYERS[3]}.grad"


async def test_clicking_a_phase_runs_it() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        at = said(pilot, "phases").index("zero_grad")
        await pilot.click("#phases", offset=(at + 2, 1))
        assert [ask.phase for ask in steps(session) if isinstance(ask, Do)] == [Phase.ZERO_GRAD]


async def test_clicking_a_key_in_the_footer_gives_its_command() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.click("#footer", offset=(said(pilot, "footer").index("epoch"), 0))
        assert [ask.goal for ask in steps(session) if isinstance(ask, Run)] == [Goal.EPOCH]


async def test_a_card_is_focused_by_mouse_tab_and_number() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("tab")
        assert pilot.app.focused is pilot.app.query_one("#sample")
        await pilot.press("7")
        assert pilot.app.focused is pilot.app.query_one("#timeline")
        await pilot.click("#grad")
        assert pilot.app.focused is pilot.app.query_one("#grad")


async def test_at_60x20_a_number_brings_up_the_pane() -> None:
    session = ToldSession()
    async with opened(session, (60, 20)) as pilot:
        assert not pilot.app.query_one("#bottom").display
        await pilot.press("8")
        assert pilot.app.query_one("#console").size.height > 3
        await pilot.press("5")
        assert pilot.app.query_one("#source").size.height > 3


async def test_help_lists_every_command() -> None:
    async with opened(ToldSession()) as pilot:
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        shown = str(pilot.app.screen.query_one(Static).render())
        assert all(each.label in shown for each in COMMANDS)
        await pilot.press("ctrl+c")
        assert pilot.app.screen is main(pilot)


async def test_the_palette_has_every_command() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        titles = [each.title for each in pilot.app.get_system_commands(pilot.app.screen)]
        assert [title.partition(" (")[0] for title in titles[:-1]] == [each.label for each in COMMANDS]
        await pilot.press("ctrl+p")
        await pilot.press(*"backward")
        found = pilot.app.screen.query_one(CommandList)
        await until(pilot, lambda: found.option_count > 0 and not any(each.is_running for each in pilot.app.workers))
        await pilot.press("enter")
        await pilot.pause()
        assert [ask.phase for ask in steps(session) if isinstance(ask, Do)] == [Phase.BACKWARD]


async def test_every_theme_draws_the_screen() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        for theme in pilot.app.available_themes:
            pilot.app.theme = theme
            await pilot.pause()
            assert "ready" in said(pilot, "title")
