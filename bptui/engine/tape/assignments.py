"""Which variable holds what an autograd node computed, and where the source assigns it.

For nodes made where nothing was traced: before the loop, or at full speed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch

_MEMBERS = 100
"""Of a list or dict so many members are looked at."""


def variable_made_by(node: Any, holders: Iterable[Mapping[str, Any]]) -> tuple[str, bool]:
    """The variable whose value a node computed, or on the way to which it did: that is the flag.

    Empty where there is none. The nearest one: whose own node autograd counted first.
    """
    found = sorted(((each.grad_fn._sequence_nr(), name, each.grad_fn) for name, each in _tensors(holders)), key=_number)
    for number, name, maker in found:
        if number >= node._sequence_nr() and _leads_to(maker, node):
            return name, maker is not node
    return "", False


def _number(found: tuple[int, str, Any]) -> int:
    return found[0]


def _tensors(holders: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for names in holders:
        for name, value in list(names.items()):
            if name.startswith("_"):
                continue
            members = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
            for each in (value, *list(members)[:_MEMBERS]):
                if isinstance(each, torch.Tensor) and each.grad_fn is not None:
                    yield name, each


def _leads_to(start: Any, node: Any) -> bool:
    """Whether a backward from there comes to the node. Nodes were counted before those that use them."""
    lowest = node._sequence_nr()
    waiting, visited = [start], {start}
    while waiting:
        at = waiting.pop()
        if at is node:
            return True
        for after, _ in at.next_functions:
            if after is not None and after not in visited and after._sequence_nr() >= lowest:
                visited.add(after)
                waiting.append(after)
    return False


def lines_assigning(tree: ast.Module, name: str) -> list[int]:
    """The lines on which the source assigns a variable."""
    return sorted({each.lineno for each in ast.walk(tree) if isinstance(each, ast.stmt) and name in _assigned(each)})


def _assigned(statement: ast.stmt) -> set[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign, ast.For)):
        targets = [statement.target]
    elif isinstance(statement, ast.With):
        targets = [each.optional_vars for each in statement.items if each.optional_vars is not None]
    own = [each for target in targets for each in ast.walk(target)]
    own += [
        each.target
        for field in ast.iter_child_nodes(statement)
        if isinstance(field, ast.expr)
        for each in ast.walk(field)
        if isinstance(each, ast.NamedExpr)
    ]
    return {each.id for each in own if isinstance(each, ast.Name)}
