"""Ops as the source has them, whatever PyTorch makes of an operator: operands in order, numbers under their names."""

from __future__ import annotations

import pytest

from tests.engine.conftest import OpenScript
from tests.engine.tape.walking import phase, said

SCRIPT = """
import numpy
import torch
w = torch.tensor([2.0], requires_grad=True)
c, k = 3, 4.0
m = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
i = torch.tensor([6])
for step in range(2):
    made = {}
    loss = w.sum()
    loss.backward()
    w.grad = None
"""


@pytest.mark.parametrize(
    ("expression", "said_of_it"),
    [
        ("0.5 * w", "made = mul(0.5, w) = 1"),
        ("w * 0.5", "made = mul(w, 0.5) = 1"),
        ("k * w", "made = mul(k, w) = 8"),
        ("w * k", "made = mul(w, k) = 8"),
        ("0.5 * (w * 2 - 8) ** 2", "made = mul(0.5, %3) = 8"),
        ("(w * 2 - 8) ** 2 * 0.5", "made = mul(%3, 0.5) = 8"),
        ("1 - (w * 3)", "made = sub(1, %1) = -5"),
        ("(w * 3) - 1", "made = sub(%1, 1) = 5"),
        ("k - w", "made = sub(k, w) = 2"),
        ("6 / (w + 1)", "made = div(6, %1) = 2"),
        ("2 ** w", "made = pow(2, w) = 4"),
        ("w ** 2", "made = pow(w, 2) = 4"),
        ("7 // w.detach()", "made = floor_divide(7, %1) = 3"),
        ("7 % w.detach()", "made = remainder(7, %1) = 1"),
        ("w.detach() // 7", "made = floor_divide(%1, 7) = 0"),
        ("1 + w", "made = add(1, w) = 3"),
        ("w + 1", "made = add(w, 1) = 3"),
        ("5 & i", "made = bitwise_and(5, i) = 4"),
        ("1 << i", "made = bitwise_left_shift(1, i) = 64"),
        ("c > w", "made = lt(w, 3) = True"),
        ("w < c", "made = lt(w, 3) = True"),
        ("numpy.float64(3) * w", "made = mul(numpy.float64(3), w) = 6"),
        ("numpy.float64(3) - w", "made = sub(numpy.float64(3), w) = 1"),
        ("numpy.float32(2) ** w", "made = pow(numpy.float32(2), w) = 4"),
        ("torch.sub(7, w)", "made = sub(7, w) = 5"),
        ("w.sub(7)", "made = sub(w, 7) = -5"),
        ("m.__rmatmul__(i.float().expand(2, 2))", "made = matmul(%2, m) = [24, 36, 24, 36]"),
    ],
)
def test_operands_come_in_the_order_of_the_source(open_script: OpenScript, expression: str, said_of_it: str) -> None:
    controller = open_script(SCRIPT.replace("made = {}", f"made = {expression}"))
    sentences = [each for each in said(phase(controller)) if each.startswith("made")]
    assert [each.replace(" = 1.0", " = True") for each in sentences] == [said_of_it]


@pytest.mark.parametrize(
    ("statement", "said_of_it"),
    [
        ("v += 1", "add_(v, 1) = 3"),
        ("v -= k", "sub_(v, 4.0) = -2"),
        ("v *= w.detach()", "mul_(v, %3) = 4"),
        ("v /= 4", "div_(v, 4) = 0.5"),
        ("v **= 3", "pow_(v, 3) = 8"),
        ("v //= 3", "floor_divide_(v, 3) = 0"),
        ("v %= 2", "remainder_(v, 2) = 0"),
    ],
)
def test_in_place_forms(open_script: OpenScript, statement: str, said_of_it: str) -> None:
    controller = open_script(SCRIPT.replace("made = {}", f"v = w.detach().clone(); {statement}"))
    assert said_of_it in said(phase(controller))


def test_a_number_from_a_function_has_no_name_that_is_another_operands(open_script: OpenScript) -> None:
    controller = open_script(
        SCRIPT.replace("made = {}", "made = number() * double(w)").replace(
            "for step", "def number(): return 5.0\ndef double(t): return t + t\nfor step"
        )
    )
    assert "made = mul(%1, 5.0) = 20" in said(phase(controller))
