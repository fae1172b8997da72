"""Expressions that are evaluated at each stop, and must leave the program as it is.

What is written like a change (`w.add_(1)`, `losses.append(1)`, `l.backward()`) is not evaluated, and random numbers
that an expression draws are put back. A change inside a function of the script that an expression calls is not
prevented: comparing everything at each stop would cost more than all the rest of a stop.
"""

from __future__ import annotations

from collections.abc import Iterable

from bptui.engine.expressions.expression import Expression, no_such, raised, undisturbed
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.repl.display import shown
from bptui.protocol.expression import BadExpression
from bptui.protocol.snapshot import Watched

LONGEST = 2_000
"""At most so many characters of a value are shown."""


class Watches:
    """The watched expressions."""

    def __init__(self) -> None:
        self._texts: tuple[str, ...] = ()
        """What was typed."""
        self._compiled: dict[str, Expression | str] = {}
        """Each as it is evaluated; or why it cannot be watched."""

    def __bool__(self) -> bool:
        return bool(self._texts)

    @property
    def texts(self) -> tuple[str, ...]:
        """The expressions, as they were typed."""
        return self._texts

    def set(self, expressions: Iterable[str]) -> None:
        """Watch these from now on."""
        self._texts, self._compiled = tuple(dict.fromkeys(expressions)), {}

    def values(self, namespace: Namespace) -> tuple[Watched, ...]:
        """Each with its value, or with what it raised. To be called while the script's environment is installed."""
        return tuple(_watched(text, self._expression(text, namespace), namespace) for text in self._texts)

    def _expression(self, text: str, namespace: Namespace) -> Expression | str:
        """The expression, compiled when it is first evaluated: only then the names of the parameters are known."""
        if text not in self._compiled:
            try:
                self._compiled[text] = Expression(text, namespace)
            except BadExpression as reason:
                self._compiled[text] = str(reason)
        return self._compiled[text]


def _watched(text: str, expression: Expression | str, namespace: Namespace) -> Watched:
    if isinstance(expression, str):
        return Watched(text, expression, True)
    try:
        with undisturbed(namespace):  # a `repr` of the script's may draw or print as well
            value, complete = shown(expression.value(namespace, graph=True), LONGEST)
    except NameError as error:
        missing = namespace.unknown(expression.names)
        return Watched(text, no_such(missing) if missing else raised(error), True)
    except BaseException as error:  # whatever it is, it is this watch's value
        return Watched(text, raised(error), True)
    if len(value) > LONGEST:
        return Watched(text, f"{value[:LONGEST]}\n… {len(value) - LONGEST:,} more characters", False)
    return Watched(text, value if complete else f"{value}… and more", False)
