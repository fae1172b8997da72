"""Cuts a `for` over parameters that updates and zeroes each of them into one loop that updates and one that zeroes."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable

from bptui.engine.compiler import syntax
from bptui.engine.compiler.classify import Kinds
from bptui.engine.errors import CannotCut, LateRefusal
from bptui.protocol.phase import Phase

TWICE = "__bptui_twice__"
"""The function, put into the script's namespace, that hands out the items of such a loop a second time."""

_REPEATABLE = frozenset({"parameters", "named_parameters", "zip", "enumerate", "values", "items", "list", "tuple"})


def fission(statements: list[ast.stmt], kinds: Callable[[ast.AST], Kinds]) -> list[ast.stmt]:
    """The statements, every `for` that holds several phases but no backward replaced by one loop for each phase.

    Raises:
        CannotCut: the parts depend on one another, or the loop's items cannot be had twice.
    """
    done: list[ast.stmt] = []
    for statement in statements:
        if isinstance(statement, ast.For) and len(kinds(statement)) > 1 and Phase.BACKWARD not in kinds(statement):
            done += _split(statement, kinds)
        else:
            done.append(statement)
    return done


def _split(loop: ast.For, kinds: Callable[[ast.AST], Kinds]) -> list[ast.stmt]:
    if loop.orelse or not _is_repeatable(loop.iter):
        raise CannotCut("this loop both updates and zeroes, and its items cannot be had twice; write two loops",
                        loop.lineno)  # fmt: skip
    parts: list[tuple[Phase, list[ast.stmt]]] = []
    waiting: list[ast.stmt] = []
    guards: list[ast.stmt] = []
    for statement in _unwrapped(loop.body):
        found = kinds(statement)
        if isinstance(statement, ast.If) and not found and syntax.escapes([statement]):
            guards.append(statement)
        elif len(found) > 1:
            raise CannotCut("this statement both updates and zeroes inside a loop over parameters; write two loops",
                            statement.lineno)  # fmt: skip
        elif not found:
            waiting.append(statement)
        else:
            phase = next(iter(found))
            if not parts or parts[-1][0] is not phase:
                parts.append((phase, [*guards] if parts else []))
            if len(parts) == 1 and guards and guards[0] not in parts[0][1]:
                parts[0][1][:0] = guards
            parts[-1][1].extend([*waiting, statement])
            waiting = []
    parts[-1][1].extend(waiting)
    _check_independent(loop, [statements for _, statements in parts])
    _check_own_gradients(loop)
    return [_loop_over(loop, statements) for _, statements in parts]


def _unwrapped(body: list[ast.stmt]) -> list[ast.stmt]:
    """`if p.grad is not None:` around the whole body becomes the same test around each statement."""
    if len(body) == 1 and isinstance(body[0], ast.If) and not body[0].orelse and syntax.mentions_grad(body[0].test):
        guard = body[0]
        return [ast.copy_location(ast.If(copy.deepcopy(guard.test), [each], []), each) for each in guard.body]
    return body


def _check_independent(loop: ast.For, parts: list[list[ast.stmt]]) -> None:
    bound = [syntax.bound_names(part) for part in parts]
    targets = syntax.binds(loop.target)
    for position, part in enumerate(parts):
        read = set().union(*(syntax.reads(statement) for statement in part)) - targets
        for other, names in enumerate(bound):
            if other != position and read & names:
                raise CannotCut("this loop both updates and zeroes, and its parts share a variable; write two loops",
                                loop.lineno)  # fmt: skip


def _check_own_gradients(loop: ast.For) -> None:
    """Each pass may only see its own gradient: those of earlier passes are zero in one loop and not yet in two."""
    targets = syntax.binds(loop.target)
    for each in (node for statement in loop.body for node in ast.walk(statement) if isinstance(node, ast.expr)):
        foreign = isinstance(each, ast.Attribute) and each.attr == "grad" and syntax.root(each) not in targets
        unknown = isinstance(each, ast.Call) and syntax.function(each) not in {
            None,
            "len",
            "print",
            "isinstance",
            "float",
        }
        if foreign or unknown:
            raise CannotCut("this loop both updates and zeroes, and one pass may read another's gradient; "
                            "write two loops", each.lineno)  # fmt: skip


def _is_repeatable(node: ast.expr) -> bool:
    if isinstance(node, (ast.Name, ast.Attribute)):
        return True
    if isinstance(node, (ast.Tuple, ast.List)):
        return all(_is_repeatable(each) for each in node.elts)
    if isinstance(node, ast.Subscript):
        return _is_repeatable(node.value)
    if isinstance(node, ast.Call):
        return (syntax.method(node) or syntax.function(node)) in _REPEATABLE and all(map(_is_repeatable, node.args))
    return False


def _loop_over(loop: ast.For, body: list[ast.stmt]) -> ast.For:
    items = ast.Call(ast.Name(TWICE, ast.Load()), [copy.deepcopy(loop.iter)], [])
    part = ast.For(copy.deepcopy(loop.target), items, [copy.deepcopy(each) for each in body], [])
    ast.copy_location(part, body[0] if body else loop)
    return ast.fix_missing_locations(part)


def twice(items: Iterable[object]) -> list[object]:
    """The items of a loop that was cut in two, checked to be the same each time.

    Raises:
        LateRefusal: the same tensor comes twice, so that two loops would not do what one does.
    """
    found = list(items)
    tensors = [
        each for item in found for each in (item if isinstance(item, tuple) else (item,)) if hasattr(each, "grad")
    ]
    if len({id(each) for each in tensors}) < len(tensors):
        raise LateRefusal("a loop that both updates and zeroes goes over the same tensor twice; write two loops")
    return found
