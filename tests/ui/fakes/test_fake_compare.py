"""The session that runs the lecture by itself compares zeroing as the engine does."""

from __future__ import annotations

import threading

import pytest

import bptui
from bptui.engine.errors import StepRefused
from bptui.protocol.messages import Compare, Compared, Next, Opened, Refused, Reply, Running, SetZeroing, Stopped
from bptui.session.live import LiveSession
from bptui.trace.timeline import Timeline
from tests.ui.fakes.test_fake_session import LESSON, Heard, told


@pytest.mark.parametrize(
    ("keys", "steps"),
    [
        pytest.param("", None, id="from the entry to the end"),
        pytest.param("nnnnnnnnn", None, id="to the end"),
        pytest.param("nnnnnnn", 20, id="some steps"),
        pytest.param("nnnnnannn", 20, id="with zeroing off"),
        pytest.param("nnnnnNNN", 6, id="in the past"),
        pytest.param("nnnnsss", 6, id="inside a phase"),
    ],
)
def test_it_tells_what_the_engine_tells(keys: str, steps: int | None) -> None:
    heard = Heard()
    heard.press(keys)
    heard.session.send(Compare(steps))
    fake = heard.tells[-1]
    assert isinstance(fake, Compared)
    controller = bptui.Controller(str(LESSON))
    controller.start()
    for key in keys:
        match key:
            case "a":
                controller.set_zeroing(False)
            case "N":
                controller.back()
            case "s":
                controller.step(bptui.protocol.tape.Move.IN)
            case _:
                controller.next()
    real, on, off = controller.compare(steps)
    assert (fake.at, fake.on, fake.off) == (real.index, on, off)
    assert told(fake.stop.snapshot) | {"tape": 0} == told(real) | {"tape": 0}
    timeline = heard.session.timeline
    for branch in (on, off):
        last = timeline.last(branch)
        end = controller.goto(-1, branch)
        assert (end.index, end.branch) == (last, branch)
        row = timeline.row(branch, last)
        assert row is not None
        assert (row.phase, row.loss, row.params) == (end.phase, end.row().loss, end.row().params)


def test_at_the_end_both_refuse() -> None:
    heard = Heard()
    heard.press("c")
    heard.session.send(Compare())
    fake = heard.tells[-1]
    assert isinstance(fake, Refused)
    controller = bptui.Controller(str(LESSON))
    controller.start()
    controller.run()
    with pytest.raises(StepRefused) as refused:
        controller.compare()
    assert (fake.message, fake.hint) == (refused.value.message, refused.value.hint)


def test_over_the_wall_all_rows_of_both_ways_are_in_the_timeline() -> None:
    session = LiveSession(str(LESSON))
    answered = threading.Event()
    tells: list[object] = []

    def hear(reply: Reply) -> None:
        tells.append(reply.tell)
        if not isinstance(reply.tell, Running | Opened):
            answered.set()

    session.start(hear)
    assert answered.wait(60)
    for ask in (Next(), Next(), Next(), SetZeroing(False), Compare(30)):
        answered.clear()
        session.send(ask)
        assert answered.wait(60)
    compared = tells[-1]
    assert isinstance(compared, Compared)
    assert isinstance(compared.stop, Stopped)
    assert (compared.at, compared.stop.snapshot.index, compared.stop.snapshot.zeroing) == (3, 3, False)
    timeline: Timeline = session.timeline
    for branch in (compared.on, compared.off):
        assert [row.index for row in timeline.rows(branch, 0, 100)] == list(range(34))
    phases = [[row.phase for row in timeline.rows(branch, 0, 100)] for branch in (compared.on, compared.off)]
    assert "zero_grad" in phases[0]
    assert "zero_grad" not in phases[1]
    session.close()
