"""Sentences about one op or node: brackets, sums over what was broadcast, whose derivative it is, and what is no op."""

from __future__ import annotations

import inspect

import pytest
import torch

from tests.engine.conftest import OpenScript
from tests.engine.tape.walking import op_of, phase, said

LOOP = """
import torch
{head}
for step in range(3):
    loss = {loss}
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
    w.grad.zero_()
"""


def backward(open_script: OpenScript, loss: str, head: str = "w = torch.tensor(2.0, requires_grad=True)") -> list[str]:
    controller = open_script(LOOP.format(loss=loss, head=head))
    phase(controller)
    return said(phase(controller))


@pytest.mark.parametrize(
    ("loss", "equation"),
    [
        ("torch.tanh(w) * 3", "TanhBackward0: ∂loss/∂w = 3 · (1 - tanh²(w)) = 3 · 0.0706508 = 0.211952"),
        ("torch.sigmoid(w) * 3", "SigmoidBackward0: ∂loss/∂w = 3 · σ(w)(1 - σ(w)) = 3 · 0.104994 = 0.314981"),
        ("0.5 * (w * 2 - 8) ** 2", "MulBackward0: ∂loss/∂%3 = 1 · 0.5 = 0.5"),
        ("1 - w * 3", "RsubBackward1: ∂loss/∂%1 = 1 · (-1) = -1"),
        ("2 ** w", "PowBackward2: ∂loss/∂w = 1 · 2^w·ln(2) = 1 · 2.77259 = 2.77259"),
        ("(-3) / (w * 1)", "MulBackward0: ∂loss/∂… = 1 · (-3) = -3"),
        ("5 - (w - 7)", "RsubBackward1: ∂loss/∂%1 = 1 · (-1) = -1"),
        ("torch.exp(w * 0.5)", "ExpBackward0: ∂loss/∂%1 = 1 · exp(w * 0.5) = 1 · 2.71828 = 2.71828"),
    ],
)
def test_a_formula_is_a_factor_in_brackets(open_script: OpenScript, loss: str, equation: str) -> None:
    assert equation in backward(open_script, loss)


BROADCAST = """
x = torch.tensor([1.0, 2.0, 3.0])
w = torch.tensor(1.0, requires_grad=True)
b = torch.tensor(0.0, requires_grad=True)
"""


def test_what_was_broadcast_is_summed(open_script: OpenScript) -> None:
    sentences = backward(open_script, "((w * x + b - 2 * x) ** 2).sum()", BROADCAST)
    assert any(each.endswith("∂loss/∂b = Σ([-2, -4, -6] · 1) = -12; b [] was broadcast to [3]") for each in sentences)
    assert (
        "MulBackward0: ∂loss/∂w = Σ([-2, -4, -6] · x) = Σ([-2, -4, -6] · [1, 2, 3]) = -28; w [] was broadcast to [3]"
        in sentences
    )


def test_a_part_of_the_dimensions_is_named(open_script: OpenScript) -> None:
    sentences = backward(
        open_script, "((b * 3 + w) * x).sum()",
        "b = torch.zeros(2, 2)\nx = torch.tensor([[1.0, 2.0], [3.0, 4.0]])\nw = torch.ones(2, requires_grad=True)",
    )  # fmt: skip
    assert "AddBackward0: ∂loss/∂w = Σ₀([[1, 2], [3, 4]] · 1) = [4, 6]; w [2] was broadcast to [2, 2]" in sentences


@pytest.mark.parametrize(
    ("loss", "at"),
    [
        ("((pred - y) ** 2).mean()", "sub(pred, y)"),
        ("torch.nn.functional.mse_loss(pred, y)", "mse_loss(pred, y, reduction=mean)"),
    ],
)
def test_broadcast_in_both_directions_is_said_loudly_in_the_forward(
    open_script: OpenScript, loss: str, at: str
) -> None:
    controller = open_script(
        LOOP.format(loss=loss, head="w = torch.ones(3, 1, requires_grad=True)\ny = torch.ones(3)")
        .replace("    loss =", "    pred = w * 2\n    loss =")
    )  # fmt: skip
    told = [each for each in said(phase(controller)) if "BROADCAST BOTH WAYS" in each]
    assert "BROADCAST BOTH WAYS, line 7: pred [3, 1] with y [3] makes [3, 3]" in controller.snapshot.explain
    assert [each.partition("; ")[2] for each in told] == ["BROADCAST BOTH WAYS: pred [3, 1] with y [3] makes [3, 3]"]
    assert at in told[0]


def test_a_matrix_is_multiplied_from_its_own_side(open_script: OpenScript) -> None:
    sentences = backward(
        open_script, "(x @ w).sum()",
        "x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])\nw = torch.ones(2, 2, requires_grad=True)",
    )  # fmt: skip
    assert "MmBackward0: ∂loss/∂w = xᵀ @ [[1, 1], [1, 1]] = [4, 4, 6, 6]" in sentences


def test_an_inner_gradient_is_of_what_it_is_of(open_script: OpenScript) -> None:
    controller = open_script(
        LOOP.format(loss="y + g ** 2", head="w = torch.tensor(3.0, requires_grad=True)").replace(
            "    loss =", "    y = w ** 2\n    (g,) = torch.autograd.grad(y, w, create_graph=True)\n    loss ="
        )
    )
    forward = phase(controller)
    (inner,) = (each for each in forward if op_of(each).node >= 0)
    assert inner.explain.endswith("PowBackward0: ∂y/∂w = 1 · 2w = 1 · 6 = 6")
    assert [each.name for each in op_of(inner).downstream] == ["∂y/∂w"]
    assert all("∂y/" not in each for each in said(phase(controller)))


def test_a_backward_with_weights_says_so(open_script: OpenScript) -> None:
    source = LOOP.format(loss="w * 3", head="w = torch.tensor(2.0, requires_grad=True)")
    controller = open_script(source.replace("backward()", "backward(torch.tensor(10.0))"))
    phase(controller)
    assert "MulBackward0: ∂(v·loss)/∂w = 10 · 3 = 30" in said(phase(controller))


def test_of_a_value_used_twice_each_edge_brings_a_part(open_script: OpenScript) -> None:
    sentences = backward(open_script, "w * w * 5 + w", "w = torch.tensor(3.0, requires_grad=True)")
    parts = [each for sentence in sentences for each in sentence.partition(": ")[2].split("; ") if "∂w" in each]
    assert parts == ["∂loss/∂w (1 of 3) = 1 · 1 = 1", "∂loss/∂w (2 of 3) = 5 · w = 5 · 3 = 15",
                     "∂loss/∂w (3 of 3) = 5 · w = 5 · 3 = 15"]  # fmt: skip
    assert sentences[-1] == "w.grad = None + 31 = 31"


def test_norms_are_not_added(open_script: OpenScript) -> None:
    controller = open_script(LOOP.format(loss="(w * w).sum()", head="w = torch.ones(100, requires_grad=True)"))
    controller.set_zeroing(False)
    for _ in range(4):
        controller.next()
    sentences = said(phase(controller))
    assert sentences[-1] == "norm 19.6 added to w.grad: norm 20 -> norm 39.6"
    assert (
        "MulBackward0: ∂loss/∂w (1 of 2) = ∂loss/∂%2 · w = norm 9.8; ∂loss/∂w (2 of 2) = ∂loss/∂%2 · w = norm 9.8"
    ) in sentences


@pytest.mark.skipif(
    "has_torch_function" not in inspect.getsource(torch.autograd.backward),
    reason="there torch.autograd.backward is no call that a TorchFunctionMode sees, but what it calls is",
)
def test_what_bptui_reads_is_no_op(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, value):
                ctx.save_for_backward(value)
                return value * value
            @staticmethod
            def backward(ctx, upstream):
                return 2 * ctx.saved_tensors[0] * upstream
        w = torch.ones(100, requires_grad=True)
        def doubled(x):
            large = x * 2
            small = large.sum()
            return large
        for step in range(3):
            loss = Square.apply(doubled(w)).sum()
            torch.autograd.backward([loss])
            w.data -= 0.1 * w.grad
        """
    )
    names = [[op_of(each).name for each in phase(controller)] for _ in range(3)]
    assert names == [
        ["mul", "sum", "mul", "Square", "sum"],
        ["SumBackward0", "SquareBackward", "MulBackward0", "AccumulateGrad"],
        ["mul", "sub_", "="],
    ]
    again = [[op_of(each).name for each in phase(controller)] for _ in range(2)]
    assert again[0] == names[0]
    assert again[1] == names[1], "the ledger's own hook on the leaf is no op either"


def test_the_ledger_at_a_stop_inside_is_of_that_stop(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor([1.0], requires_grad=True)
        for epoch in range(3):
            for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]:
                l = (x * w - y) ** 2
                l.backward()
                w.data = w.data - 0.01 * w.grad.data
                w.grad.data.zero_()
        """
    )
    controller.set_zeroing(False)
    for _ in range(4):
        controller.next()
    for stop in phase(controller):
        (ledger,) = stop.ledger
        gradient = stop.params[0].grad
        assert ledger.sum is not None
        assert gradient is not None
        assert ledger.sum.number == gradient.number
        assert ledger.difference is None
        listed = [(each.epoch, each.sample) for each in ledger.contributions]
        done = op_of(stop).name == "AccumulateGrad"
        assert listed == ([(0, 0), (0, 1)] if done else [(0, 0)])
    controller.set_zeroing(True)
    phase(controller)
    zeroed = phase(controller)[-1]
    assert zeroed.ledger == ()
    assert zeroed.params[0].grad is not None
    assert zeroed.params[0].grad.number == 0


@pytest.mark.skipif(
    not hasattr(torch.ones(1, requires_grad=True).exp().grad_fn, "_input_metadata"),
    reason="there autograd nodes do not tell the shapes of their results",
)
@pytest.mark.parametrize(
    ("loss", "names"),
    [
        ("((pred - y) ** 2).mean()", "pred [3, 1] with y [3]"),
        ("torch.nn.functional.mse_loss(pred, y)", "pred [3, 1] with y [3]"),
        ("criterion(pred, y)", "pred [3, 1] with y [3]"),
        ("(pred * scale - 1).mean()", "pred [3, 1] with scale [2]"),
    ],
)
def test_the_sentence_of_a_forward_that_was_not_stepped_into_says_it_too(
    open_script: OpenScript, loss: str, names: str
) -> None:
    head = "w = torch.ones(3, 1, requires_grad=True)\ny = torch.ones(3)\ncriterion = torch.nn.SmoothL1Loss()\n"
    head += "scale = torch.ones(2, requires_grad=True)"
    source = LOOP.format(loss=loss, head=head).replace("    loss =", "    pred = w * 2\n    loss =")
    controller = open_script(source.replace("w -= 0.01", "pass; w -= 0.01"))
    said_of_it = controller.next().explain
    line = next(at for at, each in enumerate(source.splitlines(), 1) if each.strip().startswith("loss ="))
    made = "[3, 2]" if "scale" in names else "[3, 3]"
    assert said_of_it.endswith(f"; BROADCAST BOTH WAYS, line {line}: {names} makes {made}")


@pytest.mark.parametrize(
    ("loss", "head"),
    [
        ("((w * x + b - y) ** 2).mean()", "x, y = torch.ones(4, 1), torch.ones(4, 1)\nb = torch.zeros(1)\n"),
        ("((w * x - y) ** 2).mean()", "x, y = torch.ones(4, 3), torch.ones(4, 3)\n"),
        ("((x @ w.reshape(1, 1) + b) * y).sum()", "x, y = torch.ones(4, 1), torch.ones(4, 1)\nb = torch.zeros(1)\n"),
    ],
)
def test_what_is_broadcast_one_way_is_no_news(open_script: OpenScript, loss: str, head: str) -> None:
    controller = open_script(LOOP.format(loss=loss, head=f"w = torch.ones(1, requires_grad=True)\n{head}"))
    assert "BROADCAST" not in controller.next().explain
