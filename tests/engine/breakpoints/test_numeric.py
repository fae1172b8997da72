"""Conditions over plain numbers: both ways to ask them say the same."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.engine.breakpoints.numeric import UNTOLD, NumericCondition, quick

CONDITIONS = ("loss > 1", "isnan(w.grad)", "abs(w - b) < 0.5", "w.grad > 0 and loss < 2", "1 / b > loss or w < 0",
              "loss != loss", "not isfinite(b.grad)", "min(w, b) > 0", "w.grad == 0")  # fmt: skip
numbers = st.none() | st.floats() | st.sampled_from([0.0, 1.0, -0.5])


def made(text: str) -> NumericCondition:
    found = quick(ast.parse(text, mode="eval"), {"loss"}, {"w", "b"}, set())
    assert found is not None
    return found


@given(st.sampled_from(CONDITIONS), numbers, st.floats(), numbers, st.floats(), numbers)
def test_a_row_of_numbers_is_told_what_named_numbers_are_told(
    text: str, loss: float | None, w: float, w_grad: float | None, b: float, b_grad: float | None
) -> None:
    condition = made(text)
    test = condition.test(("w", "b"))
    assert test is not None
    try:
        by_row = test(loss, [w, w_grad, b, b_grad])
    except UNTOLD:
        by_row = None
    assert by_row == condition.may_hold(loss, (("w", w, w_grad), ("b", b, b_grad)))


@pytest.mark.parametrize(("loss", "holds"), [(2.0, True), (0.5, False), (math.nan, False), (None, None)])
def test_no_loss_yet_is_not_known_and_no_gradient_yet_does_not_hold(loss: float | None, holds: bool | None) -> None:
    test, of_gradient = made("loss > 1").test(()), made("w.grad > 1").test(("w",))
    assert test is not None
    assert test(loss, []) is holds
    assert of_gradient is not None
    assert of_gradient(loss, [3.0, None]) is False


def test_a_parameter_that_is_not_among_the_numbers_needs_another_look() -> None:
    assert made("w > 1").test(("b",)) is None
