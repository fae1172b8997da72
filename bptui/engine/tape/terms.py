"""Expressions with their values: `2(y_pred - y)` and what it comes to, so that a formula can be checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

SUM, PRODUCT, POWER, ONE = range(4)
"""How tightly an expression holds together: a sum falls apart first, a name or a call never."""

_POWERS = {2.0: "²", 3.0: "³"}


@dataclass(frozen=True, eq=False)
class Term:
    """An expression."""

    text: str
    binds: int
    value: torch.Tensor | None
    """In double precision; None where it is not known, as of large tensors."""

    def within(self, binds: int) -> str:
        """Its text as a part of what binds so tightly."""
        return self.text if self.binds >= binds else f"({self.text})"

    @property
    def bare(self) -> str:
        """Its text as an argument of a function: without parentheses of its own."""
        return self.text[1:-1] if is_enclosed(self.text) else self.text

    @property
    def is_number(self) -> bool:
        """Whether it is written as a plain number."""
        return self.text.lstrip("-").replace(".", "", 1).isdigit()

    def __add__(self, other: Term) -> Term:
        return Term(f"{self.text} + {other.within(PRODUCT)}", SUM, _both(self, other, torch.add))

    def __sub__(self, other: Term) -> Term:
        return Term(f"{self.text} - {other.within(PRODUCT)}", SUM, _both(self, other, torch.sub))

    def __mul__(self, other: Term) -> Term:
        """`2r`, `2·y_pred`, `2(y_pred - y)`, `x·w`."""
        value = _both(self, other, torch.mul)
        if self.text == "1":
            return Term(other.text, other.binds, value)
        right = other.within(PRODUCT)
        joined = self.is_number and (len(right) == 1 or is_enclosed(right) or right[1:] in _POWERS.values())
        joined = joined or (right.startswith("(") and self.text.endswith(")"))
        return Term(f"{self.within(PRODUCT)}{'' if joined else '·'}{right}", PRODUCT, value)

    def __truediv__(self, other: Term) -> Term:
        return Term(f"{self.within(PRODUCT)}/{other.within(POWER)}", PRODUCT, _both(self, other, torch.div))

    def __neg__(self) -> Term:
        return Term(f"-{self.within(PRODUCT)}", SUM, None if self.value is None else -self.value)

    def __pow__(self, exponent: Term) -> Term:
        """`r²`, `r^4`, `(x·w)^n`."""
        value = _both(self, exponent, torch.pow)
        number = None if exponent.value is None or exponent.value.dim() else exponent.value.item()
        if number == 1:
            return Term(self.text, self.binds, value)
        sign = _POWERS.get(number) if number is not None and exponent.is_number else None
        return Term(self.within(ONE) + (sign or f"^{exponent.within(ONE)}"), POWER, value)

    @property
    def transposed(self) -> Term:
        """`xᵀ`."""
        return Term(f"{self.within(ONE)}ᵀ", ONE, None if self.value is None else self.value.mT)


def number(x: float) -> Term:
    """A number."""
    return Term(f"{x:g}", ONE if x >= 0 else SUM, torch.tensor(x, dtype=torch.float64))


def call(name: str, term: Term, function: Callable[[torch.Tensor], torch.Tensor], sign: str = "") -> Term:
    """`exp(r)`, `tanh²(r)`."""
    value = None if term.value is None else function(term.value)
    return Term(f"{name}{sign}({term.bare})", ONE, value)


def is_enclosed(text: str) -> bool:
    """Whether one pair of parentheses is around all of it."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return text[:1] == "(" and at == len(text) - 1
    return False


def _both(
    one: Term, other: Term, operation: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> torch.Tensor | None:
    if one.value is None or other.value is None:
        return None
    try:
        return operation(one.value, other.value)
    except RuntimeError:  # shapes that do not go together
        return None
