"""The oracle of equations: what it takes as equal, and what not."""

from __future__ import annotations

import pytest

from tests.equations import disagreements, value_of
from tests.printed_numbers import FOUR, NotEvaluable

NAMES = {
    "x": 2.0, "y_pred": 3.0, "y": 4.5, "r": (1.0, -2.0), "(w * 2 - 8)": -6.0, "W": ((1.0, 2.0), (3.0, 4.0)), "z": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    "equation",
    [
        "-2 · 1 = -2",
        "-2 · x = -2 · 2 = -4",
        "1 · 2(y_pred - y) = 1 · -3 = -3",
        "0.5 · 2(w * 2 - 8) = 0.5 · -12 = -6",
        "2·y_pred = 6",
        "Σ([-4, -6, -8] · 1) = -18",
        "Σ₀([[1, 2], [3, 4]] · 1) = [4, 6]",
        "[1, 2, 3] · 1 = [1, 2, 3]",
        "1 · 1 = [1, 1, 1]",
        "0.333333 · 3 = 1",
        "0.964028 · 25.7927 = 24.8649",
        "0.5 · (1 - tanh²(z)) = 0.393224",
        "σ(z)(1 - σ(z)) = 0.235004",
        "[r > 0] = [1, 0]",
        "-3/r² = [-3, -0.75]",
        "2r = [2, -4]",
        "3r² = [3, 12]",
        "Wᵀ @ [1, 1] = [4, 6]",
        "exp(z) = 1.64872",
        "1/(2√z) = 0.707107",
        "z^-2 = 4",
        "4 + 4 + (-2) = 6",
        "nan · 2 = nan",
        "-3.07e+07 + inf = inf",
        "inf · 2 = inf",
    ],
)
def test_it_holds(equation: str) -> None:
    for side in equation.split(" = "):
        value_of(side, NAMES)
    assert disagreements(equation, NAMES) == []


@pytest.mark.parametrize(
    "equation",
    [
        "[-4, -6, -8] · 1 = -18",
        "1 · (w * 2 - 8) = 0.5",
        "0.5 · 1 - tanh²(z) = 0.393224",
        "0.964028 · 25.7927 = 24.866",
        "-2 + -7.84 = -9.85",
        "[1, 2] = [1, 3]",
        "2 · 3 = nan",
        "2 · 3 = inf",
    ],
)
def test_it_does_not_hold(equation: str) -> None:
    assert disagreements(equation, NAMES)


def test_four_decimals_are_less_than_six_digits() -> None:
    assert disagreements("0.0169 · 2 = 0.0339", digits=FOUR) == []
    assert disagreements("0.0169 · 2 = 0.0339")


@pytest.mark.parametrize("side", ["norm 3", "mul(x, y)", "unknown · 2", "None"])
def test_what_cannot_be_evaluated_says_so(side: str) -> None:
    with pytest.raises(NotEvaluable):
        value_of(side, NAMES)
