"""From values to `Fact`s: what is shown of a tensor, an array or any other value. `.grad` is read only here.

Facts are bounded, and a large tensor is read where it lives, never copied to the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from bptui.protocol.fact import SMALL, Fact, Named, Stats, Value

GREATEST = 2**1023
"""Ints from this size on are shown as text only: they have no float."""
_TEXT = 200
"""At most so many characters of a `repr` are kept."""
_CORNER = 3
"""Rows and columns of a large tensor's corner."""
_PARTS = 8
"""At most so many members of a tuple, list or dict are shown one by one."""


def grad_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """The gradient kept by a leaf; None where there is none."""
    return tensor.grad if tensor.is_leaf or tensor.retains_grad else None


def number_of(tensor: torch.Tensor | None) -> float | None:
    """The one number that a tensor is; None if it is none."""
    if tensor is None or tensor.is_nested or tensor.numel() != 1 or tensor.is_complex():
        return None
    return tensor.item()


def quick_number_of(tensor: torch.Tensor) -> float | None:
    """The same, where it mostly is one: asks PyTorch once instead of four times."""
    try:
        number = tensor.item()
    except RuntimeError:  # it is more than one, or nested
        return None
    return None if isinstance(number, complex) else number


def fact(value: object, *, detailed: bool = True) -> Fact:
    """What is shown of a value. `detailed=False` leaves out the statistics of large tensors, which cost a pass."""
    if isinstance(value, torch.Tensor):
        return _tensor_fact(value, detailed)
    kind = type(value).__name__
    if isinstance(value, int) and not -GREATEST < value < GREATEST:
        return Fact(kind, text=_shortened(value))  # it is no float, and of the greatest Python makes no decimal digits
    if value is None or isinstance(value, (bool, int, float)):
        plain = value if value is None or type(value) in (bool, int, float) else float(value)
        return Fact(kind, plain, text="None" if value is None else None)
    if isinstance(value, str):
        return Fact(kind, value[:_TEXT], text=_shortened(value))
    shape = getattr(value, "shape", None)
    if hasattr(value, "tolist") and hasattr(value, "dtype") and isinstance(shape, tuple):
        return _array_fact(value, kind)
    return Fact(kind, text=_shortened(value))


def named_facts(name: str, value: object, *, detailed: bool = True) -> Iterator[Named]:
    """A value's facts under its name; members of a small container that holds tensors are named one by one."""
    parts: list[tuple[str, object]] = []
    if isinstance(value, (tuple, list)) and len(value) <= _PARTS:
        parts = [(f"{name}[{index}]", each) for index, each in enumerate(value)]
    elif isinstance(value, dict) and len(value) <= _PARTS:
        parts = [(f"{name}[{key!r}]", each) for key, each in value.items()]
    if any(isinstance(each, torch.Tensor) for _, each in parts):
        for label, each in parts:
            yield Named(label, fact(each, detailed=detailed))
    else:
        yield Named(name, fact(value, detailed=detailed))


def _shortened(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # a script's own __repr__ may raise anything
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def _array_fact(value: Any, kind: str) -> Fact:
    """A numpy array or scalar."""
    shape = tuple(int(extent) for extent in value.shape)
    plain = _tuples(value.tolist()) if value.size <= SMALL and value.dtype.kind in "biuf" else None
    return Fact(kind, plain, shape, str(value.dtype), "cpu", text=None if plain is not None else _shortened(value))


def _tensor_fact(tensor: torch.Tensor, detailed: bool) -> Fact:
    kind, dtype, device = type(tensor).__name__, dtype_name(tensor), str(tensor.device)
    if tensor.is_nested:
        return Fact(kind, dtype=dtype, device=device, text=_shortened(tensor.detach()))
    shape = tuple(tensor.shape)
    try:
        detached = tensor.detach()
        if detached.layout != torch.strided or detached.is_complex() or detached.is_quantized or detached.is_meta:
            return Fact(kind, None, shape, dtype, device, text=_shortened(detached))
        if tensor.numel() <= SMALL:
            return Fact(kind, _tuples(detached.tolist()), shape, dtype, device)
        if not detailed:
            return Fact(kind, None, shape, dtype, device)
        return Fact(kind, None, shape, dtype, device, stats(detached), corner(detached))
    except (RuntimeError, NotImplementedError, TypeError) as error:  # an exotic tensor: say what can be said
        return Fact(kind, None, shape, dtype, device, text=f"<{error}>"[:_TEXT])


def version_of(tensor: torch.Tensor) -> int:
    """How often the tensor was written in place; 0 for one made in inference mode, which does not count."""
    return 0 if tensor.is_inference() else tensor._version


def dtype_name(tensor: torch.Tensor) -> str:
    """`float32`."""
    return str(tensor.dtype).removeprefix("torch.")


def _tuples(value: Any) -> Value:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@torch.no_grad()
def stats(tensor: torch.Tensor) -> Stats:
    """The statistics of a tensor of numbers, where it lives. Reads it a few times, never copies it to the CPU."""
    numbers = tensor if tensor.is_floating_point() else tensor.to(torch.float32)
    zero = tensor.numel() - int(torch.count_nonzero(tensor))
    low, high = map(float, torch.aminmax(numbers))
    nan = inf = 0
    if not (math.isfinite(low) and math.isfinite(high)):
        nan, inf = int(torch.isnan(numbers).sum()), int(torch.isinf(numbers).sum())
        numbers = numbers[torch.isfinite(numbers)]
        if not numbers.numel():
            return Stats(math.nan, math.nan, math.nan, math.nan, math.nan, nan, inf, zero)
        low, high = map(float, torch.aminmax(numbers))
    numbers = numbers.to(_wide(numbers))
    scale = _scale(max(abs(low), abs(high)))
    if scale != 1:
        numbers = numbers / scale
    norm, mean = float(torch.linalg.vector_norm(numbers)), float(numbers.mean())
    std = float(numbers.std(correction=0))
    return Stats(low, high, mean * scale, std * scale, norm * scale, nan, inf, zero)


def _scale(largest: float) -> float:
    """What to divide by, where squares would overflow or vanish."""
    return 1.0 if largest == 0 or 1e-15 < largest < 1e15 else largest


def _wide(tensor: torch.Tensor) -> torch.dtype:
    """The dtype to sum in: half precision would overflow."""
    return torch.float32 if tensor.dtype in (torch.float16, torch.bfloat16) else tensor.dtype


def corner(tensor: torch.Tensor) -> Value:
    """The first rows and columns, other dimensions at their first index."""
    while tensor.dim() > 2:
        tensor = tensor[0]
    part = tensor[:_CORNER] if tensor.dim() == 1 else tensor[:_CORNER, :_CORNER]
    return _tuples(part.tolist())
