"""The session that runs the lecture by itself tells what the engine tells, so what the screen shows of it is true."""

from __future__ import annotations

import json
import random
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import bptui
from bptui.engine.errors import StepRefused
from bptui.protocol.codec import encode
from bptui.protocol.messages import (
    Ask,
    Back,
    CurveDrawn,
    Do,
    DrawCurve,
    GoTo,
    Inspect,
    Inspected,
    Next,
    Opened,
    Refused,
    Reply,
    Run,
    Running,
    SeenAnew,
    SetZeroing,
    ShowTape,
    Step,
    Stopped,
    TapeShown,
    Tell,
)
from bptui.protocol.phase import Goal, Mark, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Move
from tests.ui.fakes.fake_session import FakeSession

LESSON = Path(bptui.__file__).parent / "lessons" / "linear.py"
PHASES = {phase.value[0]: phase for phase in Phase}
MOVES = {"s": Move.IN, "S": Move.BACK, "v": Move.OVER, "O": Move.UP, "o": Move.OUT}
TIMES: dict[str, Ask] = {"N": Back(), "g": GoTo(0), "G": GoTo(-1), "0": GoTo(-1, 0), "5": GoTo(5)}
GOALS = {"m": Goal.SAMPLE, "e": Goal.EPOCH, "c": Goal.END}


def ask_of(key: str, zeroing: bool) -> Ask:
    """What that key asks for."""
    if key in PHASES:
        return Do(PHASES[key])
    if key in GOALS:
        return Run(GOALS[key])
    if key in TIMES:
        return TIMES[key]
    if key in MOVES:
        return Step(MOVES[key])
    return SetZeroing(not zeroing) if key == "a" else Next()


class Heard:
    """A session and what it told."""

    def __init__(self) -> None:
        self.tells: list[Tell] = []
        self.session = FakeSession()
        self.session.start(self.hear)

    def hear(self, reply: Reply) -> None:
        assert reply.number == len(self.session.asked)
        self.tells.append(reply.tell)

    def press(self, keys: str) -> Tell:
        """The answer to the last of these."""
        for key in keys:
            self.session.send(ask_of(key, self.session.lecture.zeroing))
        return self.tells[-1]

    def stop(self, keys: str = "") -> Snapshot:
        """The stop after these."""
        tell = self.press(keys)
        assert isinstance(tell, Stopped | SeenAnew)
        return tell.snapshot


def grads(snapshots: list[Snapshot]) -> list[float | None]:
    return [s.params[0].grad.number for s in snapshots if s.phase is Phase.BACKWARD and s.params[0].grad]


def test_it_opens_at_the_entry_stop() -> None:
    heard = Heard()
    assert [type(tell) for tell in heard.tells] == [Opened, Stopped]
    assert (heard.stop().stop_reason, heard.stop().printed) == (StopReason.ENTRY, "predict (before training) 4 4.0\n")
    assert heard.stop().params[0].grad is None


def test_the_first_epoch_has_the_lectures_numbers() -> None:
    heard = Heard()
    snapshots = [heard.stop("n") for _ in range(12)]
    assert grads(snapshots) == [-2.0, -7.840000152587891, -16.228801727294922]
    moved = [round(s.params[0].value.number or 0, 4) for s in snapshots if s.phase is Phase.UPDATE]
    assert moved == [1.02, 1.0984, 1.2607]
    assert snapshots[-1].printed == "progress: 0 7.315943717956543 <class 'float'>\n"


def test_ten_epochs_end_as_the_lecture_does() -> None:
    end = Heard().stop("c")
    assert (end.stop_reason, end.index, end.consumed, end.next) == (StopReason.END, 120, 30, None)
    assert (
        "progress: 9 0.03185431286692619 <class 'float'>\npredict (after training) 4 7.804864406585693\n" in end.printed
    )


def test_a_run_tells_all_rows_once_and_at_the_end_all_that_was_printed() -> None:
    heard = Heard()
    end = heard.stop("c")
    runs = [tell for tell in heard.tells if isinstance(tell, Running)]
    last = heard.tells[-1]
    assert isinstance(last, Stopped)
    rows = [row.index for tell in (*runs, last) for row in chain(*tell.rows)]
    assert rows == list(range(1, 121))
    assert len(runs) > 5
    assert end.printed.startswith("".join(tell.printed for tell in runs))


def test_a_run_can_be_paused() -> None:
    session = FakeSession()
    stops: list[Snapshot] = []

    def hear(reply: Reply) -> None:
        if isinstance(reply.tell, Running):
            session.pause()
        elif isinstance(reply.tell, Stopped):
            stops.append(reply.tell.snapshot)

    session.start(hear)
    session.send(Run(Goal.END))
    assert (stops[-1].stop_reason, stops[-1].index) == (StopReason.PAUSE, 11)


def test_a_restart_begins_anew() -> None:
    heard = Heard()
    first = told(heard.stop())
    heard.press("nnna")
    heard.session.restart()
    assert told(heard.stop()) == first


def test_curves_and_values_are_told() -> None:
    heard = Heard()
    heard.session.send(DrawCurve("w", 0.0, 2.0, 3))
    assert isinstance(early := heard.tells[-1], CurveDrawn)
    assert early.reason == "no forward has run yet"
    heard.session.send(Inspect("w.grad"))
    assert isinstance(heard.tells[-1], Refused)
    heard.press("n")
    heard.session.send(DrawCurve("w", 0.0, 2.0, 3))
    assert isinstance(curve := heard.tells[-1], CurveDrawn)
    assert (curve.xs, curve.ys, curve.at, curve.loss, curve.slope) == ((0, 1, 2), (4, 1, 0), 1, 1, -2)
    heard.session.send(Inspect("w"))
    assert isinstance(value := heard.tells[-1], Inspected)
    assert value.text == "tensor([1.], requires_grad=True)"


# ---- the same as the engine


def told(snapshot: Snapshot) -> dict[str, Any]:
    """All that a snapshot tells; inside a phase without its place in the data, brought to without how it came there."""
    facts = dict(json.loads(encode(Stopped(snapshot, ())))["snapshot"])
    left = ("epoch", "sample") if snapshot.op else ()
    left += ("explain", "printed") if snapshot.stop_reason is StopReason.GOTO else ()
    return {name: fact for name, fact in facts.items() if name not in left}


def engine_tells(keys: str) -> list[dict[str, Any] | tuple[str, str]]:
    """What the engine answers to each of these, a refusal as its message and hint."""
    controller = bptui.Controller(str(LESSON))
    answers: list[dict[str, Any] | tuple[str, str]] = [told(controller.start())]
    for key in keys:
        try:
            match ask_of(key, controller.snapshot.zeroing):
                case Do(phase):
                    snapshot = controller.do(phase)
                case Run(goal):
                    snapshot = controller.run(goal)
                case Step(move):
                    snapshot = controller.step(move)
                case Back(steps):
                    snapshot = controller.back(steps)
                case GoTo(index, branch):
                    snapshot = controller.goto(index, branch)
                case SetZeroing(on):
                    snapshot = controller.set_zeroing(on)
                case _:
                    snapshot = controller.next()
        except StepRefused as refused:
            answers.append((refused.message, refused.hint))
        else:
            answers.append(told(snapshot))
    return answers


def fake_tells(keys: str) -> list[dict[str, Any] | tuple[str, str]]:
    heard = Heard()
    answers: list[dict[str, Any] | tuple[str, str]] = [told(heard.stop())]
    for key in keys:
        tell = heard.press(key)
        answers.append((tell.message, tell.hint) if isinstance(tell, Refused) else told(heard.stop()))
    return answers


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param("n" * 121, id="in order to the end and beyond"),
        pytest.param("fbfbfbuz", id="a batch of three"),
        pytest.param("a" + "n" * 91, id="accumulating to the end"),
        pytest.param("nnnanzufanab", id="zeroing turned off and on in the middle"),
        pytest.param("bfubbzzffuun", id="out of order and refused"),
        pytest.param("mmneaac", id="runs"),
        pytest.param("s" * 70, id="op by op"),
        pytest.param("ssssSSSSssOoSvvoOovOs", id="to and fro inside"),
        pytest.param("sfsssbsnszsuos", id="into each phase, and out by its own key"),
        pytest.param("snsoassassasosnsoas", id="zeroing turned off and on inside"),
        pytest.param("so" * 8 + "SOo", id="in and out again"),
        pytest.param("nnnnNNnnNNNfNNnnG0gN", id="to and fro in time, with a branch"),
        pytest.param("sossNNNsosnNNsonn5NNfbuNg0", id="back out of a phase"),
        pytest.param("eNNNanngnnaNNnGc0N5", id="back into a run, with zeroing otherwise"),
        *(
            pytest.param("".join(random.Random(seed).choices("nnfbuzame", k=60)), id=f"pressed at random, {seed}")
            for seed in range(4)
        ),
        *(
            pytest.param("".join(random.Random(seed).choices("nnnfbuzamNNNNgG05", k=60)), id=f"in time, {seed}")
            for seed in range(4)
        ),
    ],
)
def test_it_tells_what_the_engine_tells(keys: str) -> None:
    for at, (fake, real) in enumerate(zip(fake_tells(keys), engine_tells(keys), strict=True)):
        if TIMES.keys() & set(keys) and isinstance(fake, dict) and isinstance(real, dict):
            del fake["tape"], real["tape"]  # what going back does to it is not told
        assert fake == real, f"after {keys[:at]}"


def test_what_is_marked_is_what_comes_next() -> None:
    heard = Heard()
    for key in random.Random(7).choices("nfbuzam", k=200):
        heard.press(key)
        snapshot = heard.session.snapshot
        assert snapshot is not None
        marked = [at for at, mark in enumerate(snapshot.marks) if mark is Mark.NEXT]
        assert marked == ([snapshot.next.block] if snapshot.next else [])


def tape_told(tell: TapeShown) -> dict[str, Any]:
    return dict(json.loads(encode(tell)))


@pytest.mark.parametrize("keys", ["s", "sssss", "sosso", "so" * 2 + "s", "so" * 3 + "s", "so" * 5, "sonnn", "sonnnn"])
def test_its_tape_is_the_engines(keys: str) -> None:
    heard = Heard()
    heard.press(keys)
    heard.session.send(ShowTape())
    fake = heard.tells[-1]
    assert isinstance(fake, TapeShown)
    controller = bptui.Controller(str(LESSON))
    controller.start()
    for key in keys:
        controller.next() if key == "n" else controller.step(MOVES[key])
    assert tape_told(fake) == tape_told(controller.tape())
