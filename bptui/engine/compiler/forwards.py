"""Finds, in one scope, the statements of each forward, and which loss belongs to which statement."""

from __future__ import annotations

import ast
from typing import Protocol

from bptui.engine.compiler import classify as K
from bptui.engine.compiler import syntax
from bptui.engine.compiler.slicing import Sorter, slice_from
from bptui.protocol.phase import Phase


class Sorting(Protocol):
    """What the search needs of the `Cutter`; a protocol, since `cut.py` imports this file."""

    tree: ast.Module

    def kinds(self, node: ast.AST) -> K.Kinds: ...
    def is_structure(self, statement: ast.stmt) -> bool: ...
    def losses_given(self, statement: ast.stmt) -> list[ast.expr]: ...


def find_forwards(body: list[ast.stmt], cutter: Sorting) -> tuple[set[ast.stmt], dict[ast.stmt, ast.expr]]:
    """The statements of every forward in the scope, and the loss of each of them and of each backward."""
    search = _Search(cutter)
    search.suite(body)
    return search.forward, search.losses


class _Search:
    def __init__(self, cutter: Sorting) -> None:
        self.cutter = cutter
        self.forward: set[ast.stmt] = set()
        self.losses: dict[ast.stmt, ast.expr] = {}
        self._before: list[list[ast.stmt]] = [[]]
        """Statements without a phase that came before, for each loop around; the innermost last."""
        self._targets: list[set[str]] = [set()]
        """The targets of each loop around."""

    def suite(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if self.cutter.is_structure(statement):
                self._structure(statement)
            elif Phase.BACKWARD in self.cutter.kinds(statement):
                for loss in self._losses_of(statement):
                    self._backward(statement, loss)
            elif not self.cutter.kinds(statement):
                self._before[-1].append(statement)

    def _structure(self, statement: ast.stmt) -> None:
        for loss in self.cutter.losses_given(statement):
            self._backward(statement, loss)
        if not isinstance(statement, syntax.LOOPS):
            for suite in syntax.suites(statement):
                self.suite(suite)
            return
        self._before.append([])
        self._targets.append(syntax.binds(statement.target) if isinstance(statement, ast.For) else set())
        self.suite(statement.body)
        self._targets.pop()
        inside = self._before.pop()
        self._before[-1] += inside
        self.suite(statement.orelse)

    def _losses_of(self, statement: ast.stmt) -> list[ast.expr]:
        direct = [K.loss_of(call) for call in K.backward_calls(statement)]
        through = [call.args[0] for call in syntax.calls(statement) if not syntax.method(call) and call.args]
        return direct or through[:1]

    def _backward(self, statement: ast.stmt, loss: ast.expr) -> None:
        """Marks what the loss depends on in this iteration; if nothing in it computes the loss, in the loops around."""
        self.losses[statement] = loss
        for depth in range(len(self._before) - 1, -1, -1):
            before = self._before[depth]
            needed = slice_from(loss, before)
            if not needed:
                continue
            sorter = Sorter(self.cutter.tree, set().union(*self._targets))
            ordered = [each for each in before if each in needed]
            forward = [each for each in ordered if sorter.is_forward(each)] or ordered[-1:]
            self.forward |= set(forward)
            for each in forward:
                self.losses.setdefault(each, loss)
            return
