"""A refused step changes nothing: not one bit of what the script can see, and not the place in the data."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from tests.engine.conftest import OpenScript

BY_HAND = """
import torch
w = torch.tensor([1.0], requires_grad=True)
seen = []
for epoch in range(2):
    for x, y in [(1.0, 2.0), (2.0, 4.0)]:
        l = (x * w - y) ** 2
        l.backward()
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
        seen.append(x)
"""

NETWORK = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
loader = DataLoader(TensorDataset(torch.randn(8, 4), torch.randn(8, 1)), batch_size=4, shuffle=True)
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters())
losses = []
for epoch in range(2):
    for x, y in loader:
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
"""


def everything(controller: Controller) -> str:
    """All that the script can see, as text that differs when a bit does."""
    names = controller._execution.machine.module
    parts: list[str] = []
    for name, value in sorted(names.items()):
        if name.startswith("__"):
            continue
        if isinstance(value, torch.nn.Module):
            parts += [f"{name}.{key} {tensor.tolist()}" for key, tensor in value.state_dict().items()]
            parts += [
                f"{name}.{key}.grad {p.grad if p.grad is None else p.grad.tolist()}"
                for key, p in value.named_parameters()
            ]
        elif isinstance(value, torch.optim.Optimizer):
            parts.append(repr(value.state_dict()))
        elif isinstance(value, torch.Tensor):
            parts.append(f"{name} {value.tolist()} {value._version} {value.grad if value.is_leaf else ''}")
        elif isinstance(value, (int, float, list)):
            parts.append(f"{name} {value!r}")
    parts += [str(torch.get_rng_state().tolist()), str(random.getstate()), str(np.random.get_state()[1].tolist())]
    return "\n".join(parts)


def refused(controller: Controller, step: Callable[[], Snapshot]) -> StepRefused:
    before, snapshot, rows = everything(controller), controller.snapshot, len(controller.rows())
    with pytest.raises(StepRefused) as caught:
        step()
    assert everything(controller) == before
    assert controller.snapshot is snapshot
    assert len(controller.rows()) == rows
    return caught.value


def rest(controller: Controller) -> list[str]:
    """The rest of the program, to compare with one that never had a refusal."""
    told = []
    while controller.snapshot.next is not None:
        snapshot = controller.next()
        told.append(f"{snapshot.phase} {snapshot.epoch} {snapshot.sample} {snapshot.loss!r} {snapshot.params!r}")
    return told


@pytest.mark.parametrize("source", [BY_HAND, NETWORK], ids=["by hand", "a network"])
def test_a_backward_before_any_forward_is_refused(source: str, open_script: OpenScript) -> None:
    controller = open_script(source)
    assert "no loss" in refused(controller, lambda: controller.do(Phase.BACKWARD)).message
    assert rest(controller) == rest(open_script(source))


@pytest.mark.parametrize("source", [BY_HAND, NETWORK], ids=["by hand", "a network"])
def test_a_second_backward_is_refused_in_pytorchs_own_words(source: str, open_script: OpenScript) -> None:
    controller = open_script(source)
    to_backward(controller)
    error = refused(controller, lambda: controller.do(Phase.BACKWARD))
    assert "Trying to backward through the graph a second time" in error.message
    assert "`forward` runs the forward again" in error.hint
    after = rest(controller)
    other = open_script(source)  # one after the other: both draw from the same random state
    to_backward(other)
    assert after == rest(other)


def to_backward(controller: Controller) -> None:
    while controller.snapshot.phase is not Phase.BACKWARD:
        controller.next()


@pytest.mark.parametrize("phase", [Phase.UPDATE, Phase.ZERO_GRAD])
def test_what_needs_a_gradient_is_refused_while_it_is_none(phase: Phase, open_script: OpenScript) -> None:
    controller = open_script(BY_HAND)
    error = refused(controller, lambda: controller.do(phase))
    assert "'NoneType' object has no attribute 'data'" in error.message
    assert rest(controller) == rest(open_script(BY_HAND))


def test_a_forward_after_the_last_sample_is_refused(open_script: OpenScript) -> None:
    controller = open_script(BY_HAND)
    while controller.snapshot.consumed < 4:
        controller.next()
    assert "No more samples" in refused(controller, lambda: controller.do(Phase.FORWARD)).message
    assert controller.next().phase is Phase.UPDATE


@pytest.mark.parametrize("step", ["next", "forward", "update", "run"])
def test_nothing_goes_on_when_the_script_has_ended(step: str, open_script: OpenScript) -> None:
    controller = open_script(BY_HAND)
    assert controller.run(Goal.END).stop_reason is StopReason.END
    steps: dict[str, Callable[[], Snapshot]] = {
        "next": controller.next,
        "forward": lambda: controller.do(Phase.FORWARD),
        "update": lambda: controller.do(Phase.UPDATE),
        "run": controller.run,
    }
    assert "has ended" in refused(controller, steps[step]).message


def test_a_phase_that_the_script_does_not_have_is_refused(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.ones(1, requires_grad=True)\nfor i in range(3):\n    (w * i).backward()\n"
    )
    assert "no update" in refused(controller, lambda: controller.do(Phase.UPDATE)).message


def test_gradients_that_a_failing_backward_had_added_are_taken_back(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\n"
        "a = torch.ones(1, requires_grad=True)\n"
        "b = torch.ones(1, requires_grad=True)\n"
        "for i in range(3):\n"
        "    loss = (a.exp() + b).sum()\n"
        "    loss.backward()\n"
        "    a.data -= a.grad\n"
    )
    controller.next()
    controller.next()
    refused(controller, lambda: controller.do(Phase.BACKWARD))
    b = controller.snapshot.params[1]
    assert (b.name, b.grad and b.grad.number) == ("b", 1.0)
    assert controller._execution.machine.module["b"].grad.item() == 1.0


def test_a_block_that_raises_halfway_is_an_exception_stop(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\n"
        "a = torch.ones(1, requires_grad=True)\n"
        "b = torch.ones(1, requires_grad=True)\n"
        "for i in range(3):\n"
        "    loss = (a * i).sum()\n"
        "    loss.backward()\n"
        "    a.data = a.data - 0.5\n"
        "    b.data = b.data - b.grad\n"
    )
    controller.next()
    controller.next()
    stop = controller.next()
    assert stop.stop_reason is StopReason.EXCEPTION
    assert stop.failure is not None
    assert (stop.failure.type, stop.failure.line, stop.line) == ("TypeError", 8, 8)
    assert "b.data = b.data - b.grad" in stop.failure.traceback
    assert "bptui" not in stop.failure.traceback
    assert [(param.name, param.value.number) for param in stop.params] == [("a", 0.5)]
    assert "bptui" not in stop.explain
    assert controller.do(Phase.FORWARD).phase is Phase.FORWARD


def test_an_exception_in_the_setup_is_the_entry_stop(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nprint('hello')\n1 / 0\nw = torch.ones(1, requires_grad=True)\n"
        "for i in range(3):\n    loss = w * i\n    loss.backward()\n"
    )
    stop = controller.snapshot
    assert stop.stop_reason is StopReason.EXCEPTION
    assert stop.failure is not None
    assert (stop.failure.type, stop.failure.line, stop.printed) == ("ZeroDivisionError", 3, "hello\n")


def test_a_loss_that_is_no_scalar_is_refused_with_what_to_do(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.ones(2, requires_grad=True)\n"
        "for i in range(3):\n    loss = w * i\n    loss.backward()\n"
    )
    controller.next()
    error = refused(controller, controller.next)
    assert "grad can be implicitly created only for scalar outputs" in error.message
    assert ".mean()" in error.hint


def test_nan_is_shown_and_stops_nothing(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.zeros(1, requires_grad=True)\n"
        "for i in range(2):\n    loss = w.log() * 0\n    loss.backward()\n"
    )
    loss = controller.next().loss
    assert loss is not None
    assert loss.number is not None
    assert loss.number != loss.number
    assert controller.run(Goal.END).stop_reason is StopReason.END
