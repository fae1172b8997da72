"""Which line of the script wrote something: found in the source, not by watching every line as it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bptui.engine.compiler import syntax
from bptui.engine.compiler.tree import Block
from bptui.engine.interpreter.script import Script

_IN_PLACE = re.compile(r"^(?!_).*[^_]_$")
_GRADIENTS = re.compile(r"^(backward|zero_grad|unscale_)$|clip_grad")


def writer(script: Script, block: Block, text: str) -> str:
    """What in a block that ran wrote the name: `by zero_grad, line 33`.

    Where several lines of the block may have, all are listed. What no line of the block can have written was written by
    the statements behind it, up to the next block: `by line 40, behind update`.
    """
    root = re.split(r"\W", text.strip(), maxsplit=1)[0]
    gradient = bool(re.search(r"\.grad\b", text))
    statements = [each for statement in block.statements for each in _simple(statement)]
    lines = {each.lineno for each in statements if _names(each, root, gradient)}
    if not lines and not gradient:
        lines = {loop.node.lineno for loop in block.loops if _binds(loop.node, root)}
    if not lines:
        behind = {each.lineno for each in _beside(script, block) if _names(each, root, gradient)}
        if behind:
            return f"by {_lines(behind)}, behind {block.phase}"
    lines = lines or {each.lineno for each in statements if _may_write(each, gradient)} or {block.line}
    return f"by {block.phase}, {_lines(lines)}"


def _lines(lines: set[int]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, sorted(lines)))}"


def _binds(loop: ast.stmt, root: str) -> bool:
    return isinstance(loop, ast.For) and root in syntax.names_in(loop.target)


def _beside(script: Script, block: Block) -> Iterator[ast.stmt]:
    """The simple statements in the loops around a block that belong to no block."""
    covered = {line for info in script.program.blocks for line in info.lines}
    if block.loops:
        for each in ast.walk(block.loops[0].node):
            if isinstance(each, ast.stmt) and not isinstance(each, syntax.COMPOUND) and each.lineno not in covered:
                yield each


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
    if any(syntax.root(target) == root and _of_grad(target) == gradient for target in _targets(statement)):
        return True
    for call in syntax.calls(statement):
        if not isinstance(call.func, ast.Attribute) or syntax.root(call.func.value) != root:
            continue
        name, of_grad = call.func.attr, _of_grad(call.func.value)
        if _IN_PLACE.match(name) and name != "requires_grad_" and of_grad == gradient:
            return True
        if name == "zero_grad" if gradient else name in syntax.MUTATORS:
            return True
    return False


def _may_write(statement: ast.stmt, gradient: bool) -> bool:
    """Whether it writes to gradients, or to parameters, under whatever name."""
    for target in _targets(statement):
        if _of_grad(target) if gradient else _is_part(target) and not _of_grad(target):
            return True
    for call in syntax.calls(statement):
        name = syntax.method(call) or syntax.function(call) or ""
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        in_place = bool(_IN_PLACE.match(name)) and _of_grad(receiver) == gradient
        if in_place or (_GRADIENTS.search(name) if gradient else name == "step"):
            return True
    return False


def _is_part(target: ast.expr) -> bool:
    return isinstance(target, (ast.Attribute, ast.Subscript))


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
