"""Numbers and facts as short text."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bptui.protocol.fact import Fact, Value
from bptui.render.text.gate import one_line

WHOLE = 8
"""Small tensors of up to this many elements are written out in one line; of larger ones their shape and norm."""


def number(x: float | int | None) -> str:
    """A number in a few characters: four decimals where they say something, else four digits. None is `None`."""
    if x is None:
        return "None"
    if isinstance(x, (bool, int)):
        return str(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    if x == 0:
        return "0"
    if 1e-3 <= abs(x) < 1e6:
        return f"{x:.4f}"
    return f"{x:.4g}"


def in_fewer_digits(x: float | int) -> Iterator[str]:
    """The same number rounded more and more, from the richest to the poorest: it keeps its size, whatever it loses."""
    yield number(x)
    if not isinstance(x, bool):
        yield from (f"{x:.{digits}g}" for digits in range(5, 0, -1))


def fact(known: Fact | None) -> str:
    """What is known, in one line: a number, a small tensor, a large one's shape and norm. No fact is `None`."""
    if known is None:
        return "None"
    if known.number is not None:
        return number(known.number)
    if known.value is not None and known.numel <= WHOLE:
        return nested(known.value)
    if known.is_tensor:
        return f"{shape(known)} {summary(known)}".rstrip()
    return one_line(known.text) if known.text is not None else nested(known.value)


def nested(value: Value) -> str:
    """Nested tuples as Python writes lists: `[1.0000, 2.0000]`."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(nested, value)) + "]"
    if isinstance(value, str):
        return repr(value)
    return number(value)


def shape(known: Fact) -> str:
    """`[16, 10]`; nothing for what is not a tensor."""
    return str(list(known.shape)) if known.shape is not None else ""


def summary(known: Fact) -> str:
    """Norm and range of a large tensor, and how many nan and inf it has."""
    stats = known.stats
    if stats is None:
        return one_line(known.text or "")
    parts = [f"norm {number(stats.norm)}", f"{number(stats.min)}…{number(stats.max)}"]
    parts += [f"{count} {word}" for count, word in ((stats.nan, "nan"), (stats.inf, "inf")) if count]
    return "  ".join(parts)


def kind(known: Fact) -> str:
    """Shape and dtype, or the type of what is not a tensor: `[1] float32`."""
    return one_line(f"{shape(known)} {known.dtype}" if known.is_tensor else known.type)
