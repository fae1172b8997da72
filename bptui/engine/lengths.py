"""How many items a loop has, where that can be known without taking any."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from bptui.engine import syntax


def length_of(items: object, node: ast.For | ast.While, *scopes: Mapping[str, Any]) -> int | None:
    """The length of what a `for` goes over: its own `len`, or that of the names zipped or enumerated in its header."""
    found = _len(items)
    if found is None and isinstance(node, ast.For):
        found = _of_expression(node.iter, scopes)
    return found


def _len(items: object) -> int | None:
    if type(items).__module__ == "__main__" or not hasattr(items, "__len__"):
        return None  # a __len__ of the script's own is the script's to call
    try:
        return len(items)
    except Exception:  # of a DataLoader over a stream, say
        return None


def _of_expression(node: ast.expr, scopes: tuple[Mapping[str, Any], ...]) -> int | None:
    if isinstance(node, ast.Name):
        return next((_len(scope[node.id]) for scope in scopes if node.id in scope), None)
    if isinstance(node, (ast.List, ast.Tuple)):
        return len(node.elts)
    if isinstance(node, ast.Call) and syntax.function(node) in {"enumerate", "tqdm", "list", "sorted", "iter"}:
        return _of_expression(node.args[0], scopes) if node.args else None
    if isinstance(node, ast.Call) and syntax.function(node) == "zip":
        lengths = [_of_expression(each, scopes) for each in node.args]
        known = [each for each in lengths if each is not None]
        return min(known) if known and len(known) == len(lengths) else None
    return None
