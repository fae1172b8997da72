"""The express way through plain loops makes the very same steps as the ordinary way, and stops where that stops."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
import torch

import bptui
from bptui.engine.observe import recorder
from bptui.engine.run import checkpoints as past
from bptui.engine.run import express
from bptui.engine.run.express import Express
from bptui.engine.run.track import Track
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Phase, StopReason
from tests.engine.conftest import LECTURE as TWO_EPOCHS

LECTURE = TWO_EPOCHS.replace("range(2)", "range(12)")
IDIOM = """
import torch
from torch import nn
torch.manual_seed(1)
model = nn.Linear(1, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
losses = []
for x in torch.linspace(-1, 1, 5).tolist() * 6:
    optimizer.zero_grad()
    y_pred = model(torch.tensor([x]))
    loss = nn.functional.mse_loss(y_pred, torch.tensor([3 * x + 1]))
    loss.backward()
    losses.append(loss.item())
    optimizer.step()
"""
IN_A_FUNCTION = """
import torch
def train(epochs):
    a = torch.tensor(1.0, requires_grad=True)
    b = torch.tensor(0.5, requires_grad=True)
    for epoch in range(epochs):
        for x, y in [(1.0, 2.0), (2.0, 3.0)]:
            loss = (a * x + b - y) ** 2
            loss.backward()
            with torch.no_grad():
                a -= 0.05 * a.grad
                b -= 0.05 * b.grad
            a.grad = None
            b.grad = None
        print(epoch, a.item())
    return a
train(8)
print("done")
"""
FALLS = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for step in range(30):
    l = (w * 3 - 6) ** 2
    l.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
    w.grad.zero_()
    assert step < 20, f"step {step}"
"""
BREAKS = FALLS.replace('assert step < 20, f"step {step}"', "if step == 17: break").replace("30", "40")
CATCHES = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for epoch in range(5):
    try:
        for x in [1.0, 2.0, 3.0]:
            l = (w * x - 2 * x) ** 2
            l.backward()
            if x == 3.0 and epoch == 3: raise ValueError(x)
            w.data -= 0.01 * w.grad
            w.grad.zero_()
    except ValueError as error:
        print("caught", error)
"""
BOUND_ANEW = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for x in [1.0, 2.0, 3.0] * 8:
    l = (w * x - 2 * x) ** 2
    l.backward()
    w = (w - 0.01 * w.grad).detach().requires_grad_() if x == 2.0 else w
    if w.grad is not None: w.grad.zero_()
"""
ACCUMULATES = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for i, x in enumerate([1.0, 2.0, 3.0] * 8):
    l = (w * x - 2 * x) ** 2
    l.backward()
    if i % 4 == 3:
        w.data -= 0.01 * w.grad
        w.grad.zero_()
"""
FREEZES = """
import torch
a = torch.tensor(1.0, requires_grad=True)
b = torch.tensor(2.0, requires_grad=True)
for epoch in range(8):
    for x in (1.0, 2.0):
        loss = (a * x + (b if epoch > 3 else 0.0) - 3) ** 2
        loss.backward()
        for p in (a, b):
            if p.grad is not None: p.data -= 0.01 * p.grad
        a.grad = None
        b.grad = None
    if epoch == 5: a.requires_grad_(False)
"""
CHANGES_BETWEEN = LECTURE.replace("for epoch in range(12):\n", "for epoch in range(12):\n    w.data *= 0.9\n")
GROWS = LECTURE.replace("w.grad.data.zero_()", "w.grad = None").replace(
    "- 0.01 * w.grad.data", "- (0.01 * w.grad.data).repeat(2 if epoch == 4 else 1)"
)
DRAWS = LECTURE.replace("return x * w", "return x * w + torch.randn(1)")
COUNTS = LECTURE.replace("def forward(x):\n", "calls = []\ndef forward(x):\n    calls.append(x)\n")
GENERATES = LECTURE.replace("zip([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])", "((x, 2 * x) for x in [1.0, 2.0, 3.0])")
SCHEDULES = """
import torch
model = torch.nn.Linear(1, 1, bias=False)
torch.nn.init.ones_(model.weight)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
data = [(torch.tensor([[1.0]]), torch.tensor([[2.0]])), (torch.tensor([[2.0]]), torch.tensor([[4.0]]))]
for epoch in range(8):
    for x, y in data:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(f"{epoch} {loss.item():.4f}")
"""
TAKEN = {
    "the lecture's loop": LECTURE, "today's idiom with Adam": IDIOM, "a loop in a function": IN_A_FUNCTION,
    "a script that raises": FALLS, "a loop that breaks": BREAKS, "a loop that raises and catches": CATCHES,
    "a weight bound anew": BOUND_ANEW, "a parameter that comes late": FREEZES,
    "a weight changed between epochs": CHANGES_BETWEEN, "a weight that grows": GROWS, "a schedule": SCHEDULES,
}  # fmt: skip
SCRIPTS = TAKEN | {
    "gradients that accumulate": ACCUMULATES, "a forward that draws": DRAWS, "a forward that does more": COUNTS,
    "a generator": GENERATES,
}  # fmt: skip
POINTS: dict[str, tuple[Breakpoint, ...]] = {
    "no breakpoint": (),
    "a loss": (Breakpoint(1, condition="loss < 0.5"),),
    "a loss that is true at first": (Breakpoint(1, condition="loss > 0.3"), Breakpoint(2, condition="loss != loss")),
    "a sample": (Breakpoint(1, sample=1),),
    "an epoch": (Breakpoint(1, epoch=3),),
    "a phase in an epoch": (Breakpoint(1, phase=Phase.UPDATE, epoch=4),),
    "a place with a condition": (Breakpoint(1, phase=Phase.BACKWARD, condition="loss < 0.2"),),
    "the first phase of a turn": (Breakpoint(1, phase=Phase.FORWARD, sample=2),),
    "a phase now and then": (Breakpoint(1, phase=Phase.ZERO_GRAD, hits="% 7"),),
    "a check": (Breakpoint(1, check="zeros"),),
}

STOPS = 7


class Telling(Express):
    """Notes how often it went its own way."""

    went = 0

    def _go(self, track: Track, deadline: float) -> object:
        Telling.went += 1
        return super()._go(track, deadline)


class Ordinary(Express):
    """Always goes the ordinary way."""

    def _track(self) -> None:
        return None


def play(path: Path, points: tuple[Breakpoint, ...], seed: int) -> list[str]:
    """Everything that can be seen of a session of runs and ways back."""
    torch.manual_seed(0)
    choice = random.Random(seed)
    controller = bptui.Controller(str(path))
    seen = [controller.start()]
    controller.set_breakpoints(points)
    for _ in range(STOPS):
        if seen[-1].next is None or seen[-1].stop_reason is StopReason.EXCEPTION:
            seen.append(controller.goto(choice.randrange(controller.snapshot.index)))
        seen.append(controller.run(bptui.Goal.END))
        if choice.random() < 0.3 and seen[-1].stop_reason is StopReason.BREAKPOINT:
            seen.append(controller.next())
    rows = [row for branch in range(len(controller.branches)) for row in controller.stretches(branch, 0)]
    return [*map(repr, seen), *map(repr, rows), repr(controller.breakpoint_states())]


@pytest.fixture(params=[0.0, 0.01], ids=["in stretches of a turn", "in long stretches"])
def stretches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long stretches are, a checkpoint is made behind each, and none is too short to go on.

    Nothing depends on how busy the machine is.
    """
    monkeypatch.setattr(express, "STRETCH", request.param)
    monkeypatch.setattr(express, "LONG", 1.0 if request.param else 0.0)
    monkeypatch.setattr(express, "SHORT", 0)
    monkeypatch.setattr(express, "REST", 1)
    monkeypatch.setattr(past, "APART", 0.0)
    monkeypatch.setattr(past, "SHARE", 0)
    monkeypatch.setattr(past, "SHARE_STEPPING", 0)
    monkeypatch.setattr(recorder, "SLOW", math.inf)


@pytest.mark.usefixtures("stretches")
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("what", SCRIPTS)
def test_it_shows_and_stops_as_the_ordinary_way_does(
    what: str, points: tuple[Breakpoint, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPTS[what])
    seed = sum(map(ord, what)) + len(points)
    Telling.went = 0
    monkeypatch.setattr("bptui.engine.run.full_speed.Express", Telling)
    fast = play(path, points, seed)
    monkeypatch.setattr("bptui.engine.run.full_speed.Express", Ordinary)
    assert fast == play(path, points, seed)
    simple = not any(point.check or point.hits for point in points)
    if simple and what in TAKEN:
        assert Telling.went > 0


def test_most_of_a_long_run_goes_that_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "script.py"
    path.write_text(LECTURE.replace("range(12)", "range(300)"))
    ordinary = []
    by_itself = bptui.engine.run.stepper.Stepper.next
    monkeypatch.setattr(
        "bptui.engine.run.stepper.Stepper.next", lambda self, whole: (ordinary.append(1), by_itself(self, whole))[1]
    )
    controller = bptui.Controller(str(path))
    controller.start()
    controller.set_breakpoints((Breakpoint(1, condition="loss > 1e9"), Breakpoint(2, condition="isnan(w.grad)")))
    assert controller.run(bptui.Goal.END).index == 3600
    assert len(ordinary) < 100


def test_where_it_stops_what_functions_computed_is_known(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(LECTURE)
    controller = bptui.Controller(str(path))
    controller.start()
    controller.set_breakpoints((Breakpoint(1, condition="abs(w - 1.5) < 0.05"),))
    stop = controller.run(bptui.Goal.END)
    assert stop.phase is Phase.UPDATE, "the weight has changed since the forward"
    other = bptui.Controller(str(path))
    other.start()
    assert repr(other.run(steps=stop.index).values) == repr(stop.values)
    assert [named.name for named in stop.values] == ["x", "y", "y_pred"]


def test_a_forward_that_does_more_than_compute_is_not_run_twice(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(COUNTS)
    controller = bptui.Controller(str(path))
    controller.start()
    controller.set_breakpoints((Breakpoint(1, phase=Phase.BACKWARD, epoch=2),))
    stop = controller.run(bptui.Goal.END)
    assert stop.values[-1].name == "y_pred"
    assert controller.evaluate("len(calls)")[0].text == "7"
