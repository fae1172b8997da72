"""Central differences of a function of one entry of a parameter, and what they say of a derivative by autograd.

The step is `cbrt(eps) * max(1, |x|)`, where the errors of truncation (`h²`) and rounding (`eps / h`) are about equal
(Press et al., Numerical Recipes, 5.7; `torch.autograd.gradcheck`'s own 1e-6 in float64 is near it). The tolerance of
1e-4 lies between gradcheck's `rtol` of 1e-3 and the 1e-7 that the notes of Stanford's CS231n call happy; they call
relative errors above 1e-4 uncomfortable. Where the first step does not agree, smaller and larger ones are tried: a
function that bends much agrees at a smaller one, one that is lost in rounding at a larger one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

TOLERANCE = {torch.float64: 1e-4, torch.float32: 2e-2}
"""The relative error up to which the two are equal."""
_ROUNDING = 16.0
"""How many roundings of the loss are taken for its noise."""
_RETRIES = (1 / 4, 1 / 16, 8.0, 64.0)
"""Other steps, relative to the first."""
_SHRUNK = 1 / 16
"""The smaller step at which the two sides of a smooth function must agree better."""


@dataclass(frozen=True)
class FiniteDifference:
    """What differences say of one entry."""

    autograd: float
    numeric: float
    error: float
    """|a - n| / max(|a|, |n|, what can be resolved)."""
    verdict: str
    """`equal`, `different`, `kink`, or why it cannot be said."""


def compare(loss: Callable[[float], float], x: float, middle: float, slope: float, floor: float,
            dtype: torch.dtype) -> FiniteDifference:  # fmt: skip
    """Compare `slope` with central differences of the loss around `x`, where it is `middle`.

    `floor`: errors are relative to at least so large a derivative.
    """
    eps, tolerance = torch.finfo(dtype).eps, TOLERANCE[dtype]
    step = eps ** (1 / 3) * max(1.0, abs(x))

    def around(h: float) -> tuple[float, float, float, float]:
        """The two one-sided differences, the central one, and how small a derivative can be told from none."""
        above, below = x + h, x - h
        up, down = loss(above), loss(below)
        noise = _ROUNDING * eps * max(abs(up), abs(down), abs(middle)) / h
        return (up - middle) / (above - x), (middle - down) / (x - below), (up - down) / (above - below), noise

    def judge(central: float, noise: float) -> float:
        return abs(slope - central) / max(abs(slope), abs(central), floor, noise / tolerance, 1e-300)

    if not math.isfinite(slope):
        return FiniteDifference(slope, around(step)[2], math.inf, "different")
    right, left, numeric, noise = around(step)
    if not math.isfinite(numeric):
        return FiniteDifference(slope, numeric, math.inf, "the loss is not a number nearby")
    error = judge(numeric, noise)
    disagreement = abs(right - left)
    if disagreement > tolerance * max(abs(right), abs(left)) + noise:
        near_right, near_left, near, near_noise = around(step * _SHRUNK)
        if abs(near_right - near_left) > disagreement / 4 + near_noise:
            within = min(near_left, near_right), max(near_left, near_right)
            slack = tolerance * max(map(abs, within)) + near_noise
            one_of_them = within[0] - slack <= slope <= within[1] + slack
            return FiniteDifference(slope, numeric, error, "kink" if one_of_them else "different")
        near_error = judge(near, near_noise)
        numeric, error = (near, near_error) if near_error < error else (numeric, error)
    for factor in _RETRIES if not error <= tolerance else ():
        _, _, other, noise = around(step * factor)
        other_error = judge(other, noise)
        if other_error <= tolerance:
            return FiniteDifference(slope, other, other_error, "equal")
    return FiniteDifference(slope, numeric, error, "equal" if error <= tolerance else "different")
