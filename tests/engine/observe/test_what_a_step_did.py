"""What is said of a step is what that step did, by whatever way the program came there."""

from __future__ import annotations

from pathlib import Path

import pytest

import bptui
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.snapshot import Snapshot
from bptui.trace.recorded import RecordedSession
from tests.engine.conftest import OpenScript
from tests.engine.corpus.said import wrong_in
from tests.sentences import facts_of, wrong_changes, wrong_words
from tests.ui.recordings.record import recording

LESSONS = sorted((Path(bptui.__file__).parent / "lessons").glob("[a-z]*.py"))
NO_EPOCHS = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]:
    l = (x * w - y) ** 2
    l.backward()
    w.data = w.data - 0.01 * w.grad.data
    w.grad.data.zero_()
"""


def changes(stop: Snapshot) -> dict[str, object]:
    return {each.name: None if each.old is None else each.old.number for each in stop.changes}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_all_that_is_said_of_a_lesson_is_true(path: Path) -> None:
    assert wrong_in(str(path)) == []


def test_a_run_tells_of_its_last_step(open_script: OpenScript) -> None:
    controller = open_script(NO_EPOCHS)
    assert controller.run(Goal.SAMPLE).explain == "4 steps, then zero_grad: w.grad -2 -> 0"
    stop = controller.run(Goal.SAMPLE)
    assert stop.explain == "4 steps, then zero_grad: w.grad -7.84 -> 0"
    assert changes(stop) == {"w.grad": pytest.approx(-7.84)}


def test_a_run_to_a_breakpoint_tells_of_its_last_step(open_script: OpenScript) -> None:
    controller = open_script(NO_EPOCHS)
    controller.set_zeroing(False)
    controller.set_breakpoints([Breakpoint(1, phase=Phase.UPDATE, condition="sample == 2")])
    stop = controller.run()
    assert stop.explain.startswith("8 steps, then backward: ∂l/∂w = -15.8688 added to w.grad: -9.84 -> -25.7088")
    assert changes(stop) == {"w.grad": pytest.approx(-9.84)}


@pytest.mark.parametrize("way", [lambda c: c.back(), lambda c: c.goto(3)], ids=["back", "goto"])
def test_on_the_way_back_a_stop_tells_what_it_told_at_first(way, open_script: OpenScript) -> None:  # type: ignore[no-untyped-def]
    controller = open_script(NO_EPOCHS)
    seen = [controller.next() for _ in range(4)]
    there = way(controller)
    assert (there.explain.removeprefix("printed text stays; "), changes(there)) == (seen[2].explain, changes(seen[2]))


def test_a_run_into_a_new_model_tells_what_moved_there(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        nets = [torch.nn.Linear(1, 1, bias=False) for _ in range(3)]
        for net in nets:
            opt = torch.optim.SGD(net.parameters(), lr=0.1)
            for i in range(2):
                loss = (net(torch.ones(4, 1)) ** 2).mean()
                opt.zero_grad()
                loss.backward()
                opt.step()
        """
    )
    controller.run(Goal.EPOCH)
    stop = controller.run(Goal.EPOCH)
    assert stop.explain.startswith("8 steps, then update: nets[1].weight ")


def test_what_stands_behind_a_backward_is_not_told_as_its_own(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = (x * x).sum()
        y.backward()
        print(x.grad)
        x = torch.tensor([3.0], requires_grad=True)
        y = (2 * x).sum()
        y.backward()
        """
    )
    controller.next()
    told = "backward: ∂y/∂x = [2, 4] added to x.grad: None -> [2, 4]; then x [1, 2] -> 3; x.grad [2, 4] -> None"
    assert controller.next().explain.startswith(told)


def test_a_part_of_a_forward_that_computes_no_loss_tells_none(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor(1.0, requires_grad=True)
        opt = torch.optim.SGD([w], lr=0.1)
        for x in [1.0, 2.0]:
            pred = w * x
            opt.zero_grad()
            loss = (pred - 3) ** 2
            loss.backward()
            opt.step()
        """
    )
    for _ in range(6):
        stop = controller.next()
    assert (stop.explain, stop.loss) == ("forward: no loss yet for x = 2", None)
    controller.next()
    assert changes(controller.next())["loss"] == 4.0


def test_a_gradient_of_zero_is_not_no_gradient(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor(0.0, requires_grad=True)
        for x in [1.0, 2.0]:
            loss = (w * x) ** 2
            loss.backward()
        """
    )
    controller.next()
    assert controller.next().explain == "backward: ∂loss/∂w = 0 added to w.grad: None -> 0"


@pytest.mark.parametrize("call", ["(loss / 4).backward()", "loss.backward(gradient=torch.tensor(2.0))"])
def test_a_gradient_is_not_called_that_of_a_loss_that_it_is_not(call: str, open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.tensor(2.0, requires_grad=True)\nfor x in [1.0, 2.0]:\n"
        f"    loss = (w * x) ** 2\n    {call}\n"
    )
    controller.next()
    assert "∂loss" not in controller.next().explain


@pytest.mark.parametrize("name", ["lecture", "accumulating"])
def test_a_recorded_run_tells_the_same(name: str) -> None:
    session = RecordedSession(recording(name))
    stops = [session.timeline.snapshot(0, index) for index in session.timeline.marks(0)]
    kept = {stop.index: stop for stop in stops if stop is not None}
    for index, stop in kept.items():
        if index - 1 in kept:
            before, now = facts_of(kept[index - 1]), facts_of(stop)
            assert [*wrong_words(stop, before, now), *wrong_changes(stop, before, now, before)] == []
    session.close()
