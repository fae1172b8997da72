"""Expressions over the script's variables, compiled: what conditions, watched data, watches and logpoints evaluate.

They leave the program as it is: nothing can be assigned, and what a call draws from random generators, prints
or does to autograd's mode is put back.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import sys
import traceback
from collections.abc import Iterator
from types import CodeType
from typing import Any

import torch

from bptui.engine.expressions.helpers import AS_TRUTH, HELPERS
from bptui.engine.expressions.namespace import AS_TRUTH_PREFIX, LOSS, OPERAND, TRUTH, VALUE, Namespace
from bptui.engine.interpreter.random_state import RandomState
from bptui.protocol.expression import look_only
from bptui.protocol.naming import readable

_QUIET = frozenset({*HELPERS, *"abs all any bool float int isinstance len max min round sum type".split()})
"""Functions, and"""
_READS = frozenset(
    "abs all any argmax argmin cpu detach dim double exp float isfinite isinf isnan item log max mean median min norm"
    " numel pow prod reshape size sqrt square std sum tolist trace var view".split()
)
"""methods that neither draw nor print: an expression that calls only these needs no protection around it."""
_OF_GRAPH = frozenset({"grad_fn", "is_leaf", "requires_grad"})
"""Attributes whose values depend on whether a graph is made."""
_LINE = 200
"""An error in one line has at most so many characters."""


class Expression:
    """A compiled expression."""

    def __init__(self, text: str, namespace: Namespace, *, truth: bool = False) -> None:
        """`truth`: no more is asked of it than whether it is true.

        Raises:
        BadExpression: it is none, or it changes the program. The message is one sentence.
        """
        self.text = text.strip()
        self.tree = look_only(self.text, namespace.parameters)
        meant = as_truth(self.tree) if truth else as_meant(self.tree)
        self._code: CodeType = compile(meant, "<expression>", "eval")
        nodes = list(ast.walk(self.tree))
        self._is_quiet = all(_is_quiet(each) for each in nodes if isinstance(each, ast.Call))
        attributes = {each.attr for each in nodes if isinstance(each, ast.Attribute)}
        self._sees_graph = not self._is_quiet or not attributes.isdisjoint(_OF_GRAPH)
        self.error = ""
        """What it raised the last time."""

    @property
    def names(self) -> set[str]:
        """The names that it reads and does not bind itself."""
        return _names(self.tree, ast.Load) - _bound(self.tree)

    def value(self, namespace: Namespace, *, graph: bool = False) -> Any:
        """What it evaluates to. `graph`: a tensor's `grad_fn` will be looked at; else it may be left out.

        Raises:
            BaseException: whatever it raises.
        """
        # With a graph `float(w)` warns. PyTorch gives that warning once: the script would not get it any more.
        grad: Any = contextlib.nullcontext() if graph or self._sees_graph else torch.no_grad()
        with grad, contextlib.nullcontext() if self._is_quiet else undisturbed(namespace):
            return eval(self._code, namespace.globals)

    def holds(self, namespace: Namespace) -> bool:
        """Whether it is true, of a tensor anywhere; false where it raises, which `error` says."""
        try:
            truth = bool(self.value(namespace))
        except BaseException as error:  # whatever it is, it is no reason to stop the run
            self.error = in_one_line(error)
            return False
        self.error = ""
        return truth


def _is_quiet(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in _QUIET
    return isinstance(call.func, ast.Attribute) and call.func.attr in _READS


@contextlib.contextmanager
def undisturbed(namespace: Namespace) -> Iterator[None]:
    """Run code without effects: random numbers and autograd's mode are put back, and what it prints is dropped."""
    random = RandomState(value for each in (namespace.own, *namespace.behind) for value in list(each.values()))
    grad, before = torch.is_grad_enabled(), (sys.stdin, sys.stdout, sys.stderr)
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), io.StringIO(), io.StringIO()
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
        torch.set_grad_enabled(grad)
        random.restore()


# ---- what is meant


def as_meant(tree: ast.expr) -> ast.Expression:
    """An expression as it is evaluated: `loss` may stand for the loss, and arrays may stand in `and`, `or`, `not`."""
    return ast.fix_missing_locations(ast.Expression(_Meaning(_bound(tree)).made(copy.deepcopy(tree))))


def as_truth(tree: ast.expr) -> ast.Expression:
    """The same where no more is asked than whether it is true."""
    return ast.fix_missing_locations(ast.Expression(_Meaning(_bound(tree)).truth(copy.deepcopy(tree))))


class _Meaning(ast.NodeTransformer):
    """Puts functions of ours where Python asks whether an array is true, and a name of its own for the loss."""

    def __init__(self, bound: set[str]) -> None:
        """`bound`: the names that the expression binds itself."""
        self._bound = bound

    def made(self, node: ast.expr) -> ast.expr:
        """The expression where its value is asked for."""
        made = self.visit(node)
        assert isinstance(made, ast.expr)
        return made

    def truth(self, node: ast.expr) -> ast.expr:
        """The expression where no more is asked than whether it is true."""
        if isinstance(node, ast.BoolOp):
            node.values = [self.truth(each) for each in node.values]
            return node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self.truth(node.operand)
            return node
        return self._of_helper(node) or _call(TRUTH, self.made(node))

    def _of_helper(self, node: ast.expr) -> ast.expr | None:
        """A call of a helper where only its truth is asked; None if it is none."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or len(node.args) != 1:
            return None
        if node.keywords or node.func.id not in AS_TRUTH or node.func.id in self._bound:
            return None
        return _call(f"{AS_TRUTH_PREFIX}{node.func.id}", self.made(node.args[0]))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        *first, last = node.values
        node.values = [self._of_helper(each) or _call(OPERAND, self.made(each)) for each in first]
        node.values.append(self.made(last))
        return _call(VALUE, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        node.operand = self.truth(node.operand) if isinstance(node.op, ast.Not) else self.made(node.operand)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test, node.body, node.orelse = self.truth(node.test), self.made(node.body), self.made(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node.target)
        node.iter, node.ifs = self.made(node.iter), [self.truth(each) for each in node.ifs]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        self.generic_visit(node)
        if isinstance(function, ast.Name):
            node.func = function
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        is_loss = node.id == "loss" and isinstance(node.ctx, ast.Load) and "loss" not in self._bound
        return ast.copy_location(ast.Name(LOSS, node.ctx), node) if is_loss else node


def _call(name: str, argument: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), [argument], []), argument)


def _names(tree: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def _bound(tree: ast.AST) -> set[str]:
    """The names that an expression binds itself: arguments of a lambda, targets of a comprehension."""
    return _names(tree, ast.Store) | {each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)}


# ---- what went wrong


def raised(error: BaseException) -> str:
    """An exception as the last lines of Python's own traceback show it."""
    if isinstance(error, SystemExit):
        return "The program is not ended from here: SystemExit was left out."
    lines = traceback.format_exception_only(type(error), error)
    if isinstance(error, SyntaxError):
        lines = [line for line in lines if not line.startswith('  File "<prompt>"')]
    return readable("".join(lines).removesuffix("\n")).replace(LOSS, "loss")


def in_one_line(error: BaseException) -> str:
    """An exception in one line."""
    return (raised(error).splitlines() or [type(error).__name__])[0][:_LINE]


def no_such(names: list[str]) -> str:
    """The refusal of names that nothing has."""
    return f"The script has no {', '.join(names)}."


def is_absence(error: str) -> bool:
    """Whether it only says that something is not there yet: a variable, a gradient."""
    return error.startswith(("NameError", "UnboundLocalError")) or "NoneType" in error


def only_gradients(tree: ast.AST) -> set[str]:
    """The names of which nothing but gradients are read: `model` in `norm(model[0].weight.grad)`."""
    within: set[int] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and each.attr == "grad":
            node: ast.expr = each
            while isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value
            within.add(id(node))
    names = [each for each in ast.walk(tree) if isinstance(each, ast.Name)]
    return {each.id for each in names} - {each.id for each in names if id(each) not in within}
