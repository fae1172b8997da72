"""Conditions over plain numbers say what the same text says of the numbers."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.engine.breakpoints.numeric import UNDECIDED, NumericCondition, numeric_condition

CONDITIONS = ("loss > 1", "isnan(w.grad)", "abs(w - b) < 0.5", "w.grad > 0 and loss < 2", "1 / b > loss or w < 0",
              "loss != loss", "not isfinite(b.grad)", "min(w, b) > 0", "w.grad == 0")  # fmt: skip
FUNCTIONS = {"isnan": math.isnan, "isfinite": math.isfinite, "abs": abs, "min": min}
numbers = st.none() | st.floats() | st.sampled_from([0.0, 1.0, -0.5])


def made(text: str) -> NumericCondition:
    found = numeric_condition(ast.parse(text, mode="eval").body, {"loss"}, {"w", "b"}, set())
    assert found is not None
    return found


@given(st.sampled_from(CONDITIONS), numbers, st.floats(), numbers, st.floats(), numbers)
def test_it_says_what_python_says_of_the_numbers(
    text: str, loss: float | None, w: float, w_grad: float | None, b: float, b_grad: float | None
) -> None:
    names = {"loss": loss, "w": w, "b": b, "w_grad": w_grad, "b_grad": b_grad}
    may = made(text).may_hold(loss, (("w", w, w_grad), ("b", b, b_grad)))
    plain = text.replace(".grad", "_grad")
    if any(names[name] is None for name in names if name in ast.dump(ast.parse(plain))):
        assert not may
        return
    try:
        wanted = bool(eval(plain, dict(FUNCTIONS), names))
    except UNDECIDED:
        wanted = None
    assert may is wanted


@pytest.mark.parametrize(("loss", "holds"), [(2.0, True), (0.5, False), (math.nan, False), (None, None)])
def test_no_loss_yet_is_not_known_and_no_gradient_yet_does_not_hold(loss: float | None, holds: bool | None) -> None:
    assert made("loss > 1").may_hold(loss, ()) is holds
    assert made("w.grad > 1").may_hold(loss, (("w", 3.0, None),)) is False


def test_a_parameter_that_is_not_among_the_numbers_needs_another_look() -> None:
    assert made("w > 1").may_hold(1.0, (("b", 2.0, None),)) is None
