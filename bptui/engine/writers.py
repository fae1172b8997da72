"""Which line of a block wrote something: found in the source, not by watching every line as it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bptui.engine import syntax
from bptui.engine.tree import Block

_IN_PLACE = re.compile(r"^(?!_).*[^_]_$")
_GRADIENTS = re.compile(r"^(backward|zero_grad|unscale_)$|clip_grad")


def writing_line(block: Block, text: str) -> str:
    """The line of a block that writes what is called so: `line 33`; `lines 20, 22` where each of them may have."""
    root = re.split(r"\W", text.strip(), maxsplit=1)[0]
    gradient = bool(re.search(r"\.grad\b", text))
    statements = [each for statement in block.statements for each in _simple(statement)]
    found = [each for each in statements if _names(each, root, gradient)]
    found = found or [each for each in statements if _may_write(each, gradient)]
    lines = sorted({each.lineno for each in found}) or [block.line]
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"


def _simple(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The simple statements within a statement; bodies of functions are left out."""
    if not isinstance(statement, syntax.COMPOUND):
        yield statement
        return
    for suite in syntax.suites(statement):
        for each in suite:
            yield from _simple(each)


def _names(statement: ast.stmt, root: str, gradient: bool) -> bool:
    """Whether it writes to that very name."""
    targets = _targets(statement)
    if any(syntax.root(target) == root and _of_grad(target) == gradient for target in targets):
        return True
    for call in syntax.calls(statement):
        if isinstance(call.func, ast.Attribute) and syntax.root(call.func.value) == root:
            of_grad = _of_grad(call.func.value)
            if _IN_PLACE.match(call.func.attr) and call.func.attr != "requires_grad_" and of_grad == gradient:
                return True
            if call.func.attr in syntax.MUTATORS and not gradient:
                return True
            if gradient and call.func.attr == "zero_grad":
                return True
    return False


def _may_write(statement: ast.stmt, gradient: bool) -> bool:
    """Whether it writes to gradients, or to parameters, under whatever name."""
    for target in _targets(statement):
        if (
            _of_grad(target)
            if gradient
            else isinstance(target, (ast.Attribute, ast.Subscript)) and not _of_grad(target)
        ):
            return True
    for call in syntax.calls(statement):
        name = syntax.method(call) or syntax.function(call) or ""
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        if gradient and (_GRADIENTS.search(name) or (_IN_PLACE.match(name) and _of_grad(receiver))):
            return True
        if not gradient and (name == "step" or (_IN_PLACE.match(name) and not _of_grad(receiver))):
            return True
    return False


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        found = statement.targets
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        found = [statement.target]
    else:
        return []
    return [part for each in found for part in (each.elts if isinstance(each, (ast.Tuple, ast.List)) else [each])]


def _of_grad(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr == "grad" for each in ast.walk(node))
