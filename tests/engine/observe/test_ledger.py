"""What a gradient is made of, and that watching it leaves nothing behind."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from bptui.engine.errors import StepRefused
from bptui.engine.observe.ledger import LISTED
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.snapshot import Ledger, Snapshot
from tests.engine.conftest import OpenScript

LOOP = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for epoch in range(200):
    for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]:
        l = (x * w - y) ** 2
        l.backward()
        w.data = w.data - 0.001 * w.grad.data
        w.grad.data.zero_()
"""


def the_ledger(snapshot: Snapshot) -> Ledger:
    (ledger,) = snapshot.ledger
    return ledger


def test_with_zeroing_off_each_backward_is_listed_with_its_epoch_and_sample(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    controller.set_zeroing(False)
    while controller.snapshot.consumed < 5 or controller.snapshot.phase is not Phase.BACKWARD:
        controller.next()
    ledger = the_ledger(controller.snapshot)
    assert [(each.epoch, each.sample) for each in ledger.contributions] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    gradient = controller.snapshot.params[0].grad
    assert gradient is not None
    assert ledger.sum is not None
    assert ledger.sum.number == gradient.number
    assert ledger.difference is None


def test_the_contributions_are_what_a_backward_alone_gives(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    for _ in range(3):
        controller.do(Phase.FORWARD)
        controller.do(Phase.BACKWARD)
    alone = []
    for x, y in ((1.0, 2.0), (2.0, 4.0), (3.0, 6.0)):
        w = torch.tensor([1.0], requires_grad=True)
        ((x * w - y) ** 2).backward()
        assert w.grad is not None
        alone.append(w.grad.item())
    assert [each.value.number for each in the_ledger(controller.snapshot).contributions] == alone


def test_zeroing_closes_the_ledger_and_none_is_not_zero(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    assert controller.snapshot.params[0].grad is None
    controller.next()
    assert the_ledger(controller.next()).name == "w"
    controller.next()
    zeroed = controller.next()
    assert zeroed.ledger == ()
    assert zeroed.params[0].grad is not None
    assert zeroed.params[0].grad.number == 0


def test_what_was_written_into_a_gradient_is_shown_as_a_difference(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor([3.0, 4.0], requires_grad=True)
        for i in range(2):
            loss = (w * w).sum()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([w], 1.0)
            w.data -= w.grad
            w.grad = None
        """
    )
    controller.next()
    ledger = the_ledger(controller.next())
    assert ledger.sum is not None
    assert ledger.sum.value == (6.0, 8.0)
    assert ledger.difference is not None


def test_a_refused_backward_leaves_the_ledger_as_it_was(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    controller.set_zeroing(False)
    for _ in range(6):
        controller.next()
    with pytest.raises(StepRefused, match="second time"):
        controller.do(Phase.BACKWARD)
    before = repr(controller.snapshot.ledger)
    assert repr(controller.next().ledger) == before
    assert len(the_ledger(controller.next()).contributions) == 3


def test_a_long_ledger_counts_what_it_does_not_list(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    controller.set_zeroing(False)
    ledger = the_ledger(controller.run(Goal.END))
    assert (len(ledger.contributions), ledger.earlier) == (LISTED, 600 - LISTED)
    assert ledger.difference is None


def test_hooks_are_gone_after_each_backward_also_a_refused_one(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    controller.set_zeroing(False)
    for _ in range(6):
        controller.next()
    w = controller._execution.machine.module["w"]
    assert not w._backward_hooks
    with pytest.raises(StepRefused, match="second time"):
        controller.do(Phase.BACKWARD)
    assert not w._backward_hooks


def test_a_graph_dies_when_the_script_lets_go_of_it(open_script: OpenScript) -> None:
    controller = open_script(LOOP, memory=0)
    controller.next()
    node = weakref.ref(controller._execution.machine.module["l"])
    controller.run(Goal.SAMPLE)
    controller.next()
    gc.collect()
    assert node() is None


def test_two_hundred_turns_leave_no_tensors_behind_but_in_checkpoints(open_script: OpenScript) -> None:
    controller = open_script(LOOP, memory=0)

    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())

    for _ in range(40):
        controller.next()
    before = tensors()
    for _ in range(800):
        controller.next()
    assert tensors() <= before + 2
