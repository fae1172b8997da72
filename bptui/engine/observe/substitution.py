"""A statement with its numbers in: `w.data = w.data - 0.01 * w.grad.data` -> `w.data = 1.2755 - 0.01 * -5.7962`."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import Any

import torch

_PLAIN = ("data", "grad")
"""Attributes of a tensor that are read without running code of the script."""


def with_numbers(statement: ast.stmt, names: Mapping[str, Any]) -> str:
    """The statement on one line, every name of a plain number or one-element tensor replaced by its number."""
    filled = _Filled(names).visit(copy.deepcopy(statement))
    return one_line(filled)


def one_line(statement: ast.stmt) -> str:
    """The statement's first line: of a compound statement the header."""
    text = ast.unparse(statement)
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) == 1:
        return lines[0]
    return " ".join(lines[:2]) if isinstance(statement, (ast.With, ast.For, ast.If)) else lines[0]


class _Filled(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def _number(self, node: ast.expr) -> ast.expr:
        """The node's number, if it is a name, or `.data` and `.grad` below one, that stands for a number."""
        text = _text(self._value(node))
        return ast.copy_location(ast.Name(text, ast.Load()), node) if text else node

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute) and node.attr in _PLAIN:
            value = self._value(node.value)
            if isinstance(value, torch.Tensor) and (value.is_leaf or node.attr == "data"):
                return getattr(value, node.attr)
        return None

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._number(node) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if not isinstance(node.ctx, ast.Load):
            return node
        filled = self._number(node)
        return filled if filled is not node else node  # `model.weight` keeps its name

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node.args = [self.visit(each) for each in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        return node  # what is called keeps its name: `l.backward()`

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AugAssign:
        node.value = self.visit(node.value)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
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
