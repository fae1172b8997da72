"""The loss curve is right and disturbs nothing; the inspector tells what Python would."""

from __future__ import annotations

import pytest
import torch

from bptui.engine.analysis import curve
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Phase
from tests.engine.checkpoint.test_refused_steps import everything
from tests.engine.conftest import OpenScript

LOOP = """
import torch
torch.manual_seed(1)
w = torch.tensor([1.0], requires_grad=True)
drop = torch.nn.Dropout(0.5)
norm = torch.nn.BatchNorm1d(1)
for epoch in range(3):
    for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]:
        l = ((x * w - y) ** 2 + drop(torch.ones(1)) + norm(torch.randn(4, 1) * w).mean()).sum()
        l.backward()
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
"""


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a forward may take long; that is not what is tested."""
    monkeypatch.setattr(curve, "SLOWEST", 60.0)


@pytest.mark.usefixtures("unhurried")
def test_the_curve_is_the_loss_at_other_values(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor([1.0], requires_grad=True)
        def loss(x, y):
            y_pred = x * w
            return (y_pred - y) ** 2
        for x, y in [(1.0, 2.0), (2.0, 4.0)]:
            l = loss(x, y)
            l.backward()
        """
    )
    assert controller.curve("w", 0.0, 4.0, 5).reason
    controller.next()
    curve = controller.curve("w", 0.0, 4.0, 5)
    assert curve.xs == (0.0, 1.0, 2.0, 3.0, 4.0)
    assert curve.ys == tuple((x - 2.0) ** 2 for x in curve.xs)
    assert (curve.at, curve.loss, curve.slope, curve.reason) == (1.0, 1.0, -2.0, "")


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5], ids=["forward", "backward", "update", "zero_grad", "next forward"])
@pytest.mark.usefixtures("unhurried")
def test_drawing_a_curve_disturbs_nothing(after: int, open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    for _ in range(after):
        controller.next()
    before = everything(controller)
    assert not controller.curve("w", 0.0, 4.0, 9).reason
    assert everything(controller) == before
    rest = [repr(controller.next().params) for _ in range(6)]
    other = open_script(LOOP)
    for _ in range(after):
        other.next()
    assert rest == [repr(other.next().params) for _ in range(6)]


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        ("    l = (w * x) ** 2; seen.append(l.item())", ""),
        ("    l = remember(w * x)", "append"),
        ("    l = (w * x) ** 2 + next(noise)", "next"),
    ],
    ids=["a list beside the forward is left out", "a function that appends", "an iterator"],
)
def test_a_forward_that_does_more_than_compute_has_no_curve(forward: str, reason: str, open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.tensor([1.0], requires_grad=True)\nseen = []\nnoise = iter(range(9))\n"
        "def remember(z):\n    seen.append(z.item())\n    return z ** 2\n"
        f"for x in [1.0, 2.0]:\n{forward}\n    l.backward()\n"
    )
    controller.next()
    told = controller.curve("w", 0.0, 4.0, 5).reason
    assert reason in told
    assert bool(told) == bool(reason)


def test_a_parameter_of_many_numbers_has_no_curve(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.ones(3, requires_grad=True)\nfor i in range(2):\n"
        "    loss = (w * i).sum()\n    loss.backward()\n"
    )
    controller.next()
    assert "not a single number" in controller.curve("w", 0.0, 1.0, 3).reason


def test_the_inspector_tells_what_python_would(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    controller.next()
    controller.next()
    w = dict(controller.inspect("w").fields)
    assert w["type"] == str(torch.Tensor)
    assert (w["dtype"], w["shape"], w["ndim"], w["device"]) == ("float32", "(1,)", "1", "cpu")
    assert (w["requires_grad"], w["is_leaf"], w["grad_fn"]) == ("True", "True", "None")
    assert controller.inspect("w").text == "tensor([1.], requires_grad=True)"
    assert dict(controller.inspect("w.grad").fields)["requires_grad"] == "False"
    loss = dict(controller.inspect("l").fields)
    assert (loss["is_leaf"], loss["grad_fn"], loss["ndim"]) == ("False", "SumBackward0", "0")
    assert controller.inspect("x").fields == (("type", "<class 'float'>"),)
    with pytest.raises(StepRefused, match="nonsense"):
        controller.inspect("nonsense")


def test_a_gradient_that_is_none_is_inspected_as_none(open_script: OpenScript) -> None:
    controller = open_script(LOOP)
    assert controller.inspect("w.grad").text == "None"
    assert controller.do(Phase.FORWARD).phase is Phase.FORWARD
