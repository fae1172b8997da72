"""The lecture's loop against a loop written by hand here: every phase, every bit."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bptui
from bptui.engine.controller import Controller
from bptui.protocol.fact import Fact
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot

LESSON = str(Path(bptui.__file__).parent / "lessons" / "linear.py")
PHASES = [Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD]

State = tuple[Phase, int, int, bytes, bytes, bytes | None]
"""Phase, epoch, sample, and the bits of loss, w and w.grad."""


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


def by_hand(zeroing: Callable[[int], bool]) -> Iterator[State]:
    """The lecture's loop in plain PyTorch. `zeroing`: whether the zero_grad of a turn is run, turns counted from 0."""
    x_data, y_data = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]
    w = torch.tensor([1.0], requires_grad=True)
    loss = torch.zeros(1)

    def seen(phase: Phase, epoch: int, sample: int) -> State:
        gradient = None if w.grad is None else bits(w.grad.item())
        return phase, epoch, sample, bits(loss.item()), bits(w.item()), gradient

    turn = 0
    for epoch in range(10):
        for sample, (x, y) in enumerate(zip(x_data, y_data, strict=True)):
            loss = (x * w - y) ** 2
            yield seen(Phase.FORWARD, epoch, sample)
            loss.backward()
            yield seen(Phase.BACKWARD, epoch, sample)
            w.data = w.data - 0.01 * w.grad.data
            yield seen(Phase.UPDATE, epoch, sample)
            if zeroing(turn):
                w.grad.data.zero_()
                yield seen(Phase.ZERO_GRAD, epoch, sample)
            turn += 1


def number(fact: Fact | None) -> float:
    assert fact is not None
    assert fact.number is not None
    return fact.number


def state_of(snapshot: Snapshot) -> State:
    (w,) = snapshot.params
    assert w.name == "w"
    assert snapshot.phase is not None
    assert snapshot.epoch is not None
    assert snapshot.sample is not None
    gradient = None if w.grad is None else bits(number(w.grad))
    return (
        snapshot.phase,
        snapshot.epoch,
        snapshot.sample,
        bits(number(snapshot.loss)),
        bits(number(w.value)),
        gradient,
    )


def stepped(controller: Controller) -> Iterator[Snapshot]:
    while controller.snapshot.next is not None:
        yield controller.next()


@pytest.fixture
def lecture() -> Controller:
    controller = Controller(LESSON)
    controller.start()
    return controller


def test_all_120_phases_equal_a_loop_written_by_hand(lecture: Controller) -> None:
    assert [state_of(each) for each in stepped(lecture)] == list(by_hand(lambda turn: True))
    assert lecture.snapshot.index == 120
    assert lecture.snapshot.stop_reason is StopReason.END


def test_the_numbers_of_the_lecture(lecture: Controller) -> None:
    first = [next(stepped(lecture)) for _ in range(12)]
    gradients = [number(each.params[0].grad) for each in first if each.phase is Phase.BACKWARD]
    assert gradients == [-2.0, -7.840000152587891, -16.228801727294922]
    values = [round(number(each.params[0].value), 4) for each in first if each.phase is Phase.UPDATE]
    assert values == [1.02, 1.0984, 1.2607]
    assert "progress: 0 7.315943717956543" in first[-1].printed
    last = lecture.run(Goal.END)
    assert "progress: 9 0.03185431286692619" in last.printed
    assert last.printed.endswith("predict (after training) 4 7.804864406585693\n")


def test_it_prints_what_the_script_prints_when_run_plainly(lecture: Controller) -> None:
    printed = lecture.snapshot.printed + "".join(each.printed for each in stepped(lecture))
    plain = subprocess.run([sys.executable, LESSON], capture_output=True, text=True, check=True)
    assert printed == plain.stdout


def test_with_zeroing_off_gradients_accumulate_as_by_hand(lecture: Controller) -> None:
    lecture.set_zeroing(False)
    assert [state_of(each) for each in stepped(lecture)] == list(by_hand(lambda turn: False))


@settings(max_examples=12, deadline=None)
@given(off=st.integers(0, 20), turns=st.integers(1, 9))
def test_toggled_in_the_middle_it_still_equals_a_loop_by_hand(off: int, turns: int) -> None:
    controller = Controller(LESSON)
    controller.start()
    found = []
    for turn in range(30):
        controller.set_zeroing(not off <= turn < off + turns)
        found += [state_of(controller.next()) for _ in range(4 if controller.snapshot.zeroing else 3)]
    assert found == list(by_hand(lambda turn: not off <= turn < off + turns))


def test_a_run_leaves_the_same_timeline_as_steps(lecture: Controller) -> None:
    other = Controller(LESSON)
    other.start()
    list(stepped(lecture))
    end = other.run(Goal.END)
    assert state_of(end) == state_of(lecture.snapshot)
    assert [repr(row) for row in other.rows()] == [repr(row) for row in lecture.rows()]
    assert [each.fact.number for each in end.values] == [each.fact.number for each in lecture.snapshot.values]


def test_a_run_stops_at_the_next_sample_and_at_the_next_epoch(lecture: Controller) -> None:
    at_sample = lecture.run(Goal.SAMPLE)
    assert (at_sample.index, at_sample.phase) == (4, Phase.ZERO_GRAD)
    assert at_sample.next is not None
    assert (at_sample.next.epoch, at_sample.next.sample) == (0, 1)
    at_epoch = lecture.run(Goal.EPOCH)
    assert at_epoch.index == 12
    assert at_epoch.next is not None
    assert (at_epoch.next.epoch, at_epoch.next.sample) == (1, 0)
    assert lecture.run(Goal.END, steps=5).index == 17


def test_three_forwards_and_backwards_are_a_batch_of_three(lecture: Controller) -> None:
    for _ in range(3):
        lecture.do(Phase.FORWARD)
        lecture.do(Phase.BACKWARD)
    lecture.do(Phase.UPDATE)
    w = torch.tensor([1.0], requires_grad=True)
    for x, y in ((1.0, 2.0), (2.0, 4.0), (3.0, 6.0)):
        ((x * w - y) ** 2).backward()
    w.data = w.data - 0.01 * w.grad.data
    assert bits(number(lecture.snapshot.params[0].value)) == bits(w.item())
    assert number(lecture.do(Phase.ZERO_GRAD).params[0].grad) == 0


def test_restart_gives_the_first_time_again(lecture: Controller) -> None:
    first = [state_of(each) for each in stepped(lecture)]
    lecture.restart()
    assert [state_of(each) for each in stepped(lecture)] == first


def test_a_restart_draws_the_same_random_numbers(tmp_path: Path) -> None:
    script = tmp_path / "random_numbers.py"
    script.write_text(
        "import random, numpy, torch\n"
        "w = torch.randn(3, requires_grad=True)\n"
        "for i in range(4):\n"
        "    loss = (w * torch.randn(3)).sum() + random.random() + float(numpy.random.rand())\n"
        "    loss.backward()\n"
        "    print(loss.item(), w.grad.tolist())\n"
    )
    controller = Controller(str(script))
    controller.start()
    first = controller.run(Goal.END).printed
    controller.restart()
    assert controller.run(Goal.END).printed == first
