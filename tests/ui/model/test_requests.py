"""What is in flight, and which answers still matter: without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.protocol.messages import (
    Back,
    CurveDrawn,
    Died,
    Do,
    DrawCurve,
    Inspected,
    Next,
    Opened,
    Refused,
    Reply,
    Run,
    Running,
    Stopped,
    Tell,
)
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Rows, Snapshot
from bptui.ui.actions.play import SPEEDS, Meter, Pace
from bptui.ui.model.requests import Requests, SessionState, possible
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import BACKWARD, ENDED, ENTRY, FORWARD, PROGRAM

CURVE = CurveDrawn("w", (0.0,), (1.0,), 0.0, 1.0, 0.0, "")


def stopped(snapshot: Snapshot) -> Stopped:
    return Stopped(snapshot, Rows.of([snapshot.row()]))


@pytest.fixture
def session() -> ToldSession:
    return ToldSession(entry=None)


@pytest.fixture
def requests(session: ToldSession) -> Requests:
    """At the entry stop."""
    requests = Requests(session)
    requests.start(lambda _reply: None)
    assert requests.state is SessionState.STARTING
    for tell in (Opened(PROGRAM, "", ""), stopped(ENTRY)):
        assert requests.hear(Reply(1, tell)) is tell
    assert requests.state is SessionState.READY
    return requests


def test_one_more_step_is_remembered_and_only_one(requests: Requests, session: ToldSession) -> None:
    assert requests.step(Next())
    assert not requests.step(Do(Phase.BACKWARD))
    assert not requests.step(Next())
    requests.hear(Reply(2, stopped(FORWARD)))
    assert requests.step_again()
    requests.hear(Reply(3, stopped(BACKWARD)))
    assert not requests.step_again()
    assert [type(ask) for ask in session.asked[1:]] == [Next, Do]


def test_going_back_is_a_step_as_any_other(requests: Requests, session: ToldSession) -> None:
    requests.step(Next())
    requests.hear(Reply(2, stopped(FORWARD)))
    assert requests.step(Back())
    assert not requests.step(Back())
    assert not requests.step(Back())
    requests.hear(Reply(3, Stopped(replace(FORWARD, index=4, stop_reason=StopReason.GOTO), ())))
    assert isinstance(requests.step_again(), Back)
    requests.hear(Reply(4, Stopped(replace(FORWARD, index=3, stop_reason=StopReason.GOTO), ())))
    assert not requests.step_again()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Refused("no", ""), id="a refusal"),
        pytest.param(stopped(replace(FORWARD, stop_reason=StopReason.EXCEPTION)), id="an exception"),
        pytest.param(stopped(ENDED), id="the end"),
        pytest.param(Died("gone", "", ""), id="a death"),
    ],
)
def test_what_was_remembered_is_forgotten_at(requests: Requests, answer: Tell) -> None:
    requests.step(Next())
    requests.step(Next())
    assert requests.hear(Reply(2, answer)) is answer
    assert not requests.step_again()


def test_nothing_is_remembered_during_a_run(requests: Requests) -> None:
    requests.step(Run(Goal.SAMPLE))
    requests.step(Next())
    requests.hear(Reply(2, Running((), "")))
    assert requests.busy
    requests.hear(Reply(2, stopped(FORWARD)))
    assert not requests.step_again()


def test_a_curve_that_was_overtaken_is_dropped(requests: Requests) -> None:
    requests.draw_curve(DrawCurve("w", 0, 1, 2))
    assert not requests.idle
    requests.step(Next())
    requests.hear(Reply(3, stopped(FORWARD)))
    assert requests.hear(Reply(2, CURVE)) is None


def test_a_curve_is_shown_that_comes_before_the_step_is_done(requests: Requests) -> None:
    requests.draw_curve(DrawCurve("w", 0, 1, 2))
    requests.step(Next())
    assert requests.hear(Reply(2, CURVE)) is CURVE


def test_of_two_values_looked_into_only_the_latter_is_shown(requests: Requests) -> None:
    requests.inspect("x")
    requests.inspect("y")
    assert requests.hear(Reply(2, Inspected("x", (), "1"))) is None
    answer = Inspected("y", (), "2")
    assert requests.hear(Reply(3, answer)) is answer


def test_after_a_restart_old_answers_no_longer_matter(requests: Requests) -> None:
    requests.step(Next())
    requests.restart()
    assert requests.hear(Reply(2, stopped(FORWARD))) is None
    assert requests.state is SessionState.STARTING
    assert not requests.step(Next())


def test_pause_reaches_what_runs_and_what_starts_but_nothing_else(requests: Requests, session: ToldSession) -> None:
    assert not requests.pause()
    requests.step(Run(Goal.END))
    assert requests.pause()
    requests.restart()
    assert requests.pause()
    assert session.pauses == 2


def test_what_is_possible() -> None:
    assert possible(SessionState.STARTING, None, False) == {"help", "quit", "restart", "faster", "slower", "pause"}
    ready = possible(SessionState.READY, FORWARD, False)
    assert {"next", "forward", "zeroing", "inspect", "play"} <= set(ready)
    assert "pause" not in ready
    assert set(possible(SessionState.RUNNING, FORWARD, False)) & {"next", "pause", "zeroing"} == {"pause"}
    assert set(possible(SessionState.ENDED, ENDED, False)) & {"next", "forward", "zeroing", "inspect"} == {"inspect"}
    assert set(possible(SessionState.DEAD, FORWARD, False)) & {"next", "inspect", "restart"} == {"restart"}
    assert "backward" not in possible(SessionState.READY, ENTRY, False)


def test_a_faster_pace_takes_several_steps_between_two_paints() -> None:
    pace = Pace()
    speeds = []
    for _ in range(len(SPEEDS) + 2):
        pace.change(1)
        asked = pace.ask
        speeds.append((asked.steps or 0 if isinstance(asked, Run) else 1) / pace.interval)
    assert speeds == [*SPEEDS[2:], *[SPEEDS[-1]] * 4]
    for _ in range(20):
        pace.change(-1)
    assert pace.speed == SPEEDS[0]


def test_the_meter_forgets_what_is_long_ago() -> None:
    seconds = iter([0.0, 0.5, 1.0, 1.5, 2.0])
    meter = Meter(lambda: next(seconds))
    meter.start()
    assert [meter.count(steps) for steps in (100, 100, 10, 10)] == [200, 200, 110, 20]
