"""Numbers and facts in as few cells as there are."""

from __future__ import annotations

from collections.abc import Iterator

from bptui.protocol.fact import Fact, Value, summary
from bptui.render.text.cells import shortened, width_of
from bptui.render.text.facts import WHOLE, in_fewer_digits, nested, number, shape
from bptui.render.text.gate import one_line

LONG = 12
"""A longer name is told by its end."""


def short(x: float | None) -> str:
    """A number as a person writes it into a formula: `-3.92`, `1`."""
    text = number(x)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def brief(fact: Fact | None, width: int = 20) -> str:
    """A fact in so many cells: the number, the small tensor, else shape and norm, or what of it fits."""
    if fact is None:
        return "None"
    return next((text for text in _texts(fact, width) if width_of(text) <= width), "…"[: max(width, 0)])


def _texts(fact: Fact, width: int) -> Iterator[str]:
    """From the richest to the poorest; a number keeps its size, whatever digits it loses."""
    known = fact.number
    if known is not None:
        yield from in_fewer_digits(known)
        return
    if not fact.is_tensor:
        yield shortened(one_line(fact.text) if fact.text is not None else nested(fact.value), width)
        return
    if fact.value is not None and fact.numel <= WHOLE:
        yield nested(fact.value)
        yield _shortly(fact.value)
    extent, norm = shape(fact), summary(fact)
    if norm is not None:
        yield from (f"{extent} norm {number(norm)}", f"{extent} ‖{norm:.3g}‖")
    yield extent
    yield extent.replace(" ", "")
    yield f"{len(fact.shape or ())}d"


def _shortly(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shortly, value)) + "]"
    return short(value) if isinstance(value, (int, float)) else nested(value)


def drawn(fact: Fact, width: int, gradient: bool = False) -> str:
    """A fact beside a wire of a drawing: of a large value its shape, of a large gradient its norm."""
    known = fact.number
    if known is not None and width_of(short(known)) <= width:
        return short(known)
    if fact.is_tensor and fact.value is not None and fact.numel <= WHOLE:
        text = _shortly(fact.value)
        if width_of(text) <= width:
            return text
    norm = summary(fact)
    if gradient and fact.is_tensor and known is None and norm is not None:
        return f"‖{norm:.3g}‖"
    if fact.is_tensor and known is None and width_of(shape(fact)) <= width:
        return shape(fact)
    return brief(fact, width)


def own(name: str) -> str:
    """Of a parameter's long name what tells it from the others nearby: `fc1.weight`."""
    return ".".join(name.split(".")[-2:]) if len(name) > LONG else name
