"""Functions that every expression can call, and what counts as true in one.

`isnan`, `isinf`, `isfinite` and `norm` take numbers, tensors and None alike, since a gradient may be any of them. Where
no more is asked than whether it is true, a tensor is true if any entry is; `isfinite` only if all entries are finite.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from bptui.engine.tensors.measures import norm_of


def isnan(value: Any) -> Any:
    """Whether it is nan: of a tensor, entry by entry. None is not."""
    return False if value is None else torch.isnan(value) if isinstance(value, torch.Tensor) else math.isnan(value)


def isinf(value: Any) -> Any:
    """Whether it is infinite: of a tensor, entry by entry. None is not."""
    return False if value is None else torch.isinf(value) if isinstance(value, torch.Tensor) else math.isinf(value)


def isfinite(value: Any) -> Any:
    """Whether it is a number, neither nan nor infinite: of a tensor, entry by entry. None counts as one."""
    return True if value is None else torch.isfinite(value) if isinstance(value, torch.Tensor) else math.isfinite(value)


def norm(value: Any) -> float:
    """The 2-norm; of None nan, which compares with nothing."""
    if value is None:
        return math.nan
    if isinstance(value, torch.Tensor):
        return norm_of(value)
    return abs(float(value))


def any_nan(value: Any) -> bool:
    """Whether any entry is nan."""
    return not _all_finite_by_norm(value) and truth_of(isnan(value))


def any_inf(value: Any) -> bool:
    """Whether any entry is infinite."""
    return not _all_finite_by_norm(value) and truth_of(isinf(value))


def all_finite(value: Any) -> bool:
    """Whether all entries are numbers, neither nan nor infinite."""
    if _all_finite_by_norm(value):
        return True
    finite = isfinite(value)
    return bool(finite.all()) if isinstance(finite, torch.Tensor) else bool(finite)


def _all_finite_by_norm(value: Any) -> bool:
    """Whether a tensor is seen to be finite by its norm: one fast pass. A norm that overflows says nothing."""
    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or not value.is_floating_point():
        return False
    return math.isfinite(torch.linalg.vector_norm(value.detach()).item())


def truth_of(value: Any) -> bool:
    """Whether a value is true: an array is if any entry is."""
    if isinstance(value, torch.Tensor) and value.numel() != 1:
        return bool(value.any())
    if hasattr(value, "dtype") and hasattr(value, "any"):
        return bool(value.any())
    return bool(value)


class Operand:
    """A value of which `and` or `or` asks whether it is true: then an array can stand there too."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return truth_of(self.value)


def value_of_operand(value: Any) -> Any:
    """What `and` or `or` gave, one of its operands, as it was."""
    return value.value if type(value) is Operand else value


HELPERS: dict[str, Any] = {"isnan": isnan, "isinf": isinf, "isfinite": isfinite, "norm": norm}
"""Functions that every expression can call, unless the script has something of its own under that name."""
AS_TRUTH = {"isnan": any_nan, "isinf": any_inf, "isfinite": all_finite}
"""The same of which no more is asked than whether it is true."""
