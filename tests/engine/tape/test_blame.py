"""A backward that raises: the node in which it did, the line that made it, and the line that wrote what it needs."""

from __future__ import annotations

import re
import warnings

import pytest
import torch

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import Snapshot
from tests.engine.conftest import OpenScript

OUTSIDE = """
import torch
w = torch.tensor(2.0, requires_grad=True)
u = torch.tensor(3.0, requires_grad=True)
a = torch.tanh(w)
for i in range(3):
    b = torch.exp(u * a)
    loss = b * 2 + 1
    loss.backward()
    w.grad = u.grad = None
"""

NOT_DETACHED = """
import torch
from torch import nn
torch.manual_seed(0)
G, D = nn.Linear(2, 1), nn.Linear(1, 1)
opt_g = torch.optim.SGD(G.parameters(), lr=0.1)
opt_d = torch.optim.SGD(D.parameters(), lr=0.1)
for step in range(4):
    fake = G(torch.randn(8, 2))
    loss_g = D(fake).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    loss_d = D(fake).pow(2).mean()
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
"""

HIDDEN_STATE = """
import torch
w = torch.tensor(0.5, requires_grad=True)
h = torch.zeros(())
for x in [1.0, 2.0, 3.0]:
    h = torch.tanh(w * x + h)
    loss = (h - 1) ** 2
    loss.backward()
    w.grad = None
"""

TWO_LOSSES = """
import torch
w = torch.tensor(0.5, requires_grad=True)
for x in [1.0, 2.0, 3.0]:
    h = torch.sigmoid(w * x)
    one = (h - 1) ** 2
    other = (h - 2) ** 2
    one.backward()
    other.backward()
    w.grad = None
"""

IN_PLACE = """
import torch
w = torch.tensor([0.5, 1.0], requires_grad=True)
def act(x):
    return torch.exp(x)
for i in range(3):
    h = act(w * 2)
    k = h * 3
    h += 1
    h *= 2
    loss = k.sum()
    loss.backward()
    w.grad = None
"""

THROUGH_A_VIEW = """
import torch
w = torch.ones(2, 2, requires_grad=True)
for i in range(3):
    h = torch.sigmoid(w)
    row = h[0]
    row.zero_()
    loss = h.sum()
    loss.backward()
    w.grad = None
"""

OPTIMIZER_BETWEEN = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(4, 2)
for i in range(3):
    out = model(x)
    loss = out.sum()
    opt.zero_grad()
    loss.backward(retain_graph=True)
    opt.step()
    again = (out ** 2).sum()
    again.backward()
    opt.step()
"""

DATA_IN_PLACE = """
import torch
w = torch.ones(2, requires_grad=True)
data = torch.ones(2)
for i in range(3):
    h = w * data
    data.add_(1)
    loss = h.sum()
    loss.backward()
    w.grad = None
"""

CASES = [
    pytest.param(OUTSIDE, "TanhBackward0", "a = torch.tanh(w)", "", id="made before the loop"),
    pytest.param(NOT_DETACHED, "AddmmBackward0", "fake = G(torch.randn(8, 2))", "", id="a GAN without detach"),
    pytest.param(HIDDEN_STATE, "TanhBackward0", "h = torch.tanh(w * x + h)", "", id="a hidden state"),
    pytest.param(TWO_LOSSES, "SigmoidBackward0", "h = torch.sigmoid(w * x)", "", id="two losses over one value"),
    pytest.param(IN_PLACE, "ExpBackward0", "return torch.exp(x)", "h += 1", id="written in place"),
    pytest.param(THROUGH_A_VIEW, "SigmoidBackward0", "h = torch.sigmoid(w)", "row.zero_()", id="through a view"),
    pytest.param(OPTIMIZER_BETWEEN, "AddmmBackward0", "out = model(x)", "opt.step()", id="by an optimizer"),
    pytest.param(DATA_IN_PLACE, "MulBackward0", "h = w * data", "data.add_(1)", id="the data"),
]


def line_of(source: str, text: str) -> int:
    return next(at for at, line in enumerate(source.splitlines(), 1) if line.strip() == text)


def cause(source: str, node: str, made: str, wrote: str) -> str:
    """What is to be said."""
    said = f"{node}, made by line {line_of(source, made)} ({made}), "
    if wrote:
        return f"{said}needs what line {line_of(source, wrote)} ({wrote}) wrote in place since"
    return f"{said}has had its graph freed by an earlier backward"


def up_to_the_failure(controller: Controller, inward: bool) -> Snapshot | StepRefused:
    for _ in range(60):
        try:
            stop = controller.step() if inward else controller.next()
        except StepRefused as refused:
            return refused
        if stop.failure is not None:
            return stop
    raise AssertionError("it does not raise")


@pytest.mark.parametrize(("source", "node", "made", "wrote"), CASES)
def test_a_plain_step_names_the_lines(open_script: OpenScript, source: str, node: str, made: str, wrote: str) -> None:
    refused = up_to_the_failure(open_script(source), inward=False)
    assert isinstance(refused, StepRefused)
    assert cause(source, node, made, wrote) in refused.hint


@pytest.mark.parametrize(("source", "node", "made", "wrote"), CASES)
def test_so_does_stepping_in_at_the_node_itself(
    open_script: OpenScript, source: str, node: str, made: str, wrote: str
) -> None:
    stop = up_to_the_failure(open_script(source), inward=True)
    assert isinstance(stop, Snapshot)
    assert stop.stop_reason is StopReason.EXCEPTION
    assert stop.op is not None
    assert stop.op.name == node
    assert stop.op.line == line_of(source, made)
    assert cause(source, node, made, wrote) in stop.explain


@pytest.mark.parametrize(("source", "node", "made", "wrote"), CASES)
def test_it_is_the_node_that_anomaly_mode_names(
    tmp_path_factory: pytest.TempPathFactory, source: str, node: str, made: str, wrote: str
) -> None:
    path = tmp_path_factory.mktemp("anomaly") / "script.py"
    path.write_text(source)
    with warnings.catch_warnings(record=True) as caught, torch.autograd.detect_anomaly(check_nan=False):
        warnings.simplefilter("always")
        with pytest.raises(RuntimeError):
            exec(compile(source, str(path), "exec"), {"__name__": "script"})
    text = "\n".join(str(each.message) for each in caught)
    assert f"Error detected in {node}" in text
    lines = re.findall(rf'File "{re.escape(str(path))}", line (\d+)', text)
    assert str(line_of(source, made)) in lines


def test_an_exception_stop_says_it_too(open_script: OpenScript) -> None:
    source = OUTSIDE.replace("loss.backward()", "print(i); loss.backward()").replace(
        "    print(i); loss.backward()", "    w.data += 1; loss.backward()"
    )
    stop = up_to_the_failure(open_script(source), inward=False)
    text = stop.explain if isinstance(stop, Snapshot) else stop.hint
    assert "TanhBackward0, made by line 5 (a = torch.tanh(w))" in text


def test_nothing_of_it_stays(open_script: OpenScript) -> None:
    engine = torch.autograd._engine_run_backward  # type: ignore[attr-defined]
    up_to_the_failure(open_script(OUTSIDE), inward=False)
    assert torch.autograd._engine_run_backward is engine  # type: ignore[attr-defined]
    assert torch._C._len_torch_function_stack() == 0


def test_a_mode_that_the_script_enters_and_keeps_stays(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        from torch.overrides import TorchFunctionMode
        class Counting(TorchFunctionMode):
            count = 0
            def __torch_function__(self, func, types, args=(), kwargs=None):
                Counting.count += 1
                return func(*args, **(kwargs or {}))
        w = torch.ones(1, requires_grad=True)
        mode = Counting()
        for i in range(3):
            if i == 1:
                mode.__enter__()
            loss = (w * 2).sum()
            loss.backward()
            w.grad = None
        mode.__exit__(None, None, None)
        """
    )
    for _ in range(6):
        controller.next()
    assert torch._C._len_torch_function_stack() == 1
    while controller.snapshot.next is not None:
        controller.next()
    assert torch._C._len_torch_function_stack() == 0
