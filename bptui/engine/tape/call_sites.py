"""Where in the script something is being computed: line, exact expression, and the variables that its value goes to."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType

from bptui.engine.compiler.hoist import is_hoisted

_Range = tuple[int, int, int, int]
_WRAPPERS = tuple(
    os.path.join(*path)
    for path in (
        ("engine", "tape", "ops.py"), ("torch", "_tensor.py"), ("torch", "overrides.py"),
        ("torch", "_dynamo", "eval_frame.py"),
    )
)  # fmt: skip
"""Files that only hand an operator on: the recorder of ops, and some of PyTorch's."""


@dataclass(frozen=True, eq=False)
class Site:
    """A place in the script where a call or an operator stands."""

    line: int | None
    expression: str
    """Its exact source text; empty where Python does not tell."""
    operands: tuple[str, ...]
    """The source of its operands or positional arguments, in order."""
    receiver: str
    """Of a call `a.b(…)` the source of `a`: the tensor whose method it is, or a module."""
    targets: tuple[str, ...]
    """The variables that its value is assigned to at once."""
    returns: bool
    """Whether its value is what the function returns."""


class Sites:
    """The places of one script."""

    def __init__(self, path: str, source: str, tree: ast.Module) -> None:
        self.path, self.tree = path, tree
        self._lines = [line.encode() for line in source.splitlines(keepends=True)]
        self._nodes: dict[_Range, ast.expr] = {}
        self._targets: dict[_Range, tuple[str, ...]] = {}
        self._returned: set[_Range] = set()
        for node in ast.walk(tree):
            self._learn(node)
        self._known: dict[tuple[CodeType, int], Site] = {}

    def text_of(self, line: int) -> str:
        """What stands on a line."""
        if not 0 < line <= len(self._lines):
            return ""
        return self._lines[line - 1].decode(errors="replace").split("#")[0].strip()

    def of(self, frame: FrameType) -> Site:
        """Where that frame of the script is."""
        key = (frame.f_code, frame.f_lasti)
        site = self._known.get(key)
        if site is None:
            site = self._known[key] = self._find(*key, frame.f_lineno)
        return site

    def above(self, frame: FrameType | None) -> FrameType | None:
        """The nearest frame of the script's own, from that one outwards."""
        path = self.path
        while frame is not None and frame.f_code.co_filename != path:
            frame = frame.f_back
        return frame

    def calling(self, frame: FrameType | None) -> tuple[FrameType | None, bool]:
        """The script's frame from that one outwards, and whether only files are between that hand an operator on."""
        found = self.above(frame)
        while frame is not found and frame is not None:
            if not frame.f_code.co_filename.endswith(_WRAPPERS):
                return found, False
            frame = frame.f_back
        return found, True

    def _find(self, code: CodeType, instruction: int, line: int | None) -> Site:
        where = _range(code, instruction)
        if where is None:
            return Site(line, "", (), "", (), False)
        node = self._nodes.get(where)
        return Site(
            where[0],
            self._text(where),
            tuple(ast.unparse(each) for each in _operands(node)),
            ast.unparse(node.func.value) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else "",
            self._targets.get(where, ()),
            where in self._returned,
        )

    def _text(self, where: _Range) -> str:
        first, start, last, end = where
        lines = self._lines[first - 1 : last]
        if not lines:
            return ""
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
        return " ".join(b"".join(lines).decode(errors="replace").split())

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            self._nodes.setdefault(_span(node), node)
        if isinstance(node, (ast.Return, ast.Lambda)):
            value = node.value if isinstance(node, ast.Return) else node.body
            if value is not None:
                self._returned.add(_span(value))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            self._assign(node.target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            for each, part in zip(target.elts, value.elts, strict=False):
                self._assign(each, part)
            return
        names = tuple(each.id for each in ast.walk(target) if isinstance(each, ast.Name) and not is_hoisted(each.id))
        if names and not isinstance(target, (ast.Attribute, ast.Subscript)):
            self._targets[_span(value)] = (*self._targets.get(_span(value), ()), *names)


def _span(node: ast.expr) -> _Range:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _range(code: CodeType, instruction: int) -> _Range | None:
    if instruction < 0:
        return None
    for index, (first, last, start, end) in enumerate(code.co_positions()):
        if index == instruction // 2:
            if first is None or last is None or start is None or end is None:
                return None
            return first, start, last, end
    return None


def _operands(node: ast.expr | None) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Call) and not any(isinstance(each, ast.Starred) for each in node.args):
        yield from node.args
