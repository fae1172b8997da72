"""Gives a loss that has no name one, so that the forward can be run without the backward.

`criterion(model(x), y).backward()` becomes `__bptui_loss_0__ = criterion(model(x), y)` and
`__bptui_loss_0__.backward()`, both on the line of the original: the same things happen in the same order.
"""

from __future__ import annotations

import ast
import copy
import re

from bptui.engine.compiler import syntax
from bptui.engine.compiler.classify import loss_of
from bptui.engine.compiler.slicing import parameter_names
from bptui.engine.compiler.syntax import method

_NAME = re.compile(r"__bptui_loss_\d+__")


def hoist_losses(tree: ast.Module) -> None:
    """Names the losses, in place."""
    _Hoister(tree).visit(tree)


def is_hoisted(name: str) -> bool:
    """Whether the name is one that was given here."""
    return bool(_NAME.fullmatch(name))


def restored(statement: ast.stmt, losses: dict[str, ast.expr]) -> ast.stmt:
    """The statement as the script has it, `losses` being what the given names stand for."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        if statement.targets[0].id in losses:
            return ast.copy_location(ast.Expr(statement.value), statement)
    changed: ast.stmt = _Restorer(losses).visit(copy.deepcopy(statement))
    return changed


class _Restorer(ast.NodeTransformer):
    def __init__(self, losses: dict[str, ast.expr]) -> None:
        self._losses = losses

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self._losses.get(node.id, node))


class _Hoister(ast.NodeTransformer):
    def __init__(self, tree: ast.Module) -> None:
        self._count = 0
        self._parameters = parameter_names(tree)
        self._computed: list[set[str]] = [set()]
        """What the body computes, for each loop or function around: `loss / 4` has a name already, `w * x` has none."""

    def _visit_body(self, node: ast.For | ast.While | ast.FunctionDef) -> ast.AST:
        self._computed.append(_assigned(node.body))
        self.generic_visit(node)
        self._computed.pop()
        return node

    visit_For = visit_While = visit_FunctionDef = _visit_body  # noqa: N815 (the names that ast calls)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | list[ast.stmt]:
        call = node.value
        if not (isinstance(call, ast.Call) and method(call) == "backward"):
            return node
        loss = loss_of(call)
        named = syntax.reads(loss) & self._computed[-1] - self._parameters
        if isinstance(loss, (ast.List, ast.Tuple, ast.Name)) or (named and _is_plain(loss)):
            return node
        name = f"__bptui_loss_{self._count}__"
        self._count += 1
        first = ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], loss), node)
        _Replace(loss, ast.copy_location(ast.Name(name, ast.Load()), loss)).visit(call)
        return [ast.fix_missing_locations(first), node]


def _assigned(body: list[ast.stmt]) -> set[str]:
    """The names that assignments of the body change, loops and functions inside included."""
    return {
        name
        for statement in body
        for each in ast.walk(statement)
        if isinstance(each, (ast.Assign, ast.AugAssign))
        for name in syntax.changed_names(each)
    }


def _is_plain(loss: ast.expr) -> bool:
    """Whether the loss is a name, or next to nothing made of names: `l.mean()`, `(a + b) / 4`."""
    if isinstance(loss, ast.Call):
        return (
            isinstance(loss.func, ast.Attribute) and not loss.args and not loss.keywords and _is_plain(loss.func.value)
        )
    if isinstance(loss, ast.BinOp):
        return _is_plain(loss.left) and _is_plain(loss.right)
    if isinstance(loss, (ast.Attribute, ast.Subscript, ast.UnaryOp)):
        return _is_plain(loss.operand if isinstance(loss, ast.UnaryOp) else loss.value)
    return isinstance(loss, (ast.Name, ast.Constant))


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._old:
            return self._new
        visited: ast.AST = self.generic_visit(node)
        return visited
