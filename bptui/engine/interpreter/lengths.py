"""How many items a loop has, where that can be known without taking any."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from bptui.engine.compiler import syntax
from bptui.engine.interpreter.own import is_own_type

Scopes = tuple[Mapping[str, Any], ...]
Measure = Callable[[Scopes], int | None]


def length_of(items: object, node: ast.For | ast.While, *scopes: Mapping[str, Any]) -> int | None:
    """The length of what a `for` goes over: its own `len`, or that of the names zipped or enumerated in its header."""
    found = _len(items)
    if found is None and isinstance(node, ast.For):
        found = _measure(node.iter)(scopes)
    return found


def _len(items: object) -> int | None:
    if is_own_type(type(items)) or not hasattr(items, "__len__"):
        return None  # a __len__ of the script's own is the script's to call
    try:
        return len(items)
    except Exception:  # of a DataLoader over a stream, say
        return None


@cache
def _measure(node: ast.expr) -> Measure:
    """How to tell the length of what an expression gives: put together once, since a loop may begin very often."""
    if isinstance(node, ast.Name):
        return lambda scopes: next((_len(scope[node.id]) for scope in scopes if node.id in scope), None)
    if isinstance(node, (ast.List, ast.Tuple)):
        count = len(node.elts)
        return lambda scopes: count
    if isinstance(node, ast.Call) and syntax.function(node) in {"enumerate", "tqdm", "list", "sorted", "iter"}:
        return _measure(node.args[0]) if node.args else _unknown
    if isinstance(node, ast.Call) and syntax.function(node) == "zip":
        parts = [_measure(each) for each in node.args]
        return lambda scopes: _shortest([part(scopes) for part in parts])
    return _unknown


def _shortest(lengths: list[int | None]) -> int | None:
    known = [each for each in lengths if each is not None]
    return min(known) if known and len(known) == len(lengths) else None


def _unknown(scopes: Scopes) -> None:
    return None
