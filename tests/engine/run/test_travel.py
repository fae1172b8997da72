"""Going back in time: what is there again is what was there, to the bit; and what is said where that cannot be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bptui
from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.codec import encode
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Move
from tests.engine.conftest import OpenScript

LESSON = str(Path(bptui.__file__).parent / "lessons" / "linear.py")

EVERYTHING = """
import random
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

class Noisy(Dataset):
    def __len__(self):
        return 6
    def __getitem__(self, at):
        return torch.full((3,), float(at)) + torch.randn(3) * 0.1, torch.tensor([random.random()])

class Counter:
    total = 0
    def __init__(self):
        self.seen = {"steps": 0, "last": None}

torch.manual_seed(1)
model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.ReLU(), nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
loader = DataLoader(Noisy(), batch_size=3, shuffle=True)
losses, best, counter = [], {}, Counter()
noise = np.random.default_rng(3)

def track(cell=[0]):
    cell[0] += 1
    return cell[0]

for epoch in range(4):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        y_pred = model(x + float(noise.normal()) + np.random.rand())
        loss = ((y_pred - y) ** 2).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        counter.seen["steps"] += 1
        counter.seen["last"] = losses[-1]
        Counter.total = track()
        best[epoch] = min(best.get(epoch, 9.9), losses[-1])
    scheduler.step()
    print(epoch, sum(losses), scheduler.get_last_lr())
"""
"""Everything that a checkpoint has to hold."""


def state(controller: Controller) -> str:
    """The script's variables, written out to the bit."""
    names = controller._execution.machine.module
    return repr({name: plain(value) for name, value in names.items() if not name.startswith("__")})


def plain(value: Any) -> Any:
    """A value of the script as numbers."""
    if isinstance(value, torch.Tensor):
        grad = value.grad.tolist() if value.is_leaf and value.grad is not None else None
        return value.detach().double().tolist(), value._version, value.requires_grad, grad
    if isinstance(value, torch.nn.Module):
        return [(name, plain(each)) for name, each in value.state_dict(keep_vars=True).items()], value.training
    if isinstance(value, torch.optim.Optimizer):
        return plain(value.state_dict())
    if isinstance(value, torch.optim.lr_scheduler.LRScheduler):
        return plain({name: each for name, each in value.state_dict().items() if not name.startswith("_get")})
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if type(value).__module__ == "__main__" and not isinstance(value, type):
        return plain(vars(value))
    if isinstance(value, type) and value.__name__ == "Counter":
        return value.total
    if hasattr(value, "bit_generator"):
        return value.bit_generator.state
    return value if isinstance(value, (int, float, str)) else type(value).__name__


def facts(snapshot: Snapshot) -> str:
    """What a snapshot tells of the program, without how it came about."""
    told = dataclasses.replace(
        snapshot, stop_reason=StopReason.STEP, explain="", printed="", errors="", tape=0, branch=0, met="",
        zeroing=True, marks=(), next=None, possible=(),
    )  # fmt: skip
    return encode(told).decode()


def at(controller: Controller, snapshot: Snapshot) -> tuple[int, int]:
    """Which step of which branch that is: several branches share their beginning."""
    branches = {each.number: each for each in controller.branches}
    branch = branches[snapshot.branch]
    while snapshot.index <= branch.at:
        assert branch.parent is not None
        branch = branches[branch.parent]
    return branch.number, snapshot.index


TYPED = ("x", "torch.rand(2)", "losses = []", "import random; random.random()", "1/0", "y = 3")
"""Some change the program, some only look."""


def first_parameter(controller: Controller) -> str:
    return controller.snapshot.params[0].name


MOVES: dict[str, Callable[[Controller, int], Snapshot]] = {
    "next": lambda controller, _: controller.next(),
    "forward": lambda controller, _: controller.do(Phase.FORWARD),
    "backward": lambda controller, _: controller.do(Phase.BACKWARD),
    "update": lambda controller, _: controller.do(Phase.UPDATE),
    "zero_grad": lambda controller, _: controller.do(Phase.ZERO_GRAD),
    "run": lambda controller, number: controller.run(steps=number % 7 + 1),
    "sample": lambda controller, _: controller.run(Goal.SAMPLE),
    "epoch": lambda controller, _: controller.run(Goal.EPOCH),
    "in": lambda controller, _: controller.step(Move.IN),
    "out": lambda controller, _: controller.step(Move.OUT),
    "on": lambda controller, _: controller.set_zeroing(True),
    "off": lambda controller, _: controller.set_zeroing(False),
    "set": lambda controller, number: controller.set_value(first_parameter(controller), f"{number % 5}"),
    "eval": lambda controller, number: controller.evaluate(TYPED[number % len(TYPED)])[1] or controller.snapshot,
    "back": lambda controller, number: controller.back(number % 4 + 1),
    "goto": lambda controller, number: controller.goto(number % len(controller.rows())),
    "branch": lambda controller, number: controller.goto(-1, number % len(controller.branches)),
}
WALKS = st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 500)), max_size=25)


def walk(controller: Controller, moves: list[tuple[str, int]]) -> None:
    """Make these moves; wherever a step is stood at again, everything is as it was."""
    seen = {at(controller, controller.snapshot): (facts(controller.snapshot), state(controller))}
    for word, number in moves:
        try:
            snapshot = MOVES[word](controller, number)
        except StepRefused as refusal:
            if "does not repeat" in str(refusal):
                raise
            continue
        if snapshot.op is None and word not in ("on", "off"):
            place, now = at(controller, snapshot), (facts(snapshot), state(controller))
            assert seen.setdefault(place, now) == now, (word, place)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WALKS)
def test_any_walk_through_the_lecture_that_returns_to_a_step_shows_the_same(moves: list[tuple[str, int]]) -> None:
    controller = Controller(LESSON)
    controller.start()
    walk(controller, moves)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=WALKS)
def test_any_walk_through_everything_that_returns_to_a_step_shows_the_same(
    open_script: OpenScript, moves: list[tuple[str, int]]
) -> None:
    walk(open_script(EVERYTHING), moves)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=WALKS)
def test_without_checkpoints_the_script_is_run_anew_and_shows_the_same(
    open_script: OpenScript, moves: list[tuple[str, int]]
) -> None:
    walk(open_script(EVERYTHING, memory=0), moves)


def test_what_follows_after_going_back_is_what_an_independent_loop_gives(open_script: OpenScript) -> None:
    w, grads = torch.tensor([1.0], requires_grad=True), []
    for _ in range(2):
        for x, y in zip([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], strict=True):
            ((x * w - y) ** 2).sum().backward()
            assert w.grad is not None
            grads.append((w.item(), w.grad.item()))
            w.data = w.data - 0.01 * w.grad.data
            w.grad.data.zero_()
    controller = Controller(LESSON)
    controller.start()
    controller.run(steps=24)
    for turn in (5, 0, 3, 1, 4, 2):
        param = controller.goto(turn * 4 + 2).params[0]
        assert param.grad is not None
        assert (param.value.number, param.grad.number) == grads[turn]
        assert controller.next().params[0].grad is not None


def test_back_undoes_what_was_appended_and_none_is_none_again(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor(1.0, requires_grad=True)
        losses = []
        for x in [1.0, 2.0]:
            loss = (w * x - 3) ** 2
            loss.backward()
            losses.append(loss.item())
            with torch.no_grad():
                w -= 0.1 * w.grad
            w.grad = None
        """
    )
    names = controller._execution.machine.module
    controller.next()
    assert controller.next().params[0].grad is not None
    assert len(names["losses"]) == 1
    w = names["w"]
    assert controller.back().params[0].grad is None
    assert names["losses"] == []
    assert names["w"] is w
    assert w.grad is None


def test_at_the_entry_there_is_nothing_to_undo() -> None:
    controller = Controller(LESSON)
    controller.start()
    with pytest.raises(StepRefused, match="nothing has run before it"):
        controller.back()


def test_what_there_is_not_is_refused_in_one_sentence() -> None:
    controller = Controller(LESSON)
    controller.start()
    controller.next()
    with pytest.raises(StepRefused, match=r"no step 7 on branch 0\. They are numbered 0 to 1"):
        controller.goto(7)
    with pytest.raises(StepRefused, match="no branch 3"):
        controller.goto(0, 3)


def test_doing_something_else_begins_a_branch_and_the_old_one_can_be_gone_back_to() -> None:
    controller = Controller(LESSON)
    controller.start()
    controller.run(steps=12)
    old = facts(controller.goto(12))
    controller.goto(4)
    controller.set_zeroing(False)
    new = controller.run(steps=7)
    assert (new.branch, new.index) == (1, 11)
    assert [(each.number, each.parent, each.at) for each in controller.branches] == [(0, None, -1), (1, 0, 4)]
    again = controller.goto(12, 0)
    assert (again.branch, again.zeroing) == (0, True)
    assert facts(again) == old
    assert controller.goto(11, 1).zeroing is False
    assert controller.goto(3).branch == 1


def test_stepping_on_the_same_way_walks_along_and_begins_no_branch() -> None:
    controller = Controller(LESSON)
    controller.start()
    controller.run(steps=12)
    controller.back(6)
    for _ in range(6):
        controller.next()
    assert len(controller.branches) == 1
    assert len(controller.rows()) == 13
    controller.next()
    assert len(controller.rows()) == 14


def test_a_step_back_inside_a_phase_goes_back_in_it_and_then_before_it() -> None:
    controller = Controller(LESSON)
    controller.start()
    before = controller.next()
    controller.step()
    second = controller.step()
    assert second.op is not None
    first = controller.back()
    assert first.op is not None
    assert first.op.index == second.op.index - 1
    there = controller.back()
    assert there.op is None
    assert facts(there) == facts(before)


UNREPEATABLE = """
import itertools, torch
import os
w = torch.tensor(1.0, requires_grad=True)
for i in range(40):
    loss = (w * int.from_bytes(os.urandom(3), "little")) ** 2
    loss.backward()
    w.data -= 1e-20 * w.grad
    w.grad = None
"""


def test_a_program_that_does_not_repeat_itself_is_found_out_and_nothing_changes(open_script: OpenScript) -> None:
    controller = open_script(UNREPEATABLE)
    for _ in range(7):
        controller.next()
    before = facts(controller.snapshot), state(controller)
    with pytest.raises(StepRefused, match=r"does not repeat itself: step [15] now gives loss"):
        controller.back()
    assert (facts(controller.snapshot), state(controller)) == before
    assert controller.next().index == 8


def test_an_iterator_that_nobody_can_wind_back_is_brought_back_by_running_the_script_anew(
    open_script: OpenScript,
) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor(1.0, requires_grad=True)
        numbers = (float(i) for i in range(100))
        for i in range(9):
            x = next(numbers)
            loss = (w * x) ** 2
            loss.backward()
            w.data -= 0.01 * w.grad
            w.grad = None
        """
    )
    seen = [facts(controller.snapshot), *(facts(controller.next()) for _ in range(12))]
    for index in (11, 3, 7, 0, 12):
        assert facts(controller.goto(index)) == seen[index]
    assert facts(controller.next()) == facts(controller.goto(13))


def test_an_item_that_was_written_in_place_is_taken_anew(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor(1.0, requires_grad=True)
        def batches():
            for i in range(5):
                yield torch.full((2,), float(i + 1))
        for x in batches():
            x.mul_(2)
            loss = (w * x).sum()
            loss.backward()
            w.data -= 0.01 * w.grad
            w.grad = None
        """
    )
    seen = [facts(controller.snapshot), *(facts(controller.next()) for _ in range(9))]
    for index in (8, 2, 5, 0, 9):
        assert facts(controller.goto(index)) == seen[index]


def test_going_back_out_of_the_end_of_the_script(open_script: OpenScript) -> None:
    controller = Controller(LESSON)
    controller.start()
    end = controller.run()
    assert end.stop_reason is StopReason.END
    there = controller.back()
    assert there.index == end.index - 1
    assert there.next is not None
    assert facts(controller.next()) == facts(end)


def test_a_step_that_raised_can_be_undone(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor(1.0, requires_grad=True)
        for x in [1.0, 2.0]:
            loss = (w * x) ** 2
            loss.backward()
            w.data -= 0.1 * w.grad
            if x > 1:
                raise ValueError("two")
            w.grad = None
        """
    )
    before = controller.run(steps=6)
    assert controller.next().stop_reason is StopReason.EXCEPTION
    assert facts(controller.back()) == facts(before)
    raised = controller.next()
    assert raised.failure is not None
    assert raised.failure.message == "two"


def test_checkpoints_keep_to_the_budget_and_every_step_can_still_be_gone_to(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        torch.manual_seed(0)
        w = torch.randn(400_000, requires_grad=True)
        opt = torch.optim.Adam([w], lr=0.01)
        for step in range(60):
            opt.zero_grad()
            loss = ((w - torch.rand(1)) ** 2).mean()
            loss.backward()
            opt.step()
        """,
        memory=20,
    )
    losses = [row.loss for _ in [controller.run(steps=200)] for row in controller.rows()]
    assert controller._checkpoints.nbytes <= 20 << 20
    for index in (199, 3, 120, 57):
        there = controller.goto(index)
        assert there.loss is not None
        assert there.loss.number == losses[index]
        assert controller._checkpoints.nbytes <= 20 << 20


def test_it_is_said_that_printed_text_stays_where_what_is_undone_had_printed(open_script: OpenScript) -> None:
    for memory in (512, 0):
        controller = open_script(
            """\
            import torch
            w = torch.ones(1, requires_grad=True)
            for step in range(50):
                loss = (w * w).sum()
                loss.backward()
                w.data -= 0.01 * w.grad
                if step % 10 == 9: print(step)
                w.grad = None
            """,
            memory,
        )
        controller.run(steps=38)
        assert "printed text stays" not in controller.back(1).explain
        controller.run(steps=100)
        for there, said in ((130, False), (121, False), (70, True), (72, False), (71, False), (0, True)):
            assert ("printed text stays" in controller.goto(there).explain) is said, (memory, there)
        assert "stays" not in controller.snapshot.explain
