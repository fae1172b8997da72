"""A run at full speed makes the very same steps as going one by one, and stops where that stops."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import bptui
from bptui.engine.run import checkpoints
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.rows import Row
from bptui.protocol.snapshot import Snapshot
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
SMALL_NET = """
import torch
torch.manual_seed(3)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(2, 8), torch.nn.Linear(8, 1)
    def forward(self, x):
        hidden = torch.tanh(self.a(x))
        return self.b(hidden)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
data = [(torch.randn(1, 2), torch.randn(1, 1)) for _ in range(4)]
for epoch in range(6):
    for x, y in data:
        optimizer.zero_grad(set_to_none=epoch < 3)
        loss = torch.nn.functional.mse_loss(net(x), y)
        loss.backward()
        if epoch == 4: torch.nn.utils.clip_grad_norm_(net.parameters(), 0.01)
        optimizer.step()
"""
LOADER = """
import torch
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
loader = DataLoader(TensorDataset(torch.randn(12, 2), torch.randn(12, 1)), batch_size=4, shuffle=True)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(6):
    for x, y in loader:
        loss = torch.nn.functional.mse_loss(torch.nn.functional.dropout(model(x), 0.1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
LARGE = {"a small net", "a DataLoader", "a weight that grows"}
"""Where parameters are more than one number."""
SCRIPTS = {
    "the lecture's loop": LECTURE, "today's idiom with Adam": IDIOM, "a loop in a function": IN_A_FUNCTION,
    "a script that raises": FALLS, "a loop that breaks": BREAKS, "a loop that raises and catches": CATCHES,
    "a weight bound anew": BOUND_ANEW, "a parameter that comes late": FREEZES,
    "a weight changed between epochs": CHANGES_BETWEEN, "a weight that grows": GROWS, "a schedule": SCHEDULES,
    "gradients that accumulate": ACCUMULATES, "a forward that draws": DRAWS, "a forward that does more": COUNTS,
    "a generator": GENERATES, "a small net": SMALL_NET, "a DataLoader": LOADER,
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
Go = Callable[[bptui.Controller], Snapshot]


def at_once(controller: bptui.Controller) -> Snapshot:
    """Run to the next breakpoint or the end."""
    return controller.run(bptui.Goal.END)


def one_by_one(controller: bptui.Controller) -> Snapshot:
    """The same, each block in a run of its own."""
    printed, errors = "", ""
    while True:
        stop = controller.run(steps=1)
        printed, errors = printed + stop.printed, errors + stop.errors
        if stop.stop_reason is not StopReason.STEP:
            return dataclasses.replace(stop, printed=printed, errors=errors)


def seen(stop: Snapshot) -> str:
    """Everything of a stop but the words that compare it with the one before."""
    return repr(dataclasses.replace(stop, explain="", changes=()))


def check_changes(fast: Snapshot, slow: Snapshot) -> None:
    """A run may know less of what its last step changed, and says nothing else."""
    assert {repr(each) for each in fast.changes} <= {repr(each) for each in slow.changes}
    numbers = [each.name for each in fast.params if each.value.numel == 1]
    wanted = {each.name for each in slow.changes} & {name for each in numbers for name in (each, f"{each}.grad")}
    assert wanted <= {each.name for each in fast.changes}


def play(path: Path, points: tuple[Breakpoint, ...], seed: int, go: Go) -> tuple[list[Snapshot], list[str], list[Row]]:
    """Everything that can be seen of a session of runs and ways back; and its rows, branch by branch."""
    torch.manual_seed(0)
    choice = random.Random(seed)
    controller = bptui.Controller(str(path))
    stops = [controller.start()]
    controller.set_breakpoints(points)
    for _ in range(STOPS):
        if stops[-1].next is None or stops[-1].stop_reason is StopReason.EXCEPTION:
            stops.append(controller.goto(choice.randrange(controller.snapshot.index)))
        stops.append(go(controller))
        if choice.random() < 0.3 and stops[-1].stop_reason is StopReason.BREAKPOINT:
            with contextlib.suppress(bptui.StepRefused):  # where PyTorch rejects it, it does so after either run
                stops.append(controller.next())
    rows = [row for branch in range(len(controller.branches)) for row in rows_of(controller, branch)]
    return stops, [*map(seen, stops), repr(controller.breakpoint_states())], rows


def rows_of(controller: bptui.Controller, branch: int = 0) -> list[Row]:
    """The rows of a branch of its own."""
    return [row for stretch in controller.stretches(branch, 0) for row in stretch]


def check_rows(fast: list[Row], slow: list[Row], *, measured_now_and_then: bool) -> None:
    """The rows are the same; of large parameters a run may leave out norms, and gives no others."""
    assert len(fast) == len(slow)
    for one, other in zip(fast, slow, strict=True):
        assert repr(dataclasses.replace(one, params=())) == repr(dataclasses.replace(other, params=()))
        assert [name for name, *_ in one.params] == [name for name, *_ in other.params]
        for (_, *numbers), (_, *wanted) in zip(one.params, other.params, strict=True):
            for number, want in zip(numbers, wanted, strict=True):
                assert repr(number) == repr(want) or (measured_now_and_then and None in (number, want))


@pytest.fixture
def many_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint at each turn, however fast the machine is."""
    monkeypatch.setattr(checkpoints, "APART", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", 0)
    monkeypatch.setattr(checkpoints, "SHARE_STEPPING", 0)


@pytest.mark.usefixtures("many_checkpoints")
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("what", SCRIPTS)
def test_it_shows_and_stops_as_single_steps_do(what: str, points: tuple[Breakpoint, ...], tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPTS[what])
    seed = sum(map(ord, what)) + len(points)
    stops, fast, rows = play(path, points, seed, at_once)
    wanted, slow, others = play(path, points, seed, one_by_one)
    assert fast == slow
    for one, other in zip(stops, wanted, strict=True):
        check_changes(one, other)
    check_rows(rows, others, measured_now_and_then=what in LARGE)


@pytest.mark.parametrize("what", SCRIPTS)
def test_where_it_ends_all_is_as_after_steps_in_detail(what: str, tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPTS[what])
    for steps in (5, 18):
        torch.manual_seed(0)
        controller = bptui.Controller(str(path))
        controller.start()
        fast = controller.run(steps=steps)
        torch.manual_seed(0)
        other = bptui.Controller(str(path))
        other.start()
        stops = [other.next() for _ in range(steps)]
        slow = dataclasses.replace(
            stops[-1], printed="".join(stop.printed for stop in stops), errors="".join(stop.errors for stop in stops)
        )
        assert seen(fast) == seen(slow)
        check_rows(rows_of(controller), rows_of(other), measured_now_and_then=what in LARGE)


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


def test_a_forward_is_run_once(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(COUNTS)
    controller = bptui.Controller(str(path))
    controller.start()
    controller.set_breakpoints((Breakpoint(1, phase=Phase.BACKWARD, epoch=2),))
    stop = controller.run(bptui.Goal.END)
    assert stop.values[-1].name == "y_pred"
    assert controller.evaluate("len(calls)")[0].text == "7"
