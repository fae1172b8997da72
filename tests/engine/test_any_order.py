"""Any order of commands does what "What a step means" says, against a model that runs its own PyTorch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.snapshot import Snapshot

SCRIPT = """
import torch
w = torch.tensor([1.0], requires_grad=True)
count = 0
for epoch in range(2):
    for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]:
        l = (x * w - y) ** 2
        l.backward()
        count += 1
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
"""
SAMPLES = [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)] * 2
ORDER = [Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD]

COMMANDS = st.lists(
    st.sampled_from(["next", "next", "next", "zeroing", "sample", "restart", *map(str, ORDER)]), min_size=1, max_size=40
)


class Refusal(Exception):
    """The model refuses the command."""


class Model:
    """The program as the words describe it: a place in the script's order, and plain PyTorch."""

    def __init__(self) -> None:
        self.w = torch.tensor([1.0], requires_grad=True)
        self.loss: torch.Tensor | None = None
        self.turn, self.place = 0, 0
        self.at = SAMPLES[0]
        self.fresh, self.zeroing = False, True
        self.count = 0

    def run(self, phase: Phase) -> None:
        if phase is Phase.FORWARD:
            self.loss = (self.at[0] * self.w - self.at[1]) ** 2
            self.fresh = True
        elif phase is Phase.BACKWARD:
            if self.loss is None:
                raise Refusal
            try:
                self.loss.backward()
            except RuntimeError:
                raise Refusal from None
            self.fresh = False
        elif self.w.grad is None:
            raise Refusal
        elif phase is Phase.UPDATE:
            self.w.data = self.w.data - 0.01 * self.w.grad.data
        else:
            self.w.grad.data.zero_()

    def run_in_order(self) -> None:
        phase = ORDER[self.place]
        if phase is Phase.FORWARD:
            self.at = SAMPLES[self.turn]
        self.run(phase)
        self.count += phase is Phase.BACKWARD  # the counter behind it: once for each sample, in the script's order
        self.move()
        self.pass_zeroing()

    def move(self) -> None:
        self.place += 1
        if self.place == 4:
            self.place, self.turn, self.fresh = 0, self.turn + 1, False

    def pass_zeroing(self) -> None:
        if not self.zeroing and self.place == 3:
            self.move()

    def command(self, word: str) -> None:
        if self.turn == 6:
            raise Refusal
        if word == "next":
            self.next()
        elif word == "sample":
            turn = self.turn
            while self.turn == turn:
                self.next()
        else:
            self.do(Phase(word))

    def next(self) -> None:
        self.pass_zeroing()
        if self.turn < 6:
            self.run_in_order()

    def do(self, phase: Phase) -> None:
        if phase is ORDER[self.place]:
            self.run_in_order()
        elif phase is not Phase.FORWARD or self.fresh:
            self.run(phase)
        elif self.turn == 5:
            raise Refusal
        else:
            while self.place:
                self.count += self.place == 1  # passing over a backward, what stands beside it still runs
                self.move()
            self.run_in_order()


def seen(loss: float | None, w: float | None, gradient: float | None) -> str:
    return f"{loss!r} {w!r} {gradient!r}"


def of_snapshot(snapshot: Snapshot) -> str:
    (w,) = snapshot.params
    return seen(snapshot.loss and snapshot.loss.number, w.value.number, w.grad and w.grad.number)


def of_model(model: Model) -> str:
    gradient = None if model.w.grad is None else model.w.grad.item()
    return seen(None if model.loss is None else model.loss.item(), model.w.item(), gradient)


def carry_out(controller: Controller, word: str) -> None:
    if word == "next":
        controller.next()
    elif word == "sample":
        controller.run(Goal.SAMPLE)
    else:
        controller.do(Phase(word))


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("any_order") / "script.py"
    path.write_text(SCRIPT)
    return str(path)


@settings(max_examples=150, deadline=None)
@given(commands=COMMANDS)
def test_any_order_does_what_the_words_say(script: str, commands: list[str]) -> None:
    controller, model = Controller(script), Model()
    controller.start()
    for word in commands:
        if word == "restart":
            controller.restart()
            zeroing, model = model.zeroing, Model()
            model.zeroing = zeroing
            continue
        if word == "zeroing":
            model.zeroing = not model.zeroing
            controller.set_zeroing(model.zeroing)
            continue
        refused = [False, False]
        try:
            model.command(word)
        except Refusal:
            refused[0] = True
        try:
            carry_out(controller, word)
        except StepRefused:
            refused[1] = True
        assert refused[0] == refused[1], word
        assert of_snapshot(controller.snapshot) == of_model(model), word
        assert controller._execution.machine.module["count"] == model.count, word
