"""A breakpoint as a person writes it.

`backward`, `line 25 if loss > 10`, `epoch 3 sample 2`, `isnan(w.grad)`, `change w.grad`, `nan`, `exploding 100`;
behind it `hits % 5` and `log loss is {loss}`, whose text may stand in quotes. `on w.grad` is another word for
`change w.grad`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from bptui.protocol.alarms import ALARMS
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.expression import BadExpression, expression, look_only
from bptui.protocol.phase import Phase

CHECKS = {alarm.name: alarm.help for alarm in ALARMS}
"""The ready-made checks by name, and when each is met."""
EXAMPLES = "backward, line 25, epoch 3, loss > 10, change w.grad, nan"

_LOG = re.compile(r"\s+log\s+(?P<log>.+)$", re.DOTALL)
_HITS = re.compile(r"\s+hits\s+(?P<hits>(?:(?:[=<>]=|<|>|%)\s*)?[1-9]\d*)$")
_QUOTED = re.compile(r"([\"']).+\1$", re.DOTALL)
_IF = re.compile(r"\s+if\s+(?P<condition>.+)$", re.DOTALL)
_PLACE = re.compile(r"(?P<kind>line|epoch|sample)\s+(?P<number>\d+)")
_CHANGE = re.compile(r"(?:change|on)\s+(?P<data>.+)$")
_CHECK = re.compile(rf"(?P<check>{'|'.join(CHECKS)})(?:\s+(?P<limit>[-+.\de]+))?$")


class BadBreakpoint(Exception):
    """It is none. Its arguments: what is wrong, and what would be one."""


def parse(text: str, number: int) -> Breakpoint:
    """A breakpoint as it is written.

    Raises:
        BadBreakpoint: it is none.
    """
    rest, parts = " " + text.strip(), dict[str, Any]()
    for ending in (_LOG, _HITS, _IF):
        if ending is _IF and isinstance(_tree(rest), ast.IfExp):
            break  # this `if` is the condition's own
        if match := ending.search(rest):
            rest, parts = rest[: match.start()], parts | match.groupdict()
    rest = rest.strip()
    if "condition" in parts:
        parts["condition"] = _expression(parts["condition"])
    if "log" in parts:
        parts["log"] = _unquoted(parts["log"])
    where = _where(rest) if rest else {}
    if "condition" in where and "condition" in parts:
        raise BadBreakpoint(f"{rest} is no place to stop.", EXAMPLES)
    if not {*where, *parts} - {"hits", "log"}:
        raise BadBreakpoint("Stop where?", EXAMPLES)
    return Breakpoint(number, **(where | parts))


def _where(text: str) -> dict[str, Any]:
    if text in list(map(str, Phase)):
        return {"phase": Phase(text)}
    if text.isdecimal():
        return {"line": int(text)}
    if match := _CHECK.match(text):
        return {"check": match["check"], "limit": _limit(match["limit"])}
    if match := _CHANGE.match(text):
        return {"data": _expression(match["data"])}
    words, places = text, dict[str, Any]()
    while match := _PLACE.match(words):
        places[match["kind"]] = int(match["number"])
        words = words[match.end() :].strip()
    if places and words in list(map(str, Phase)):
        return places | {"phase": Phase(words)}
    if places and not words:
        return places
    return {"condition": _expression(text, alone=True)}


def _limit(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise BadBreakpoint(f"{text} is no limit.", "exploding 100") from None


def _unquoted(text: str) -> str:
    """What a logpoint says, without the quotes around it."""
    return text[1:-1] if _QUOTED.match(text) else text


def _quoted(text: str) -> str:
    """What a logpoint says, in quotes where they or the spaces at its ends would be lost."""
    return f'"{text}"' if _QUOTED.match(text) or text != text.strip() else text


def _expression(text: str, alone: bool = False) -> str:
    """The text, if it only looks. `alone`: where nothing else says when to stop, and a name would be a slip."""
    text = text.strip()
    tree = _tree(text)
    if tree is None and alone:
        raise BadBreakpoint(f"{text} is no place to stop, and no Python.", EXAMPLES)
    try:
        look_only(text)
    except BadExpression as reason:
        raise BadBreakpoint(str(reason), EXAMPLES) from None
    if alone and isinstance(tree, ast.Attribute | ast.Subscript):
        raise BadBreakpoint(f"{text} is no condition.", f"change {text} stops when it changes")
    if alone and isinstance(tree, ast.Name | ast.Constant):
        raise BadBreakpoint(f"{text} is no place to stop.", EXAMPLES)
    return text


def _tree(text: str) -> ast.expr | None:
    """The text as Python; None if it is none."""
    try:
        return expression(text)
    except BadExpression:
        return None


def as_typed(point: Breakpoint) -> str:
    """A breakpoint as a person writes it."""
    parts = [f"{kind} {at}" for kind in ("line", "epoch", "sample") if (at := getattr(point, kind)) is not None]
    parts += [str(point.phase)] if point.phase is not None else []
    parts += [point.check] if point.check else []
    parts += [f"{point.limit:g}"] if point.limit is not None else []
    parts += [f"change {point.data}"] if point.data else []
    if point.condition:
        parts += ["if", point.condition] if parts else [point.condition]
    parts += ["hits", point.hits] if point.hits else []
    parts += ["log", _quoted(point.log)] if point.log else []
    return " ".join(parts)
