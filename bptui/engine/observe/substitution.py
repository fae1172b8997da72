"""A statement with its numbers in: `w.data = w.data - 0.01 * w.grad.data` -> `w.data = 1.2755 - 0.01 * -5.7962`."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch

_PLAIN = ("data", "grad")
"""Attributes of a tensor that are read without running code of the script."""


def with_numbers(statement: ast.stmt, names: Mapping[str, Any], unknown: Collection[str] = ()) -> str:
    """The statement on one line, every name of a plain number or one-element tensor replaced by its number."""
    filled = _Filled(names, unknown).visit(copy.deepcopy(statement))
    return one_line(filled)


def one_line(statement: ast.stmt) -> str:
    """The statement's first line: of a compound statement the header."""
    text = ast.unparse(statement)
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) == 1:
        return lines[0]
    return " ".join(lines[:2]) if isinstance(statement, (ast.With, ast.For, ast.If)) else lines[0]


class _Filled(ast.NodeTransformer):
    """Puts numbers in, only where the name is read before anything of the statement could bind it anew."""

    def __init__(self, names: Mapping[str, Any], unknown: Collection[str]) -> None:
        """`unknown`: names that other statements may bind anew before this one runs."""
        self._names = names
        self._bound: set[str] = set(unknown)
        """Those, and names that the statement itself binds: a loop's target, a comprehension's variable."""
        self._outermost = True

    def visit(self, node: ast.AST) -> Any:
        if self._outermost and isinstance(node, ast.stmt):
            self._outermost = False
            self._bound |= set(_bound_within(node))
        return super().visit(node)

    def _number(self, node: ast.expr) -> ast.expr:
        """The node's number, if it is a name, or `.data` and `.grad` below one, that stands for a number."""
        text = _text(self._value(node))
        return ast.copy_location(ast.Name(text, ast.Load()), node) if text else node

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return None if node.id in self._bound else self._names.get(node.id)
        if isinstance(node, ast.Attribute) and node.attr in _PLAIN:
            value = self._value(node.value)
            if isinstance(value, torch.Tensor) and (value.is_leaf or node.attr == "data"):
                return getattr(value, node.attr)
        return None

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._number(node) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._number(node) if isinstance(node.ctx, ast.Load) else node  # `model.weight` keeps its name

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):  # `(-2) ** 2`: a sign binds less tightly than a power
            node.left = _in_brackets(node.left)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node.args = [self.visit(each) for each in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node  # what is called keeps its name: `l.backward()`

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        node.slice = self.visit(node.slice)
        return node  # a member is no member of a number

    def visit_Starred(self, node: ast.Starred) -> ast.Starred:
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        if any(isinstance(each, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for each in node.ops):
            return node  # the question is which object it is, and not which number
        self.generic_visit(node)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AugAssign:
        node.value = self.visit(node.value)
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.Delete:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node


def _bound_within(statement: ast.stmt) -> Iterator[str]:
    """Names that hold something else by the time a part of the statement is run."""
    for node in ast.walk(statement):
        if isinstance(node, (ast.comprehension, ast.For, ast.AsyncFor, ast.NamedExpr)):
            yield from _names(node.target)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield from _names(node.optional_vars)
        elif isinstance(node, (ast.Assign, ast.AugAssign)) and node is not statement:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from _names(target) if node is not _first_inside(statement) else ()


def _first_inside(statement: ast.stmt) -> ast.stmt | None:
    """The statement that a compound one begins with: it finds the names as they are now."""
    body: list[ast.stmt] = getattr(statement, "body", [])
    return body[0] if body and isinstance(statement, (ast.With, ast.If)) else None


def _names(target: ast.expr) -> Iterator[str]:
    return (each.id for each in ast.walk(target) if isinstance(each, ast.Name))


def _in_brackets(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name) and node.id.startswith("-"):
        return ast.copy_location(ast.Name(f"({node.id})", ast.Load()), node)
    return node


def _text(value: object) -> str:
    if isinstance(value, torch.Tensor):
        if value.numel() != 1 or value.is_complex() or value.is_meta:
            return ""
        value = value.detach().item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    if isinstance(value, int):
        return str(value)
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e6 else f"{value:.4g}"
