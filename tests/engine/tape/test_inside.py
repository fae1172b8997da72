"""Stepping in: every op and node is shown, and nothing that the script computes changes by a bit."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Move
from tests.engine.conftest import LECTURE

LOOP = """
for step in range(3):
    loss = compute()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
"""

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint
torch.manual_seed(3)
x = torch.randn(6, 4)
"""

PROGRAMS = {
    "dropout": """
model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.ReLU(inplace=True), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
def compute():
    return model(x).pow(2).mean()
""",
    "shared weights": """
shared = nn.Linear(4, 4)
optimizer = torch.optim.SGD(shared.parameters(), lr=0.1)
def compute():
    return shared(shared(x).tanh()).sum()
""",
    "views and in-place ops": """
w = torch.randn(4, 4, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
def compute():
    h = (x @ w).clone()
    h[0] = 1.0
    h[1:3].mul_(2)
    h += h.t().reshape(6, 4).detach()
    a, b = h.chunk(2, dim=1)
    return (a * b).view(-1).sum()
""",
    "double backward": """
w = torch.randn(4, 1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.01)
def compute():
    y = (x @ w).tanh().sum()
    (g,) = torch.autograd.grad(y, w, create_graph=True)
    return y + g.pow(2).sum()
""",
    "a custom Function": """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        ctx.save_for_backward(value)
        return value * value
    @staticmethod
    def backward(ctx, upstream):
        (value,) = ctx.saved_tensors
        return 2 * value * upstream
square = Square.apply
w = torch.randn(4, 1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.01)
def compute():
    s = square(x @ w)
    return s.sum()
""",
    "checkpointing": """
inner = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.3), nn.Tanh())
optimizer = torch.optim.SGD(inner.parameters(), lr=0.1)
def compute():
    return checkpoint(inner, x, use_reentrant=False).sum()
""",
    "reentrant checkpointing": """
inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
optimizer = torch.optim.SGD(inner.parameters(), lr=0.1)
def compute():
    return checkpoint(inner, x.clone().requires_grad_(), use_reentrant=True).sum()
""",
    "convolution, batch norm, attention and a recurrent net": """
conv, norm, gru = nn.Conv1d(1, 3, 2), nn.BatchNorm1d(3), nn.GRU(3, 4, batch_first=True)
attention = nn.MultiheadAttention(4, 2, batch_first=True)
nets = nn.ModuleList([conv, norm, gru, attention])
optimizer = torch.optim.AdamW(nets.parameters(), lr=0.1)
def compute():
    h, _ = gru(norm(conv(x.unsqueeze(1))).transpose(1, 2))
    out, weights = attention(h, h, h)
    return F.smooth_l1_loss(out, h.detach()) + weights.mean()
""",
    "hooks and retained gradients": """
w = torch.randn(4, 1, requires_grad=True)
w.register_hook(lambda grad: grad * 2)
optimizer = torch.optim.SGD([w], lr=0.01)
def compute():
    h = x @ w
    h.retain_grad()
    h.register_hook(lambda grad: grad.clamp(-0.5, 0.5))
    return h.exp().sum()
""",
}

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(source: str) -> str:
        path = tmp_path / "script.py"
        path.write_text(source)
        return str(path)

    return write


def begun(path: str) -> Controller:
    controller = Controller(path)
    torch.manual_seed(0)
    controller.start()
    return controller


def walk(controller: Controller) -> list[Snapshot]:
    """Through the next phase, step by step, and out of it."""
    seen = [controller.step()]
    while seen[-1].op is not None:
        seen.append(controller.step())
    return seen


def state(controller: Controller) -> dict[str, Any]:
    """Every bit that counts."""
    names = controller._execution.machine.module
    optimizer: Any = names.get("optimizer")
    params = [p for group in optimizer.param_groups for p in group["params"]] if optimizer else [names["w"]]
    return {
        "params": [p.detach().clone() for p in params],
        "grads": [None if p.grad is None else p.grad.clone() for p in params],
        "loss": names.get("loss", torch.zeros(())).detach().clone(),
        "random": torch.get_rng_state(),
        "training": [m.training for v in list(names.values()) if isinstance(v, torch.nn.Module) for m in v.modules()],
        "buffers": [b.clone() for v in list(names.values()) if isinstance(v, torch.nn.Module) for b in v.buffers()],
    }


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one.nan_to_num(7.5), other.nan_to_num(7.5))
    return bool(one == other)


@pytest.mark.parametrize("name", PROGRAMS)
def test_stepping_in_changes_no_bit(name: str, write: Write) -> None:
    path = write(HEAD + PROGRAMS[name] + LOOP)
    plain, inside = begun(path), None
    states = []
    while plain.snapshot.next is not None:
        plain.next()
        states.append(state(plain))
    inside = begun(path)
    for expected in states:
        walk(inside)
        assert same(state(inside), expected)
    assert inside.snapshot.stop_reason is StopReason.END


def test_each_op_says_what_the_source_says(write: Write) -> None:
    controller = begun(write(LECTURE))
    ops = [each.op for each in walk(controller)[:-1]]
    assert [each.name for each in ops if each] == ["mul", "sub", "pow"]
    assert [each.expression for each in ops if each] == ["x * w", "y_pred - y", "(y_pred - y) ** 2"]
    assert [each.line for each in ops if each] == [5, 8, 8]
    assert [[n.name for n in each.output] for each in ops if each] == [["y_pred"], ["%2"], ["l"]]
    tape = controller.tape().tape
    assert tape is not None
    assert [value.name for value in tape.values] == ["w", "y_pred", "%2", "l"]
    assert [op.text for op in tape.ops] == ["mul(x, w)", "sub(y_pred, y)", "pow(%2, 2)"]
    assert [op.node for op in tape.ops] == ["MulBackward0", "SubBackward0", "PowBackward0"]


def test_a_backward_is_shown_node_by_node_and_the_gradient_stays_old_until_it_is_added(write: Write) -> None:
    controller = begun(write(LECTURE))
    controller.set_zeroing(False)
    for _ in range(3):
        controller.next()
    walk(controller)
    seen = walk(controller)[:-1]
    assert [each.op.name for each in seen if each.op] == [
        "PowBackward0", "SubBackward0", "MulBackward0", "AccumulateGrad",
    ]  # fmt: skip
    w = 1.02
    numbers = [each.param("w") for each in seen]
    grads = [param.grad.number for param in numbers if param and param.grad]
    assert grads[:3] == [-2.0] * 3
    assert grads[3] == pytest.approx(-2.0 + 2 * (2 * w - 4) * 2)
    first, *_, last = (each.op for each in seen)
    assert first is not None
    assert first.local[0].formula == f"d((y_pred - y)²)/d(y_pred - y) = 2(y_pred - y) = {2 * (2 * w - 4):.6g}"
    assert {each.name: each.bytes for each in first.saved} == {"exponent": 0, "self": 4}
    assert "w.grad = -2 + -7.84 = -9.84" in seen[-1].explain
    assert last is not None
    assert last.line == 12


def test_the_loss_and_names_come_when_their_op_has_run(write: Write) -> None:
    controller = begun(write(LECTURE))
    seen = walk(controller)
    assert [each.loss.number if each.loss else None for each in seen] == [None, None, 1.0, 1.0]
    assert {each.index for each in seen} == {1}
    assert len(controller.rows()) == 2


def test_one_can_go_back_inside_and_out_at_any_time(write: Write) -> None:
    controller = begun(write(LECTURE))
    with pytest.raises(StepRefused, match="not inside a phase"):
        controller.step(Move.BACK)
    first = controller.step()
    controller.step()
    again = controller.step(Move.BACK)
    assert again.op
    assert first.op
    assert again.op.index == first.op.index == 0
    with pytest.raises(StepRefused, match="first step"):
        controller.step(Move.BACK)
    assert controller.step(Move.OUT).op is None
    assert controller.snapshot.phase is Phase.FORWARD
    controller.step()
    assert controller.next().phase is Phase.BACKWARD
    controller.step()
    assert controller.do(Phase.ZERO_GRAD).phase is Phase.ZERO_GRAD


def test_modules_are_stepped_over_into_and_out_of(write: Write) -> None:
    source = HEAD + PROGRAMS["dropout"] + LOOP
    controller = begun(write(source))
    over = controller.step(Move.OVER)
    assert over.op is not None
    assert over.op.module == "model/model.3", "the whole model is one step"
    rest = controller.step()
    assert rest.op
    assert rest.op.name == "pow"
    controller.restart()
    inside = controller.step()
    assert inside.op
    assert inside.op.module == "model/model.0"
    one = controller.step(Move.OVER)
    assert one.op
    assert one.op.module == "model/model.1"
    up = controller.step(Move.UP)
    assert up.op
    assert up.op.module == "model/model.3"


def test_ops_of_a_custom_function_and_what_it_makes_have_names_and_lines(write: Write) -> None:
    controller = begun(write(HEAD + PROGRAMS["a custom Function"] + LOOP))
    seen = walk(controller)
    names = [each.op.name for each in seen if each.op]
    assert "Square" in names
    square = next(each.op for each in seen if each.op and each.op.name == "Square")
    assert square.expression == "square(x @ w)"
    assert [each.name for each in square.output] == ["s"]
    nodes = [each.op for each in walk(controller) if each.op]
    assert any(each.name == "SquareBackward" and each.opaque for each in nodes)


def test_packed_tensors_are_not_looked_at(write: Write) -> None:
    controller = begun(write(HEAD + PROGRAMS["checkpointing"] + LOOP))
    walk(controller)
    nodes = [each.op for each in walk(controller) if each.op]
    assert any("packed" in each.opaque for each in nodes)


def test_a_backward_whose_forward_was_not_stepped_into_tells_what_the_graph_knows(write: Write) -> None:
    controller = begun(write(LECTURE))
    controller.next()
    seen = walk(controller)[:-1]
    assert [each.op.name for each in seen if each.op] == [
        "PowBackward0", "SubBackward0", "MulBackward0", "AccumulateGrad",
    ]  # fmt: skip
    tape = controller.tape().tape
    assert tape is not None
    assert [op.name for op in tape.ops] == ["mul", "sub", "pow"]
    assert [node.edges[0].formula for node in tape.nodes[:3]] == ["2·%3", "1", "1"]
    assert {"w", "l"} <= {value.name for value in tape.values}


def test_an_op_that_raises_is_shown_and_the_state_is_as_before(write: Write) -> None:
    source = HEAD + """
w = torch.randn(4, 1, requires_grad=True)
seen = []
optimizer = torch.optim.SGD([w], lr=0.01)
def compute():
    seen.append(1)
    h = F.dropout(x, 0.5) @ w
    return h.view(5) * 2
""" + LOOP  # fmt: skip
    controller = begun(write(source))
    before = state(controller)
    first = controller.step()
    while first.failure is None:
        first = controller.step()
    assert first.op is not None
    assert first.op.name == "view"
    assert first.stop_reason is StopReason.EXCEPTION
    assert "the state is as before" in first.explain
    assert same(state(controller), before)
    assert controller._execution.machine.module["seen"] == []
    out = controller.step(Move.OUT)
    assert out.op is None
    assert out.index == 0
    assert len(controller.rows()) == 1


def test_a_custom_backward_that_raises_is_shown_at_its_node(write: Write) -> None:
    source = HEAD + """
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        return value * 2
    @staticmethod
    def backward(ctx, upstream):
        raise ValueError("no gradient today")
w = torch.randn(4, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=0.01)
def compute():
    return (Bad.apply(x @ w) + b).sum()
""" + LOOP  # fmt: skip
    controller = begun(write(source))
    controller.next()
    before = state(controller)
    seen = controller.step()
    while seen.failure is None:
        seen = controller.step()
    assert seen.op is not None
    assert seen.op.name == "BadBackward"
    assert "no gradient today" in seen.failure.message
    assert same(state(controller), before)


def test_a_loss_that_reaches_no_parameter_is_refused_and_changes_nothing(write: Write) -> None:
    controller = begun(write(HEAD + "w = torch.ones(4, 1)\noptimizer = None\n"
                             "def compute():\n    return (x @ w).sum()\n" + LOOP))  # fmt: skip
    walk(controller)
    with pytest.raises(StepRefused, match="does not require grad"):
        controller.step()


def test_nothing_is_kept_over_two_hundred_iterations(write: Write) -> None:
    source = HEAD + PROGRAMS["shared weights"] + LOOP.replace("range(3)", "range(210)")
    controller = begun(write(source))

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, torch.Tensor) for each in gc.get_objects())

    counts = []
    for _ in range(200):
        for _ in range(4):
            walk(controller)
        if len(counts) < 3 or _ % 50 == 0:
            counts.append(alive())
    for _ in range(20):
        counts.append(alive())
    assert counts[-1] <= counts[2]
    module: Any = torch.nn.modules.module
    assert not module._global_forward_hooks
    assert not module._global_forward_pre_hooks
    assert torch.autograd._engine_run_backward is torch.autograd.graph._engine_run_backward  # type: ignore[attr-defined]
    assert torch._C._len_torch_function_stack() == 0


def test_what_an_op_wrote_in_place_before_another_raised_is_put_back(write: Write) -> None:
    source = HEAD + """
norm = nn.BatchNorm1d(4)
optimizer = torch.optim.SGD(norm.parameters(), lr=0.01)
w = norm.weight
def compute():
    h = norm(x)
    norm.eval()
    x.mul_(2)
    return h @ torch.ones(3)
""" + LOOP  # fmt: skip
    controller = begun(write(source))
    before, x = state(controller), controller._execution.machine.module["x"].clone()
    stop = controller.step()
    while stop.failure is None:
        stop = controller.step()
    assert "the state is as before" in stop.explain
    assert same(state(controller), before)
    assert torch.equal(controller._execution.machine.module["x"], x)
    assert controller._execution.machine.module["x"]._version == 0


def test_what_is_printed_comes_with_its_op_and_only_once(write: Write) -> None:
    source = HEAD + """
w = torch.randn(4, 1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.01)
def compute():
    h = x @ w
    print("between")
    return h.sum()
""" + LOOP  # fmt: skip
    controller = begun(write(source))
    assert controller.step().printed == ""
    assert controller.step().printed == "between\n"
    assert controller.step(Move.BACK).printed == ""
    assert controller.step().printed == ""
    assert controller.step(Move.OUT).printed == ""
