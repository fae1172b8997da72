"""The expressions that a person types, as syntax: one grammar and one set of refusals for both processes.

A condition, watched data, a watch, a logpoint's `{…}`, the value of an edit: all are Python expressions in which
parameters may have the names that the screen shows. What is evaluated at every stop must leave the program as it is.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable

from bptui.protocol.naming import as_python, decode

_CHANGES = frozenset(
    "append appendleft backward clear eval extend insert load_state_dict manual_seed pop popleft remove seed"
    " setdefault step train update zero_grad".split()
)
"""Methods that change what they are called on, beside those whose names end with an underscore."""
_CALLS = frozenset({"delattr", "exec", "next", "setattr"})
"""Functions that change what they are given."""


class BadExpression(ValueError):
    """It is none, or it may not stand here. The message is one sentence."""


def statements(text: str, names: Iterable[str] = (), filename: str = "<expression>") -> ast.Module:
    """Python as a person types it. `names`: the parameters' names as they are shown.

    Raises:
        SyntaxError: it is no Python.
        ValueError: it holds what no source may hold.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `1if x`: a warning would be written across the screen
        try:
            tree = ast.parse(as_python(text, names), filename)
        except SyntaxError:
            return ast.parse(text, filename)  # where it is wrong is told in the text as it was typed
    decode(tree)
    return tree


def expression(text: str, names: Iterable[str] = ()) -> ast.expr:
    """One expression. `names`: the parameters' names as they are shown.

    Raises:
        BadExpression: it is none.
    """
    text = text.strip()
    if not text:
        raise BadExpression("There is no expression.")
    try:
        body = statements(text, names).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        raise BadExpression(f"'{text}' is not Python: {words}.") from None
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        raise BadExpression(f"'{text}' is a statement: an expression is needed, such as w > 2.")
    return body[0].value


def look_only(text: str, names: Iterable[str] = ()) -> ast.expr:
    """An expression that is evaluated again and again, at stops or between blocks.

    What is written like a change is refused. A change inside a function of the script that it calls is not seen.

    Raises:
        BadExpression: it is none, or it is written like a change.
    """
    tree = expression(text, names)
    for node in ast.walk(tree):
        if change := _change(node):
            raise BadExpression(f"'{text.strip()}' may only look: {change} changes the program.")
    return tree


def _change(node: ast.AST) -> str:
    """How that part is written, if it is written like a change."""
    if isinstance(node, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
        return {ast.NamedExpr: ":=", ast.Await: "await"}.get(type(node), "yield")
    if not isinstance(node, ast.Call):
        return ""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    function = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _CHANGES or (name.endswith("_") and not name.endswith("__")):
        return f".{name}()"
    if "grad" in (name, function) and not any(each.arg in ("retain_graph", "create_graph") for each in node.keywords):
        return "grad() without retain_graph=True"
    return f"{function}()" if function in _CALLS else ""
