"""A refused step changes nothing, whatever came before it, and the program goes on as if it was never asked for."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Phase

MOMENTUM = """
import random
import numpy as np
import torch
from torch import nn

class Meter:
    def __init__(self):
        self.total, self.count = 0.0, 0
    def update(self, value):
        self.total += value
        self.count += 1

model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
meter = Meter()
for epoch in range(2):
    for i in range(3):
        x = torch.randn(4, 3)
        loss = (model(x) ** 2).mean()
        loss.backward()
        meter.update(loss.item() + random.random() + np.random.rand())
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
"""

IN_A_FUNCTION = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

def train(model, loader, optimizer, epochs):
    history = []
    for epoch in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
            history.append(loss.item())
    return history

model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
data = TensorDataset(torch.randn(10, 3), torch.randn(10, 1))
history = train(model, DataLoader(data, batch_size=4, shuffle=True), torch.optim.Adam(model.parameters()), 2)
"""

TWO_BY_HAND = """
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.zeros(1, requires_grad=True)
steps = 0
for epoch in range(2):
    for x in [1.0, 2.0, 3.0]:
        l = (w.exp() * x).sum() + b
        l.backward()
        steps += 1
        with torch.no_grad():
            w -= 0.01 * w.grad
            b -= 0.01 * b.grad
        w.grad.zero_()
        b.grad.zero_()
"""

SCRIPTS = {"momentum": MOMENTUM, "in a function": IN_A_FUNCTION, "by hand": TWO_BY_HAND}


def seen(value: Any, known: dict[int, int], depth: int = 8) -> Any:
    """All that can be seen of a value, its tensors to the bit; objects met before by their number."""
    if isinstance(value, (bool, int, str, type(None))):
        return value
    if isinstance(value, float):
        return value.hex()
    if id(value) in known:
        return f"object {known[id(value)]}"
    known[id(value)] = len(known)
    if isinstance(value, torch.Tensor):
        # a gradient that a failing backward had written is put back by writing it again: its version counts that
        version = value._version if value.requires_grad else 0
        grad = seen(value.grad, known) if value.is_leaf else None
        return ("tensor", value.detach().numpy().tobytes(), version, value.data_ptr(), value.requires_grad, grad)
    if isinstance(value, dict):
        return [(seen(key, known, depth), seen(each, known, depth - 1)) for key, each in value.items() if depth]
    if isinstance(value, (list, tuple, set)):
        return [type(value).__name__, *(seen(each, known, depth - 1) for each in value if depth)]
    if isinstance(value, (torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler)):
        return [type(value).__name__, seen(vars(value), known, depth - 1)]
    if type(value).__module__ == "__main__" and hasattr(value, "__dict__") and not isinstance(value, type):
        return [type(value).__name__, seen(vars(value), known, depth - 1)]
    return type(value).__name__


def everything(controller: Controller) -> Any:
    """All that the script can see."""
    known: dict[int, int] = {}
    scopes = [
        {name: value for name, value in names.items() if not name.startswith("__")}
        for names in (
            controller._execution.machine.module,
            *(frame.names for frame in controller._execution.machine.frames),
        )
    ]
    numbers = torch.get_rng_state().numpy().tobytes(), random.getstate(), repr(np.random.get_state())
    return [seen(scope, known) for scope in scopes], numbers, controller._output.mark()


def told(controller: Controller) -> tuple[str, str]:
    return repr(controller.snapshot), repr(controller.rows())


def do(controller: Controller, command: str) -> None:
    if command == "n":
        controller.next()
    elif command in "fbuz":
        controller.do(list(Phase)["fbuz".index(command)])
    else:
        controller.set_zeroing(command == "on")


def opened(path: Path) -> Controller:
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    controller = Controller(str(path))
    controller.start()
    return controller


@pytest.mark.parametrize("script", SCRIPTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(st.sampled_from([*"nnffbbuuzz", "on", "off"]), max_size=25))
def test_a_refused_step_changes_nothing_now_or_later(script: str, commands: list[str], tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPTS[script])
    controller = opened(path)
    obeyed: list[str] = []
    for command in commands:
        before, snapshot, rows = everything(controller), controller.snapshot, controller.rows()
        try:
            do(controller, command)
        except StepRefused:
            assert everything(controller) == before
            assert controller.snapshot is snapshot
            assert repr(controller.rows()) == repr(rows)
        else:
            obeyed.append(command)
    then = told(controller)
    other = opened(path)
    for command in obeyed:
        do(other, command)
    assert told(other) == then
    assert other._output.since((0, 0)) == controller._output.since((0, 0))
