"""What is in flight, and which answers still matter: without a screen."""

from __future__ import annotations

import pytest

from bptui.protocol.phase import Goal
from bptui.protocol.replies import (
    BreakpointsSet,
    Completed,
    CurveDrawn,
    Died,
    Inspected,
    Opened,
    Payload,
    Reply,
    Running,
    SeenAnew,
    Stopped,
)
from bptui.protocol.requests import Ask, Complete, DrawCurve, Inspect, Next, Run, SetBreakpoints, SetWatches
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import Snapshot
from bptui.ui.actions.play import SPEEDS, Meter, Pace
from bptui.ui.model.requests import Requests, SessionState, possible
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import ENDED, ENTRY, FORWARD, PROGRAM

CURVE = CurveDrawn("w", (0.0,), (1.0,), 0.0, 1.0, 0.0, "")


def stopped(snapshot: Snapshot) -> Stopped:
    return Stopped(snapshot, Rows.of([snapshot.row()]))


@pytest.fixture
def session() -> ToldSession:
    return ToldSession(entry=None)


class Heard(list[Payload]):
    """What was told, in order."""

    def __call__(self, payload: Payload) -> None:
        self.append(payload)


@pytest.fixture
def heard() -> Heard:
    """What answers no request."""
    return Heard()


@pytest.fixture
def requests(session: ToldSession, heard: Heard) -> Requests:
    """At the entry stop."""
    requests = Requests(session, heard)
    requests.start(lambda _reply: None)
    payloads = Opened(PROGRAM, "", ""), stopped(ENTRY)
    for payload in payloads:
        requests.take(Reply(1, payload))
    assert heard == list(payloads)
    assert requests.state is SessionState.READY
    return requests


def test_an_answer_goes_to_whoever_asked_and_is_told_once(requests: Requests, heard: Heard) -> None:
    step, value = Heard(), Heard()
    assert requests.ask(Next(), step)
    assert requests.ask(Inspect("w"), value)
    assert requests.busy
    shown, stop = Inspected("w", (), "1"), stopped(FORWARD)
    for payload, number in ((shown, 3), (stop, 2), (stop, 2), (shown, 3)):
        requests.take(Reply(number, payload))
    assert (step, value) == ([stop], [shown])
    assert not requests.busy
    assert len(heard) == 2


def test_what_a_run_tells_on_the_way_does_not_end_it(requests: Requests) -> None:
    run = Heard()
    requests.ask(Run(Goal.SAMPLE), run)
    running = Running((), "")
    requests.take(Reply(2, running))
    requests.take(Reply(2, running))
    assert requests.busy
    requests.take(Reply(2, stopped(FORWARD)))
    assert not requests.busy
    assert len(run) == 3


def test_a_curve_that_was_overtaken_is_dropped(requests: Requests) -> None:
    curve = Heard()
    requests.ask(DrawCurve("w", 0, 1, 2), curve)
    assert requests.awaits(DrawCurve)
    requests.ask(Next(), Heard())
    requests.take(Reply(3, stopped(FORWARD)))
    assert not requests.awaits(DrawCurve)
    requests.take(Reply(2, CURVE))
    assert curve == []


def test_a_curve_is_shown_that_comes_before_the_step_is_done(requests: Requests) -> None:
    curve = Heard()
    requests.ask(DrawCurve("w", 0, 1, 2), curve)
    requests.ask(Next(), Heard())
    requests.take(Reply(2, CURVE))
    assert curve == [CURVE]


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        (Inspect("x"), Inspect("y"), Inspected("y", (), "2")),
        (SetWatches(("a",)), SetWatches(("a", "b")), SeenAnew(ENTRY)),
        (SetBreakpoints(()), SetBreakpoints(()), BreakpointsSet(())),
        (Complete("a"), Complete("ab"), Completed(0, ())),
    ],
)
def test_of_two_requests_of_a_kind_only_the_latter_is_answered(
    requests: Requests, first: Ask, second: Ask, answer: Payload
) -> None:
    former, latter = Heard(), Heard()
    requests.ask(first, former)
    requests.ask(second, latter)
    requests.take(Reply(2, answer))
    assert latter == []
    requests.take(Reply(3, answer))
    assert (former, latter) == ([], [answer])


def test_after_a_restart_old_answers_no_longer_matter(requests: Requests) -> None:
    step = Heard()
    requests.ask(Next(), step)
    requests.restart()
    requests.take(Reply(2, stopped(FORWARD)))
    assert step == []
    assert requests.state is SessionState.STARTING
    assert not requests.ask(Next(), step)


def test_after_a_death_nothing_is_asked(requests: Requests, session: ToldSession, heard: Heard) -> None:
    died = Died("gone", "", "")
    requests.take(Reply(1, died))
    assert heard[-1] is died
    asked = len(session.asked)
    assert not requests.ask(Next(), Heard())
    assert len(session.asked) == asked


def test_pause_reaches_what_runs_and_what_starts_but_nothing_else(requests: Requests, session: ToldSession) -> None:
    assert not requests.pause()
    requests.ask(Run(Goal.END), Heard())
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
