"""Expressions that are evaluated at each stop. They are looked at, and must leave the program as it is.

What is written like a change (`w.add_(1)`, `losses.append(1)`, `l.backward()`) is not evaluated, and random numbers
that an expression draws are put back. A change inside a function of the script that an expression calls is not
prevented: comparing everything at each stop would cost more than all the rest of a stop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

import torch

from bptui.engine.compiler import syntax
from bptui.engine.interpreter.environment import RandomState
from bptui.engine.interpreter.output import Output
from bptui.engine.repl.display import listening, raised, shown
from bptui.engine.repl.execute import TypedNames, parsed_expression, value_of
from bptui.engine.repl.namespace import Namespace
from bptui.protocol.snapshot import Watched

LONGEST = 2_000
"""At most so many characters of a value are told."""
_CHANGES = frozenset(
    "append appendleft backward clear eval extend insert load_state_dict manual_seed pop popleft remove seed"
    " setdefault step train update zero_grad".split()
)
"""Methods that change what they are called on, beside those whose names end with an underscore."""
_CALLS = frozenset({"delattr", "exec", "next", "setattr"})
"""Functions that change what they are given."""


class Watches:
    """The watched expressions."""

    def __init__(self) -> None:
        self._expressions: dict[str, ast.expr | str] = {}
        """What was typed; and its syntax, or why it cannot be watched."""

    def __bool__(self) -> bool:
        return bool(self._expressions)

    def set(self, expressions: Iterable[str]) -> None:
        """Watch these from now on."""
        self._expressions = {each: _read(each) for each in expressions}

    def look(self, scope: Namespace, names: TypedNames, output: Output) -> tuple[Watched, ...]:
        """Each with its value, or with what it raised. To be called while the script's stage is set."""
        random = RandomState(value for each in (scope.own, *scope.behind) for value in list(each.values()))
        grad = torch.is_grad_enabled()
        kept = names.of(scope)
        watched = []
        with listening(output):  # what they print is nowhere
            for text, expression in self._expressions.items():
                watched.append(_looked(text, expression, scope, kept))
                torch.set_grad_enabled(grad)
        random.restore()
        return tuple(watched)


def _looked(text: str, expression: ast.expr | str, scope: Namespace, kept: dict[str, Any]) -> Watched:
    if isinstance(expression, str):
        return Watched(text, expression, True)
    try:
        value, whole = shown(value_of(expression, scope, kept), LONGEST)
    except BaseException as error:  # whatever it is, it is this watch's value
        return Watched(text, raised(error), True)
    if len(value) > LONGEST:
        return Watched(text, f"{value[:LONGEST]}\n… {len(value) - LONGEST:,} more characters", False)
    return Watched(text, value if whole else f"{value}… and more", False)


def _read(text: str) -> ast.expr | str:
    try:
        expression = parsed_expression(text)
    except (SyntaxError, ValueError) as error:
        return raised(error)
    change = next(filter(None, map(_change, ast.walk(expression))), "")
    return f"A watch only looks: {change} changes the program." if change else expression


def _change(node: ast.AST) -> str:
    """How that part is written, if it is written like a change."""
    if isinstance(node, ast.NamedExpr):
        return ":="
    if not isinstance(node, ast.Call):
        return ""
    name, function = syntax.method(node) or "", syntax.function(node) or ""
    if name in _CHANGES or (name.endswith("_") and not name.endswith("__")):
        return f".{name}()"
    if "grad" in (name, function) and not any(each.arg in ("retain_graph", "create_graph") for each in node.keywords):
        return "grad() without retain_graph=True"
    return f"{function}()" if function in _CALLS else ""
