"""When two sides of an equation are the same: what does not agree is not written as an equation."""

from __future__ import annotations

import math
from collections.abc import Sequence

DIGITS = 6
"""So many significant digits are written in sentences."""


def agree(one: Sequence[float], other: Sequence[float], slack: float = 0.0, digits: int = DIGITS) -> bool:
    """Whether two lists of numbers are the same as they are printed; a single number may stand for many.

    `slack`: how far they may be apart besides, for the rounding of what was summed.
    """
    if len(one) != len(other) and 1 not in (len(one), len(other)):
        return False
    count = max(len(one), len(other))
    pairs = zip(_spread(one, count), _spread(other, count), strict=True)
    return all(_agree(a, b, slack, 2 * 10.0**-digits) for a, b in pairs)


def _spread(numbers: Sequence[float], count: int) -> Sequence[float]:
    return numbers if len(numbers) == count else [numbers[0]] * count


def _agree(one: float, other: float, slack: float, relative: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    if math.isinf(one) or math.isinf(other):
        return one == other
    return abs(one - other) <= slack + relative * max(abs(one), abs(other))


SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


def summed(text: str, dims: Sequence[int], rank: int) -> str:
    """`Σ(…)`; where not all dimensions are summed `Σ₀(…)`, which says over which."""
    return f"{sum_sign(dims, rank)}({text})" if dims else text


def sum_sign(dims: Sequence[int], rank: int) -> str:
    """`Σ`, or `Σ₀₁` for a sum over some of so many dimensions."""
    return "Σ" if len(dims) >= rank else "Σ" + "".join(SUBSCRIPTS[dim] for dim in dims)


def product(factors: Sequence[str]) -> str:
    """The factors with dots between them, sums in parentheses; `xᵀ @` comes from the left, `@ Wᵀ` from the right."""
    text = ""
    for factor in factors:
        if not text:
            text = factor.removesuffix(" @").removeprefix("@ ") if len(factors) == 1 else grouped(factor)
        elif factor.endswith(" @"):
            text = f"{factor} {text}" if " · " not in text else f"{factor} ({text})"
        elif factor.startswith("@ "):
            text = f"{text} {factor}" if " · " not in text else f"({text}) {factor}"
        else:
            text = f"{text} · {_signed(grouped(factor))}"
    return text


def _signed(factor: str) -> str:
    return f"({factor})" if factor.startswith("-") else factor


def grouped(formula: str) -> str:
    """A formula as a factor: a sum in parentheses."""
    depth = 0
    for at, sign in enumerate(formula):
        depth += (sign in "([{") - (sign in ")]}")
        if at and not depth and sign in "+-" and formula[at - 1] == " ":
            return f"({formula})"
    return formula
