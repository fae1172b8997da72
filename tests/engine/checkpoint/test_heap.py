"""A step that raised is refused only where nothing changed: wherever the script keeps what it changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from bptui.engine.checkpoint.heap import may_write_unseen
from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.own import is_own
from bptui.protocol.phase import Phase, StopReason
from tests.engine.conftest import OpenScript

COUNTER = """
class Counter:
    def __init__(self):
        self.n = 0
"""

LOOP = """
import torch
from torch import nn
{setup}
w = torch.tensor([1.0], requires_grad=True)
for x in [1.0, 2.0]:
    l = (w * x) ** 2
    l.backward()
    w.data = w.data - 0.1 * w.grad + fails()
    w.grad.zero_()
"""

CHANGES = {
    "an object of a module's class": ("from heap_counter import Counter\nc = Counter()", "c.n += 1"),
    "a deque": ("from collections import deque\nq = deque()", "q.append(1)"),
    "an array": ("import numpy as np\na = np.zeros(3)", "a[0] = 1"),
    "a tensor in place": ("t = torch.zeros(3)", "t.data[0] = 1"),
    "a large tensor in place": ("t = nn.Parameter(torch.zeros(300, 1000))", "t.data[0, 0] = 1"),
    "a default": ("def f(found=[]): found.append(1)", "f()"),
    "an attribute of a function": ("def f(): pass", "f.note = 1"),
    "a class": ("class C: pass", "C.note = 1"),
    "a hook": ("m = nn.Linear(1, 1)", "m.register_forward_hook(print)"),
    "a mode": ("m = nn.Linear(1, 1)", "m.eval()"),
    "a generator": ("g = torch.Generator()", "torch.rand(1, generator=g)"),
    "what is printed": ("", "print(1)"),
    "nothing": ("q = []", "len(q)"),
    "the same again": ("q = [0.5]", "q[0] = 1.0 - 0.5"),
}


@pytest.fixture
def counter(tmp_path: Path) -> None:
    (tmp_path / "heap_counter.py").write_text(COUNTER)
    sys.modules.pop("heap_counter", None)


@pytest.mark.usefixtures("counter")
@pytest.mark.parametrize("what", CHANGES)
def test_an_update_that_changed_something_before_it_raised_is_no_refusal(what: str, open_script: OpenScript) -> None:
    setup, change = CHANGES[what]
    controller = open_script(LOOP.format(setup=f"{setup}\ndef fails():\n    {change}\n    raise ValueError('no')"))
    controller.next()
    controller.next()
    if what in ("nothing", "the same again"):
        with pytest.raises(StepRefused, match="no"):
            controller.next()
        assert controller.snapshot.phase is Phase.BACKWARD
    else:
        assert controller.next().stop_reason is StopReason.EXCEPTION


def test_a_backward_that_fails_in_a_hook_has_freed_its_graph_and_is_no_refusal(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.ones(1, requires_grad=True)\ndef hook(gradient):\n    raise ValueError('no')\n"
        "w.register_hook(hook)\nfor i in range(3):\n    loss = (w.exp() * i).sum()\n    loss.backward()\n"
    )
    controller.next()
    assert controller.next().stop_reason is StopReason.EXCEPTION


def test_a_script_that_only_writes_what_counts_is_trusted() -> None:
    assert not may_write_unseen("loss.backward()\noptimizer.step()\nw -= 0.1 * w.grad\ndata = load()")
    for source in ("w.data -= 1", "w. data = 1", "w.numpy()[0] = 1", "torch.from_numpy(a)", "w.untyped_storage()"):
        assert may_write_unseen(source)


def test_what_is_installed_is_not_the_scripts_own() -> None:
    assert is_own("__main__")
    assert is_own(__name__)
    for module in ("torch", "torch.nn", "json", "pytest", "bptui.engine", "builtins", "no_such_module", ""):
        assert not is_own(module)


EXOTIC = """
import warnings
import torch
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    csr = torch.eye(3).to_sparse_csr()
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    ragged = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    quantized = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    masked = torch.masked.masked_tensor(torch.ones(3), torch.tensor([True, False, True]))
w = torch.tensor([1.0], requires_grad=True)
for x in [1.0, 2.0, 3.0]:
    l = (w * x) ** 2
    l.backward()
    w.data = w.data - 0.1 * w.grad
    w.grad.zero_()
"""


def test_tensors_of_every_layout_are_looked_at_and_gone_back_over(open_script: OpenScript) -> None:
    controller: Controller = open_script(EXOTIC)
    losses = []
    for _ in range(8):
        losses.append(repr(controller.next().loss))
    assert controller.evaluate("w * 2")[1] is None
    assert controller.evaluate("len(csr.values().tolist())")[1] is None
    assert controller.evaluate("csr.values().fill_(2)")[1] is not None
    assert repr(controller.goto(1).loss) == losses[0]
    assert controller.evaluate("csr.values().sum().item()")[0].text == "3.0"
    controller.goto(4)
    assert [repr(controller.next().loss) for _ in range(4)] == losses[4:]
    assert torch.is_grad_enabled()
