"""Commands in any order on the lecture, against a model written from the design's words with its own plain PyTorch."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bptui
from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.fact import Fact
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot

LESSON = str(Path(bptui.__file__).parent / "lessons" / "linear.py")
SAMPLES = ((1.0, 2.0), (2.0, 4.0), (3.0, 6.0))
EPOCHS = 10
ORDER = (Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD)
SHORT = dict(zip("fbuz", ORDER, strict=True))


class Refused(Exception):
    """The model refuses the step too."""


class Model:
    """The lecture's program as the design says that it steps."""

    def __init__(self) -> None:
        self.zeroing = True
        self.restart()

    def restart(self) -> None:
        self.w = torch.tensor([1.0], requires_grad=True)
        self.loss: torch.Tensor | None = None
        self.turn = 0
        """Which sample of all is at hand."""
        self.at = 0
        """Which phase comes next in the script's order."""
        self.waiting = False
        """Whether a forward was run that no backward followed."""
        self.ran_turn = 0
        """The sample of the last step in order."""
        self.consumed = 0
        self.steps = 0
        self.ledger: list[tuple[int, int, bytes]] = []
        self.printed = f"predict (before training) 4 {(4 * self.w).item()}\n"

    @property
    def ended(self) -> bool:
        return self.turn == EPOCHS * len(SAMPLES)

    # ---- commands

    def next(self) -> None:
        self._going()
        self.printed = ""
        self._next()

    def do(self, phase: Phase) -> None:
        self._going()
        self.printed = ""
        if phase is ORDER[self.at]:
            self._in_order()
        elif phase is not Phase.FORWARD or self.waiting:
            self._run(phase)
        elif self.turn + 1 == EPOCHS * len(SAMPLES):
            raise Refused
        else:
            while self.at != 0:
                self._move_on()
            self._in_order()
        self.steps += 1

    def run(self, goal: Goal, steps: int | None) -> None:
        self._going()
        self.printed = ""
        turn, taken = self.turn, 0
        while not self.ended and taken != steps:
            self._next()
            taken += 1
            if goal is Goal.SAMPLE and self.turn != turn:
                break
            if goal is Goal.EPOCH and self.turn // len(SAMPLES) != turn // len(SAMPLES):
                break

    # ---- how

    def _going(self) -> None:
        if self.ended:
            raise Refused

    def _next(self) -> None:
        self._pass_zero_grad()
        if not self.ended:
            self._in_order()
        self.steps += 1

    def _in_order(self) -> None:
        phase = ORDER[self.at]
        self.ran_turn = self.turn
        self._run(phase)
        if phase is Phase.BACKWARD:
            assert self.w.grad is not None
            x, y = SAMPLES[self.turn % len(SAMPLES)]
            self._print("\tgrad:", x, y, self.w.grad.item())
            self._print("\tw.grad.data:", self.w.grad.data, type(self.w.grad.data))
            self._print("\tw:", self.w, type(self.w))
        self._move_on()
        self._pass_zero_grad()

    def _pass_zero_grad(self) -> None:
        if not self.zeroing and not self.ended and ORDER[self.at] is Phase.ZERO_GRAD:
            self._move_on()

    def _move_on(self) -> None:
        self.at = (self.at + 1) % len(ORDER)
        if self.at != 0:
            return
        self.waiting = False
        self.turn += 1
        if self.turn % len(SAMPLES) == 0:
            assert self.loss is not None
            self._print("progress:", self.turn // len(SAMPLES) - 1, self.loss.item(), type(self.loss.item()))
        if self.ended:
            self._print("predict (after training)", 4, (4 * self.w).item())

    def _run(self, phase: Phase) -> None:
        """The phase's own statements; what PyTorch refuses is refused."""
        try:
            getattr(self, f"_{phase.value}")()
        except (RuntimeError, AttributeError):
            raise Refused from None

    def _forward(self) -> None:
        x, y = SAMPLES[self.turn % len(SAMPLES)]
        y_pred = x * self.w
        self.loss = (y_pred - y) ** 2
        self.waiting = True

    def _backward(self) -> None:
        if self.loss is None:
            raise Refused
        (alone,) = torch.autograd.grad(self.loss, self.w, retain_graph=True)
        self.loss.backward()
        self.waiting = False
        self.consumed += 1
        self.ledger.append((self.ran_turn // len(SAMPLES), self.ran_turn % len(SAMPLES), bits(alone.item())))

    def _update(self) -> None:
        self.w.data = self.w.data - 0.01 * self.w.grad.data

    def _zero_grad(self) -> None:
        self.w.grad.data.zero_()
        self.ledger.clear()

    def _print(self, *what: object) -> None:
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            print(*what)
        self.printed += told.getvalue()


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


def bits_of(fact: Fact | None) -> bytes | None:
    if fact is None:
        return None
    assert fact.number is not None
    return bits(fact.number)


def bits_in(tensor: torch.Tensor | None) -> bytes | None:
    return None if tensor is None else bits(tensor.item())


def agree(stop: Snapshot, model: Model) -> None:
    """The snapshot and the model say the same."""
    (w,) = stop.params
    assert w.name == "w"
    assert bits_of(w.value) == bits_in(model.w)
    assert bits_of(w.grad) == bits_in(model.w.grad)
    assert bits_of(stop.loss) == bits_in(model.loss)
    assert (stop.epoch, stop.sample) == divmod(model.ran_turn, len(SAMPLES))
    assert (stop.index, stop.consumed, stop.zeroing) == (model.steps, model.consumed, model.zeroing)
    listed = [(c.epoch, c.sample, bits_of(c.value)) for each in stop.ledger for c in each.contributions]
    assert listed == model.ledger
    assert all(each.difference is None for each in stop.ledger)
    if model.ended:
        assert (stop.next, stop.stop_reason, stop.possible) == (None, StopReason.END, ())
        return
    assert stop.next is not None
    if not model.zeroing and ORDER[model.at] is Phase.ZERO_GRAD and model.turn < 29:
        assert stop.next.phase is Phase.FORWARD  # what `next` runs, passing over zero_grad; its sample is not taken yet
        return
    assert stop.next.phase is ORDER[model.at]
    assert (stop.next.epoch, stop.next.sample) == divmod(model.turn, len(SAMPLES))


def same_step(controller: Controller, model: Model, step: Callable[[], Snapshot], modelled: Callable[[], None]) -> None:
    """Both do the step and agree, or both refuse it."""
    before, rows = controller.snapshot, len(controller.rows())
    try:
        modelled()
    except Refused:
        with pytest.raises(StepRefused):
            step()
        assert controller.snapshot is before
        assert len(controller.rows()) == rows
        return
    stop = step()
    assert stop.printed == model.printed
    assert len(controller.rows()) == model.steps + 1
    agree(stop, model)


def obey(controller: Controller, model: Model, command: str | tuple[Goal, int | None]) -> None:
    if isinstance(command, tuple):
        goal, steps = command
        same_step(controller, model, lambda: controller.run(goal, steps), lambda: model.run(goal, steps))
    elif command == "n":
        same_step(controller, model, controller.next, model.next)
    elif command in SHORT:
        phase = SHORT[command]
        same_step(controller, model, lambda: controller.do(phase), lambda: model.do(phase))
    elif command == "restart":
        model.restart()
        stop = controller.restart()
        assert stop.printed == model.printed
        agree(stop, model)
    else:
        model.zeroing = command == "on"
        agree(controller.set_zeroing(model.zeroing), model)


def walk(commands: list[str | tuple[Goal, int | None]]) -> None:
    controller, model = Controller(LESSON), Model()
    agree(controller.start(), model)
    for command in commands:
        obey(controller, model, command)


RUNS = st.tuples(st.sampled_from(list(Goal)), st.integers(1, 30)) | st.tuples(
    st.sampled_from([Goal.SAMPLE, Goal.EPOCH]), st.none()
)
COMMANDS = st.lists(
    st.sampled_from("nnnffbbuuzz") | st.sampled_from(["on", "off", "off"]) | RUNS | st.just("restart"), max_size=50
)


@settings(max_examples=60, deadline=None)
@given(commands=COMMANDS)
@example(commands=list("fbfbfbuz"))
@example(commands=[*"nnnn", "off", *"nnnnnn", "on", *"nnnn"])
@example(commands=["n", "n", "n", "off", "n", "z", "on", "n"])
@example(commands=[(Goal.END, 118), "off", "n", "n", "f"])
@example(commands=[(Goal.END, 119), "off", "n", "n"])
def test_commands_in_any_order_do_what_the_design_says(commands: list[str | tuple[Goal, int | None]]) -> None:
    walk(commands)


@settings(max_examples=15, deadline=None)
@given(off=st.integers(0, 119), off_for=st.integers(0, 40))
def test_zeroing_may_be_turned_off_and_on_between_any_two_steps(off: int, off_for: int) -> None:
    walk([*"n" * off, "off", *"n" * off_for, "on", (Goal.END, None)])


def everything(stops: Iterator[Snapshot]) -> list[str]:
    return [repr(each) for each in stops]


def to_the_end(controller: Controller) -> Iterator[Snapshot]:
    yield controller.snapshot
    while controller.snapshot.next is not None:
        yield controller.next()


NOISY = """
import random
import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

generator = np.random.default_rng(5)
data = TensorDataset(torch.randn(8, 2), torch.randn(8, 1))
loader = DataLoader(data, batch_size=3, shuffle=True)
model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=random.random())
for epoch in range(2):
    for x, y in loader:
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean() * generator.random()
        loss.backward()
        optimizer.step()
        print(random.random(), np.random.rand(), torch.rand(1).item())
"""


@pytest.mark.parametrize("stray", [0, 1, 3, 7, 100], ids=lambda steps: f"after {steps} steps")
def test_after_a_restart_every_snapshot_is_the_first_times_again(stray: int, tmp_path: Path) -> None:
    script = tmp_path / "noisy.py"
    script.write_text(NOISY)
    controller = Controller(str(script))
    controller.start()
    first = everything(to_the_end(controller))
    controller.restart()
    for _ in range(stray):
        if controller.snapshot.next is not None:
            controller.next()
    torch.rand(7)  # what the caller draws in between
    controller.restart()
    assert everything(to_the_end(controller)) == first
    assert len(controller.rows()) == len(first)
