"""Equations as they stand on the screen, computed again: an oracle that shares no code with what printed them.

A side is parsed as a mathematician reads it (`0.5 · 2(y_pred - y)`, `Σ(xᵀ @ g)`, `σ(z)(1 - σ(z))`, `[r > 0]`) and
evaluated over `Printed` numbers. Two sides agree if one number could stand behind both. What is no expression of known
names (`norm 3`, an op's call, a name whose value is too large to be told) raises `NotEvaluable`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bptui.protocol.fact import Fact
from tests.printed_numbers import SIX, NotEvaluable, Printed, exactly, number

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?|nan\b|inf\b)"
    r"|(?P<word>[A-Za-zσ_][A-Za-z0-9_]*)|(?P<sum>Σ[₀-₉]*)|(?P<sign>\*\*|[-+·*/@^()\[\],<>²³ᵀ√]))"
)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_POWERS = {"²": 2, "³": 3}


def _lipschitz(x: Printed, function: Callable[[Any], Any]) -> Printed:
    """A function whose slope is at most 1."""
    middle, half = (x.low + x.high) / 2, (x.high - x.low) / 2
    return Printed(function(middle) - half, function(middle) + half).widened(1.0)


_FUNCTIONS: dict[str, Callable[[Printed], Printed]] = {
    "exp": lambda x: x.mapped(np.exp),
    "log": lambda x: x.mapped(np.log),
    "ln": lambda x: x.mapped(np.log),
    "sqrt": lambda x: x.mapped(np.sqrt),
    "tanh": lambda x: x.mapped(np.tanh),
    "σ": lambda x: x.mapped(lambda y: 1 / (1 + np.exp(-y))),
    "sign": lambda x: x.mapped(lambda y: np.nan_to_num(np.sign(y))),  # as PyTorch has it: 0 for nan
    "sin": lambda x: _lipschitz(x, np.sin),
    "cos": lambda x: _lipschitz(x, np.cos),
}


class _Parser:
    """Precedence climbing: sums, products (also without a sign between), a sign, powers, and what they are made of."""

    def __init__(self, text: str, names: Mapping[str, Any], digits: int) -> None:
        self._names, self._digits = names, digits
        self._tokens = list(self._tokenized(text))
        self._at = 0

    def _tokenized(self, text: str) -> Any:
        names = sorted((each for each in self._names if each), key=len, reverse=True)
        at = 0
        while text[at:].strip():
            at += len(text[at:]) - len(text[at:].lstrip())
            name = next((each for each in names if text.startswith(each, at) and _ends(text, at, each)), None)
            if name is not None:
                yield "name", name
                at += len(name)
                continue
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise NotEvaluable(f"not read: {text[at:]!r}")
            yield found.lastgroup, found[found.lastgroup]
            at = found.end()

    def parsed(self) -> Printed:
        value = self._sum()
        if self._at < len(self._tokens):
            raise NotEvaluable(f"not read: {self._tokens[self._at][1]!r}")
        return value

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _takes(self, *signs: str) -> str:
        kind, text = self._next()
        if kind == "sign" and text in signs:
            self._at += 1
            return text
        return ""

    def _expects(self, sign: str) -> None:
        if not self._takes(sign):
            raise NotEvaluable(f"no {sign!r} but {self._next()[1]!r}")

    def _sum(self) -> Printed:
        value = self._product()
        while sign := self._takes("+", "-"):
            value = value + self._product() if sign == "+" else value - self._product()
        return value

    def _product(self) -> Printed:
        value = self._signed()
        while True:
            if sign := self._takes("·", "*", "/", "@"):
                other = self._signed()
                value = value / other if sign == "/" else value @ other if sign == "@" else value * other
            elif self._next()[0] in ("name", "word", "sum") or self._next() in (("sign", "("), ("sign", "√")):
                value = value * self._power()
            else:
                return value

    def _signed(self) -> Printed:
        sign = self._takes("-", "+")
        return (-self._signed() if sign == "-" else self._signed()) if sign else self._power()

    def _power(self) -> Printed:
        value = self._one()
        while sign := self._takes("²", "³", "^", "**", "ᵀ"):
            value = value.transposed() if sign == "ᵀ" else value ** (_POWERS.get(sign) or self._signed())
        return value

    def _one(self) -> Printed:
        kind, text = self._next()
        self._at += 1
        if kind == "name":
            return _known(text, self._names[text])
        if kind == "number":
            return number(text, self._digits)
        if kind == "sum":
            return self._one().sum(tuple(int(each) for each in text[1:].translate(_SUBSCRIPTS)) or None)
        if kind == "word" and text in _FUNCTIONS:
            power = _POWERS.get(self._takes("²", "³"), 1)
            return _FUNCTIONS[text](self._one()) ** power
        if text == "√":
            return _FUNCTIONS["sqrt"](self._one())
        if text == "(":
            value = self._sum()
            self._expects(")")
            return value
        if text == "[":
            return self._list()
        raise NotEvaluable(f"not known: {text!r}")

    def _list(self) -> Printed:
        """`[1, 2]`; or Iverson's bracket: `[r > 0]` is 1 where it holds, else 0."""
        if self._takes("]"):
            return exactly([])
        parts = [self._sum()]
        if sign := self._takes(">", "<"):
            other = self._sum()
            self._expects("]")
            return parts[0].above(other) if sign == ">" else other.above(parts[0])
        while self._takes(","):
            parts.append(self._sum())
        self._expects("]")
        if len({each.shape for each in parts}) > 1:
            raise NotEvaluable("a ragged list")
        return Printed([each.low for each in parts], [each.high for each in parts])


_PART = re.compile(r"[A-Za-z0-9_%.]")
"""What a name goes on with, before or behind."""


def _ends(text: str, at: int, name: str) -> bool:
    """Whether a name stands there as a whole, and is not a part of a longer one."""
    before, after = text[at - 1 : at] if at else "", text[at + len(name) :]
    if name[0] != "(" and _PART.match(before) and not before.isdigit():
        return False
    return name[-1] == ")" or not re.match(r"[A-Za-z0-9_\[(]|\.\w", after)


def _known(name: str, value: Any) -> Printed:
    if isinstance(value, Fact):
        value = value.value
    if value is None:
        raise NotEvaluable(f"{name} is too large to be told")
    return exactly(value)


def value_of(text: str, names: Mapping[str, Any] | None = None, digits: int = SIX) -> Printed:
    """What a side of an equation comes to. `names`: the values that were there, plain or as facts.

    Raises:
        NotEvaluable: it cannot be told.
    """
    with np.errstate(all="ignore"):
        return _Parser(text, names or {}, digits).parsed()


def disagreements(
    equation: str | Sequence[str], names: Mapping[str, Any] | None = None, digits: int = SIX
) -> list[tuple[str, str]]:
    """The pairs of sides of `a = b = c` that can both be evaluated and do not agree."""
    evaluated: list[tuple[str, Printed]] = []
    for side in equation.split(" = ") if isinstance(equation, str) else equation:
        try:
            evaluated.append((side, value_of(side, names, digits)))
        except NotEvaluable:
            continue
    pairs = itertools.pairwise(evaluated)
    return [(one[0], other[0]) for one, other in pairs if not one[1].overlaps(other[1])]
