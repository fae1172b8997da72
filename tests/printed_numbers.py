"""Printed numbers: a number with so many digits stands for every number that is printed so (interval arithmetic)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

SIX = 6
"""Sentences write six significant digits (`.6g`)."""
FOUR = 4
"""Tables and the chain rule write four decimals, or four digits of what is smaller or larger."""
_ROUNDING = 2.0**-20
"""A few roundings of a 32-bit float."""


class NotEvaluable(Exception):
    """The side of an equation is no expression of known numbers."""


class Printed:
    """An array of intervals."""

    __array_ufunc__ = None  # numpy leaves the operators to this class

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.low.shape)

    def widened(self, scale: Any) -> Printed:
        """By a few roundings of a number of that size."""
        slack = np.nan_to_num(np.abs(scale), posinf=0.0) * _ROUNDING
        return Printed(self.low - slack, self.high + slack)

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> Printed:
        other = exactly(other)
        try:
            ends = [operation(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        except ValueError as error:  # shapes that do not go together
            raise NotEvaluable(str(error)) from None
        low, high = np.minimum.reduce(ends), np.maximum.reduce(ends)
        return Printed(low, high).widened(np.maximum(np.abs(low), np.abs(high)))

    def __add__(self, other: Any) -> Printed:
        return self._with(other, np.add).widened(np.abs(self.low) + np.abs(exactly(other).low))

    def __sub__(self, other: Any) -> Printed:
        return self + (-exactly(other))

    def __mul__(self, other: Any) -> Printed:
        return self._with(other, np.multiply)

    def __truediv__(self, other: Any) -> Printed:
        other = exactly(other)
        if np.any((other.low <= 0) & (other.high >= 0)):
            raise NotEvaluable("a division by what may be 0")
        return self._with(other, np.divide)

    def __neg__(self) -> Printed:
        return Printed(-self.high, -self.low)

    def __pow__(self, other: Any) -> Printed:
        exponent = exactly(other)
        if exponent.shape == () and exponent.low == exponent.high and float(exponent.low).is_integer():
            return self._integer_power(int(exponent.low))
        if np.any(self.low <= 0):
            raise NotEvaluable("a power of what is not positive")
        return self._with(other, np.power)

    def _integer_power(self, exponent: int) -> Printed:
        if exponent < 0:
            return exactly(1.0) / self._integer_power(-exponent)
        ends = self.low**exponent, self.high**exponent
        low, high = np.minimum(*ends), np.maximum(*ends)
        if exponent and exponent % 2 == 0:
            low = np.where((self.low <= 0) & (self.high >= 0), 0.0, low)
        return Printed(low, high).widened(np.maximum(np.abs(low), np.abs(high)))

    def __matmul__(self, other: Any) -> Printed:
        other = exactly(other)
        try:
            middle = ((self.low + self.high) / 2) @ ((other.low + other.high) / 2)
            spread = np.abs(self.high - self.low) @ np.maximum(np.abs(other.low), np.abs(other.high))
            spread = spread + np.maximum(np.abs(self.low), np.abs(self.high)) @ np.abs(other.high - other.low)
            scale = np.abs(self.low) @ np.abs(other.low)
        except ValueError as error:
            raise NotEvaluable(str(error)) from None
        return Printed(middle - spread, middle + spread).widened(scale)

    def above(self, other: Any) -> Printed:
        """1 where it is larger, 0 where it is not; anything between where that cannot be told."""
        other = exactly(other)
        return Printed((self.low > other.high).astype(float), (self.high > other.low).astype(float))

    def sum(self, dims: tuple[int, ...] | None = None) -> Printed:
        """The sum over these dimensions, or over all of them."""
        total = Printed(self.low.sum(axis=dims), self.high.sum(axis=dims))
        return total.widened(np.abs(self.low).sum(axis=dims))

    def mapped(self, function: Callable[[Any], Any]) -> Printed:
        """A monotonic function of it."""
        with np.errstate(all="ignore"):
            ends = function(self.low), function(self.high)
        low, high = np.minimum(*ends), np.maximum(*ends)
        return Printed(low, high).widened(np.maximum(np.abs(low), np.abs(high)))

    def transposed(self) -> Printed:
        """With its last two dimensions exchanged."""
        return Printed(np.swapaxes(self.low, -1, -2), np.swapaxes(self.high, -1, -2)) if self.low.ndim > 1 else self

    def overlaps(self, other: Printed) -> bool:
        """Whether some numbers could be both; one may be told flat, or be one number for all elements."""
        mine, its = self, other
        if mine.low.size == its.low.size:
            mine, its = Printed(mine.low.ravel(), mine.high.ravel()), Printed(its.low.ravel(), its.high.ravel())
        try:
            apart = (mine.low > its.high) | (its.low > mine.high)
        except ValueError:
            return False
        unknown = np.isnan(mine.low) & np.isnan(its.low)
        both = np.isnan(mine.low) == np.isnan(its.low)
        return bool(np.all(both) and not np.any(apart & ~unknown))


def exactly(value: Any) -> Printed:
    """A number, or nested tuples of them, as they are."""
    if isinstance(value, Printed):
        return value
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise NotEvaluable(f"{value!r} is no number") from None
    return Printed(array, array)


def number(text: str, digits: int = SIX) -> Printed:
    """Every number that is printed so."""
    value = float(text)
    if not math.isfinite(value) or value == 0:
        return exactly(value)
    magnitude = math.floor(math.log10(abs(value)))
    unit = 10.0 ** (magnitude - digits + 1)
    if digits == FOUR and 1e-3 <= abs(value) < 1e6:
        unit = 1e-4
    return Printed(value - unit / 2, value + unit / 2).widened(value)
