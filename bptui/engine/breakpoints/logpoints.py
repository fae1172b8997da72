"""The lines of logpoints: text with `{expression}` in it, evaluated in the script's names."""

from __future__ import annotations

from collections import deque
from typing import Any

import torch

from bptui.engine.expressions.expression import Expression, in_one_line
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.tensors.facts import number_of
from bptui.protocol.expression import BadExpression

LINES = 1000
"""So many lines are kept between two messages; of more, only the number is shown."""
_LINE = 500
"""A line has at most so many characters."""
_VALUE = 200
"""And a value in it."""


class Message:
    """A logpoint's text."""

    def __init__(self, text: str, namespace: Namespace) -> None:
        """Raises:
        ValueError: a brace is not closed, or what is in it is no expression. The message is one sentence.
        """
        self._parts: list[str | tuple[Expression, str]] = []
        self.names: set[str] = set()
        """The names that its expressions read."""
        literal, place = "", 0
        while place < len(text):
            if text[place : place + 2] in ("{{", "}}"):
                literal, place = literal + text[place], place + 2
            elif text[place] == "{":
                end = _closing(text, place)
                self._parts += [literal, self._field(text[place + 1 : end], namespace)]
                literal, place = "", end + 1
            elif text[place] == "}":
                raise ValueError("A } closes nothing: a single one is written as }}.")
            else:
                literal, place = literal + text[place], place + 1
        self._parts.append(literal)

    def _field(self, text: str, namespace: Namespace) -> tuple[Expression, str]:
        """An expression, and behind a colon how to format it: `{loss:.3f}`."""
        form = ""
        try:
            expression = Expression(text, namespace)
        except BadExpression as refusal:
            head, _, form = text.rpartition(":")
            try:
                expression = Expression(head, namespace)
            except BadExpression:
                raise refusal from None
        self.names |= expression.names
        return expression, form

    def text(self, namespace: Namespace) -> str:
        """The text with its values in. In the place of what cannot be evaluated it says why."""
        parts = [part if isinstance(part, str) else _value_text(*part, namespace) for part in self._parts]
        line = " ".join("".join(parts).split("\n"))
        return line if len(line) <= _LINE else line[: _LINE - 1] + "…"


def _value_text(expression: Expression, form: str, namespace: Namespace) -> str:
    try:
        return shown(expression.value(namespace), form)
    except BaseException as error:  # as in a condition: no reason to stop the run
        return f"<{in_one_line(error)}>"


def shown(value: Any, form: str = "") -> str:
    """A value in a line: a one-element tensor as its number."""
    if isinstance(value, torch.Tensor):
        number = number_of(value)
        if number is None:
            value = value.detach()
        else:
            value, form = number, form or ("" if isinstance(number, (bool, int)) else ".6g")
    text = format(value, form) if form else str(value)
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"


def _closing(text: str, start: int) -> int:
    """Where the brace that opens at `start` is closed; braces and quotes within the expression are skipped."""
    depth, quote = 0, ""
    for place in range(start, len(text)):
        each = text[place]
        if quote:
            quote = "" if each == quote else quote
        elif each in "'\"":
            quote = each
        elif each == "{":
            depth += 1
        elif each == "}":
            depth -= 1
            if not depth:
                return place
    raise ValueError("A { is not closed: a single one is written as {{.")


class Log:
    """The lines written since they were last taken, up to `LINES`."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._more = 0

    def add(self, line: str) -> None:
        """Add a line."""
        if len(self._lines) < LINES:
            self._lines.append(line)
        else:
            self._more += 1

    def take(self) -> str:
        """Return the lines, and forget them."""
        if not self._lines:
            return ""
        if self._more:
            self._lines.append(f"… {self._more} more")
        text = "".join(f"{line}\n" for line in self._lines)
        self._lines.clear()
        self._more = 0
        return text
