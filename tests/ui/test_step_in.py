"""Stepping in on the screen: what is asked, where the tape is, and what the sheets say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from bptui.protocol.fact import Named
from bptui.protocol.messages import (
    Ask,
    CheckGradients,
    GradientsChecked,
    Next,
    ParamCheck,
    Refused,
    ShowTape,
    Step,
    Stopped,
    TapeShown,
)
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Local, Move, Op, Saved, Tape
from bptui.ui.panes.tape import TapePane
from bptui.ui.sheet import SheetScreen

from ..tapes import before_backward, lecture, scalar
from .stops import FORWARD
from .test_pictures import NARROW, NORMAL, WIDE, app_of
from .test_screen import opened, steps
from .told import ToldSession

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
    explain="backward 1/4: PowBackward0: ∂l/∂l = 1 times -3.92 gives ∂l/∂%2 = -3.92",
)  # fmt: skip
EQUAL = ParamCheck("w", 1, 1, 3.1e-11, -7.84, -7.84, (0,), "equal")
WRONG = ParamCheck("model.fc.weight", 200, 16, 0.5, 1.25, 2.5, (3, 7), "different")
KINK = ParamCheck("b", 1, 1, 0.5, 0.0, 0.5, (0,), "kink")


def asked(session: ToldSession) -> list[Ask]:
    return [each for each in steps(session) if not isinstance(each, ShowTape)]


async def inside(session: ToldSession, pilot: Pilot[None], stop: Snapshot = IN_FORWARD, tape: Tape = TAPE) -> None:
    """Press s, and be told that stop and its tape."""
    await pilot.press("s")
    session.tell(Stopped(stop, ()))
    await pilot.pause()
    assert isinstance(session.asked[-1], ShowTape)
    session.tell(TapeShown(stop.tape, tape))
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
            session.tell(Stopped(IN_FORWARD, ()))
            await pilot.pause()
    assert sum(isinstance(each, ShowTape) for each in session.asked) == 1


async def test_a_held_key_never_queues_up() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press(*"ssssss")
        session.tell(Stopped(IN_FORWARD, ()), number=2)
        await pilot.pause()
    assert len(asked(session)) == 2


async def test_nothing_moves_inside_a_phase_that_nobody_stepped_into() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("S", "O", "o")
        assert asked(session) == [] or all(isinstance(each, Step) for each in asked(session))
        session.tell(Refused("The program is not inside a phase.", "Press s to step into the one that comes next."))
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


async def test_k_checks_the_gradients_and_says_so_while_it_does() -> None:
    session = ToldSession()
    async with opened(session) as pilot:
        await pilot.press("k")
        await pilot.pause()
        assert isinstance(session.asked[-1], CheckGradients)
        sheet = pilot.app.screen
        assert "computing" in str(sheet.query_one("#value").render())
        session.tell(GradientsChecked((EQUAL, WRONG, KINK), 3.8, ""))
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
        session.tell(GradientsChecked((), None, "no forward has run yet"))
        await pilot.pause()
        assert "no forward has run yet" in str(pilot.app.screen.query_one("#value").render())


def picture(stop: Snapshot, tape: Tape, *keys: str):  # type: ignore[no-untyped-def]
    async def run(pilot: Pilot[None]) -> None:
        session = pilot.app._session  # type: ignore[attr-defined]
        await pilot.pause()
        await inside(session, pilot, stop, tape)
        await pilot.press(*keys)
        await pilot.pause()

    return run


@pytest.mark.parametrize(
    ("stop", "tape", "size", "keys"),
    [
        pytest.param(IN_FORWARD, before_backward(TAPE), NORMAL, (), id="inside a forward at 80x24"),
        pytest.param(IN_BACKWARD, TAPE, WIDE, (), id="inside a backward at 120x40"),
        pytest.param(IN_BACKWARD, TAPE, NARROW, (), id="inside a backward at 60x20"),
        pytest.param(IN_BACKWARD, TAPE, NORMAL, ("6", "enter"), id="all of a node on a sheet"),
    ],
)
def test_it_looks_the_same(snap_compare, stop: Snapshot, tape: Tape, size: tuple[int, int],
                           keys: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]  # fmt: skip
    assert snap_compare(app_of(ToldSession()), terminal_size=size, run_before=picture(stop, tape, *keys))


def test_the_verdicts_of_a_gradient_check(snap_compare) -> None:  # type: ignore[no-untyped-def]
    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await pilot.press("k")
        pilot.app._session.tell(GradientsChecked((EQUAL, WRONG, KINK), 3.8, ""))  # type: ignore[attr-defined]
        await pilot.pause()

    assert snap_compare(app_of(ToldSession()), terminal_size=NORMAL, run_before=run)
