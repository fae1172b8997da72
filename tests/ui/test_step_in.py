"""Stepping in on the screen: what is asked, where the tape is, and what the sheets say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from bptui.protocol.fact import Named
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import Died, GradientsChecked, ParamCheck, Refused, Stopped, TapeShown
from bptui.protocol.requests import Ask, CheckGradients, Next, ShowTape, Step
from bptui.protocol.snapshot import Failure, Snapshot
from bptui.protocol.tape import Local, Move, Op, Saved, Tape
from bptui.ui.panes.tape import TapePane
from bptui.ui.screens.inspector import InspectorScreen
from bptui.ui.screens.sheet import SheetScreen
from tests.engine_session import EngineSession
from tests.handmade_tapes import before_backward, lecture, scalar
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import ENTRY, FORWARD
from tests.ui.test_pictures import NARROW, NORMAL, WIDE, app_of
from tests.ui.test_screen import opened, steps
from tests.ui.test_screen import said as said_by

SUB = Op(
    1, 3, "sub", 1, -1, "y_pred - y", 18, "", (Named("y_pred", scalar(2.04)),), (Named("%2", scalar(-1.96)),),
    (), (), (), (), "",
)  # fmt: skip
POW = Op(
    0, 4, "PowBackward0", 2, 0, "(y_pred - y) ** 2", 18, "", (Named("%2", scalar(-1.96)),),
    (Named("l", scalar(3.8416)),), (Named("∂l/∂l", scalar(1.0)),),
    (Local("d(l)/d(%2)", "d((y_pred - y)²)/d(y_pred - y) = 2(y_pred - y) = -3.92", scalar(-3.92)),),
    (Named("∂l/∂%2", scalar(-3.92)),), (Saved("exponent", scalar(2.0), 0), Saved("self", scalar(-1.96), 4)), "",
)  # fmt: skip
TAPE = lecture(1.02, 2.0, 4.0)
IN_FORWARD = replace(FORWARD, loss=None, op=SUB, tape=1, explain="forward 2/3: %2 = sub(y_pred, y) = -1.96", printed="")
IN_BACKWARD = replace(
    FORWARD, index=2, phase=Phase.BACKWARD, op=POW, tape=2, printed="",
    explain="backward 1/4: PowBackward0: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · -3.92 = -3.92",
)  # fmt: skip
RAISED_INSIDE = replace(
    IN_FORWARD, stop_reason=StopReason.EXCEPTION,
    failure=Failure("RuntimeError", "sizes differ", 18, "RuntimeError: sizes differ\n"),
    marks=ENTRY.marks, next=ENTRY.next,
    explain="forward 2/3: sub raised RuntimeError: sizes differ; the state is as before it",
)  # fmt: skip
EQUAL = ParamCheck("w", 1, 1, 3.1e-11, -7.84, -7.84, (0,), "equal")
WRONG = ParamCheck("model.fc.weight", 200, 16, 0.5, 1.25, 2.5, (3, 7), "different")
KINK = ParamCheck("b", 1, 1, 0.5, 0.0, 0.5, (0,), "kink")


def asked(session: ToldSession) -> list[Ask]:
    return [each for each in steps(session) if not isinstance(each, ShowTape)]


async def inside(session: ToldSession, pilot: Pilot[None], stop: Snapshot = IN_FORWARD, tape: Tape = TAPE) -> None:
    """Press s, and be told that stop and its tape."""
    await pilot.press("s")
    session.reply(Stopped(stop, ()))
    await pilot.pause()
    assert isinstance(session.asked[-1], ShowTape)
    session.reply(TapeShown(stop.tape, tape))
    await pilot.pause()


@pytest.mark.parametrize(("key", "move"), [("S", Move.BACK), ("v", Move.OVER), ("O", Move.UP), ("o", Move.OUT)])
async def test_keys_move_inside_a_phase(key: str, move: Move) -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await inside(session, pilot)
        await pilot.press(key)
    first, last = asked(session)
    assert isinstance(first, Step)
    assert first.move is Move.IN
    assert isinstance(last, Step)
    assert last.move is move


@pytest.mark.parametrize("size", [WIDE, NORMAL, NARROW])
async def test_the_tape_takes_the_curves_place_and_gives_it_back(size: tuple[int, int]) -> None:
    session = ToldSession()
    async with opened(session, size) as pilot:
        screen = pilot.app.screen
        assert not screen.query_one(TapePane).display
        await inside(session, pilot)
        assert screen.query_one(TapePane).display
        assert not screen.query_one("#curve").display
        await pilot.press("6")
        assert screen.focused is screen.query_one(TapePane)
        await pilot.press("o")
        session.stop(replace(FORWARD, tape=1))
        await pilot.pause()
        assert not screen.query_one(TapePane).display
        assert screen.query_one("#curve").display


async def test_t_keeps_the_tape_also_outside_and_lets_it_go_again() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        pane = pilot.app.screen.query_one(TapePane)
        await pilot.press("t")
        assert pane.display
        await inside(session, pilot)
        await pilot.press("o")
        session.stop(replace(FORWARD, tape=1))
        await pilot.pause()
        assert pane.display
        await pilot.press("t")
        assert not pane.display


async def test_the_tape_is_asked_for_once_for_each_change() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await inside(session, pilot)
        for _ in range(3):
            await pilot.press("s")
            session.reply(Stopped(IN_FORWARD, ()))
            await pilot.pause()
    assert sum(isinstance(each, ShowTape) for each in session.asked) == 1


async def test_a_held_key_never_queues_up() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press(*"ssssss")
        session.reply(Stopped(IN_FORWARD, ()), number=2)
        await pilot.pause()
    assert len(asked(session)) == 2


async def test_nothing_moves_inside_a_phase_that_nobody_stepped_into() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("S", "O", "o")
        assert asked(session) == [] or all(isinstance(each, Step) for each in asked(session))
        session.reply(Refused("The program is not inside a phase.", "Press s to step into the one that comes next."))
        await pilot.pause()
        await pilot.press("n")
    assert isinstance(asked(session)[-1], Next | Step)


async def test_enter_on_the_tape_tells_all_of_an_op() -> None:
    session = ToldSession()
    async with opened(session, NORMAL) as pilot:
        await inside(session, pilot, IN_BACKWARD)
        await pilot.press("6", "enter")
        assert isinstance(pilot.app.screen, SheetScreen)
        text = str(pilot.app.screen.query_one("#value").render())
        for said in ("(y_pred - y) ** 2", "upstream", "2(y_pred - y) = -3.92", "downstream", "saved", "4 bytes"):
            assert said in text
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, SheetScreen)


async def test_enter_tells_of_the_op_also_where_no_pane_has_the_focus() -> None:
    session = ToldSession()
    async with opened(session, NARROW) as pilot:
        await inside(session, pilot, IN_BACKWARD)
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, SheetScreen)
        await pilot.press("escape", "3", "enter")
        assert isinstance(pilot.app.screen, InspectorScreen), "a card still stands for its value"


async def test_a_tape_that_was_refused_is_asked_for_again() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        for stop in (IN_FORWARD, IN_BACKWARD):
            await pilot.press("s")
            session.reply(Stopped(stop, ()))
            await pilot.pause()
            session.reply(Refused("bptui failed", ""))
            await pilot.pause()
    assert sum(isinstance(each, ShowTape) for each in session.asked) == 2


async def test_no_tape_is_asked_for_twice_whatever_number_a_stop_tells() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await inside(session, pilot, IN_BACKWARD)
        await pilot.press("s")
        session.reply(Stopped(replace(IN_BACKWARD, tape=1), ()))
        await pilot.pause()
    assert sum(isinstance(each, ShowTape) for each in session.asked) == 1


async def test_a_death_during_a_check_is_told_on_its_sheet() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("k")
        await pilot.pause()
        session.reply(Died("killed by SIGKILL", "", ""))
        await pilot.pause()
        assert "killed by SIGKILL" in str(pilot.app.screen.query_one("#value").render())


@pytest.mark.parametrize("size", [WIDE, NORMAL, NARROW])
async def test_inside_a_phase_the_footer_has_its_keys(size: tuple[int, int]) -> None:
    session = ToldSession()
    async with opened(session, size) as pilot:
        await inside(session, pilot)
        for said in ("s in", "S op back", "o out", "n next", "q quit"):
            assert said in said_by(pilot, "footer")
        await pilot.press("o")
        session.stop(replace(FORWARD, tape=1))
        await pilot.pause()
        assert "op back" not in said_by(pilot, "footer")


async def test_the_result_of_a_computation_is_in_sight_where_it_is_narrow() -> None:
    session = ToldSession()
    async with opened(session, NARROW) as pilot:
        await inside(session, pilot, IN_BACKWARD)
        assert said_by(pilot, "upcoming").strip().endswith("-3.92")


@pytest.mark.parametrize(("size", "seed"), [(WIDE, 0), (NORMAL, 1), (NARROW, 2)])
async def test_whatever_is_pressed_the_screen_stands_where_the_session_does(size: tuple[int, int], seed: int) -> None:
    session = EngineSession()
    app = app_of(session)
    async with app.run_test(size=size) as pilot:
        for key in random.Random(seed).choices("sssssSvOontame", k=40):
            await pilot.press(key)
            await pilot.pause()
            snapshot = session.snapshot
            assert snapshot is not None
            op = snapshot.op
            assert (f"inside {snapshot.phase}" in said_by(pilot, "title")) == (op is not None)
            if op is not None:
                assert snapshot.explain.split()[1].strip(":") in said_by(pilot, "upcoming")
            shown = [pane.display for pane in (app.screen.query_one(TapePane), app.screen.query_one("#curve"))]
            assert sorted(shown) == [False, True]
        assert snapshot is not None
        assert sum(isinstance(each, ShowTape) for each in session.asked) <= snapshot.tape


async def test_k_checks_the_gradients_and_says_so_while_it_does() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("k")
        await pilot.pause()
        assert isinstance(session.asked[-1], CheckGradients)
        sheet = pilot.app.screen
        assert "computing" in str(sheet.query_one("#value").render())
        session.reply(GradientsChecked((EQUAL, WRONG, KINK), 3.8, ""))
        await pilot.pause()
        text = str(sheet.query_one("#value").render())
        assert "✓ equal" in text
        assert "✗ different" in text
        assert "? kink" in text


async def test_a_check_that_is_refused_or_impossible_says_why() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("k")
        await pilot.pause()
        session.reply(GradientsChecked((), None, "no forward has run yet"))
        await pilot.pause()
        assert "no forward has run yet" in str(pilot.app.screen.query_one("#value").render())


def keys_pressed(*keys: str):  # type: ignore[no-untyped-def]
    async def run(pilot: Pilot[None]) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return run


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        pytest.param("nnnnss", NORMAL, id="inside a forward at 80x24"),
        pytest.param("nnnnsosss", WIDE, id="inside a backward at 120x40"),
        pytest.param("nnnnsos", NARROW, id="inside a backward at 60x20"),
        pytest.param("nnnnsossss", NORMAL, id="where w.grad is added to"),
        pytest.param("nnss", NORMAL, id="inside an update"),
        pytest.param(("n", "s", "enter"), NORMAL, id="all of a node on a sheet"),
        pytest.param("nk", NARROW, id="a gradient check at 60x20"),
    ],
)
def test_it_looks_the_same(snap_compare, keys: Sequence[str], size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(app_of(EngineSession()), terminal_size=size, run_before=keys_pressed(*keys))


def test_an_op_that_raised(snap_compare) -> None:  # type: ignore[no-untyped-def]
    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await inside(pilot.app._session, pilot, RAISED_INSIDE, before_backward(TAPE))  # type: ignore[attr-defined]

    assert snap_compare(app_of(ToldSession()), terminal_size=NORMAL, run_before=run)


def test_the_verdicts_of_a_gradient_check(snap_compare) -> None:  # type: ignore[no-untyped-def]
    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await pilot.press("k")
        pilot.app._session.reply(GradientsChecked((EQUAL, WRONG, KINK), 3.8, "", "float64"))  # type: ignore[attr-defined]
        await pilot.pause()

    assert snap_compare(app_of(ToldSession()), terminal_size=NORMAL, run_before=run)
