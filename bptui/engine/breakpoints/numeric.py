"""Simple conditions over plain numbers: `loss > 10`, `isnan(w.grad)`, `abs(w - 2) < 0.01`.

A row of the timeline holds the loss and the value and gradient of every one-element parameter as Python numbers
anyway. A condition that needs no more is made into a function of these numbers, which costs a fraction of what it costs
on tensors. It decides only that a condition cannot hold: where it is true, the condition itself is evaluated.
"""

from __future__ import annotations

import ast
import copy
import math
import struct
from collections.abc import Callable
from typing import Any

from bptui.engine.observe.parameters import Numbers

LOSS, VALUE, GRAD = range(3)

_PLAIN = (
    ast.Expression, ast.Compare, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.IfExp, ast.operator, ast.unaryop, ast.boolop,
    ast.expr_context,
)  # fmt: skip
_ORDERS = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite, "norm": abs, "abs": abs, "min": min,
    "max": max,
}  # fmt: skip


UNDECIDED = (ArithmeticError, ValueError, TypeError)
"""What a condition over numbers raises where they do not say whether it holds."""


class NumericCondition:
    """A condition as a function of numbers."""

    def __init__(self, function: Callable[..., Any], needs: list[tuple[int, str]]) -> None:
        self._function, self.needs = function, needs
        """What it is given, in order: which number of which parameter."""
        self._places = [0] * len(needs)

    def may_hold(self, loss: float | None, numbers: Numbers) -> bool | None:
        """Whether it holds for these numbers; None where they do not decide it."""
        given: list[float] = []
        for place, (kind, name) in enumerate(self.needs):
            if kind == LOSS:
                if loss is None:
                    return None
                number: float | None = loss
            else:
                at = self._places[place]
                if at >= len(numbers) or numbers[at][0] != name:
                    at = self._places[place] = next((i for i, each in enumerate(numbers) if each[0] == name), -1)
                    if at < 0:
                        return None
                _, value, gradient = numbers[at]
                if value is None:
                    return None
                number = value if kind == VALUE else gradient
            if number is None:
                return False  # there is none yet
            given.append(number)
        try:
            return bool(self._function(*given))
        except UNDECIDED:
            return None


def numeric_condition(tree: ast.expr, losses: set[str], params: set[str], own: set[str]) -> NumericCondition | None:
    """The condition as a function of numbers; None where it needs more.

    `losses`: the names that stand for the loss; `params` those of parameters; `own`: all names that the script binds.
    """
    maker = _Maker(losses, params, own)
    try:
        body = maker.made(copy.deepcopy(tree))
    except _Not:
        return None
    if not maker.needs:
        return None
    parameters = [ast.arg(f"n{place}") for place in range(len(maker.needs))]
    arguments = ast.arguments(posonlyargs=[], args=parameters, kwonlyargs=[], kw_defaults=[], defaults=[])
    made = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    function = eval(compile(made, "<breakpoint>", "eval"), dict(_FUNCTIONS))
    return NumericCondition(function, list(maker.needs))


class _Not(Exception):
    """It needs more than numbers."""


class _Maker(ast.NodeTransformer):
    """Replaces each number by an argument, and refuses everything that is not plain arithmetic."""

    def __init__(self, losses: set[str], params: set[str], own: set[str]) -> None:
        self._losses, self._params, self._own = losses, params, own
        self.needs: dict[tuple[int, str], int] = {}

    def visit(self, node: ast.AST) -> ast.AST:
        if (number := self._number(node)) is not None:
            name = f"n{self.needs.setdefault(number, len(self.needs))}"
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        return super().visit(node)  # type: ignore[no-any-return]

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, _PLAIN):
            raise _Not
        return super().generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if type(node.value) not in (int, float, bool):
            raise _Not
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for operator in node.ops:
            if isinstance(operator, (ast.Eq, ast.NotEq)):
                self._check_exact([node.left, *node.comparators])
            elif not isinstance(operator, _ORDERS):
                raise _Not
        node.left = self.made(node.left)
        node.comparators = [self.made(each) for each in node.comparators]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name not in _FUNCTIONS or name in self._own or node.keywords:
            raise _Not
        if len(node.args) != (2 if name in ("min", "max") else 1):
            raise _Not
        node.args = [self.made(each) for each in node.args]
        return node

    def made(self, node: ast.expr) -> ast.expr:
        """The expression over the arguments.

        Raises:
            _Not: it needs more.
        """
        made = self.visit(node)
        assert isinstance(made, ast.expr)
        return made

    def _check_exact(self, sides: list[ast.expr]) -> None:
        """Equality is one of numbers as they are, with nothing rounded on the way as a tensor rounds it."""
        for side in sides:
            exact = isinstance(side, ast.Constant) and isinstance(side.value, (int, float)) and _is_single(side.value)
            if not exact and self._number(side) is None:
                raise _Not

    def _number(self, node: ast.AST) -> tuple[int, str] | None:
        """Which number a node stands for: `loss`, `w`, `w.data`, `w.item()`, `w.grad`, `w.grad.item()`."""
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            node = node.func
            if not isinstance(node, ast.Attribute) or node.attr != "item":
                return None
            node = node.value
        if isinstance(node, ast.Attribute) and node.attr == "data":
            node = node.value
        kind = VALUE
        if isinstance(node, ast.Attribute) and node.attr == "grad":
            node, kind = node.value, GRAD
        if not isinstance(node, ast.Name):
            return None
        if node.id in self._losses and kind == VALUE:
            return LOSS, ""
        return (kind, node.id) if node.id in self._params else None


def _is_single(number: float) -> bool:
    try:
        return bool(struct.unpack("<f", struct.pack("<f", number))[0] == number)
    except (OverflowError, struct.error):
        return False
