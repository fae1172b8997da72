"""A script on its way to being run: its source, cut, lowered, and put into a fresh `__main__` module."""

from __future__ import annotations

import ast
import builtins
import os
import tokenize
import types
from collections.abc import Sequence

from bptui.engine.compiler import classify, hoist
from bptui.engine.compiler.cut import cut
from bptui.engine.compiler.fission import TWICE, twice
from bptui.engine.compiler.instructions import Code, RunBlock
from bptui.engine.compiler.loops import assign_roles
from bptui.engine.compiler.lower import lower
from bptui.engine.compiler.syntax import binds, bound_names, reads
from bptui.engine.compiler.tree import Block
from bptui.engine.errors import CannotCut
from bptui.engine.interpreter.guard import REFUSE, refuse
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.pieces import Compiler
from bptui.protocol.snapshot import BlockInfo, ProgramInfo
from bptui.protocol.words import is_name


class Script:
    """A script with its loop cut into phase blocks."""

    def __init__(self, path: str, argv: Sequence[str] = ()) -> None:
        """Read and cut it.

        Raises:
            OSError: the file cannot be read.
            CannotCut: it is not text or not Python, or its loop cannot be cut.
        """
        self.path = path
        self.source = _read(path)
        self.tree, scopes = cut(self.source, path)
        self.blocks: list[Block] = assign_roles(scopes)
        """The phase blocks, in the script's own order."""
        self.loop_targets = frozenset(
            name for each in ast.walk(self.tree) if isinstance(each, ast.For) for name in binds(each.target)
        )
        """Names that stand for one thing after the other."""
        self._losses = {
            each.targets[0].id: each.value
            for each in ast.walk(self.tree)
            if isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Name)
            and hoist.is_hoisted(each.targets[0].id)
        }
        """What the names stand for that were given to losses without one."""
        self.codes: dict[str, Code] = {scope.name: lower(scope, path) for scope in scopes}
        self.runs: dict[int, RunBlock] = {
            each.block.index: each
            for code in self.codes.values()
            for each in code.instructions
            if isinstance(each, RunBlock)
        }
        """The instruction of each block, by the block's index."""
        for run in self.runs.values():
            run.loss_name = self._loss_name(run.block)
            run.root = self._root(run.block)
        self.program = ProgramInfo(path, self.source, tuple(argv), tuple(map(_info, self.blocks)))

    def machine(self) -> Machine:
        """The script at its first line, in a fresh module."""
        module = types.ModuleType("__main__")
        module.__dict__.update(__file__=self.path, __builtins__=builtins, __annotations__={})
        module.__dict__.update({TWICE: twice, REFUSE: refuse})
        module.__doc__ = ast.get_docstring(self.tree, clean=False)
        compiler = Compiler(self.path, self.tree, self.codes)
        pieces = compiler.module_pieces(self.codes["<module>"], module.__dict__)
        return Machine(self.codes, pieces, module)

    def _loss_name(self, block: Block) -> str | None:
        return None if block.loss is None else ast.unparse(hoist.restored(ast.Expr(block.loss), self._losses))

    def _root(self, block: Block) -> str:
        """As `RunBlock.root`: its name, or `loss` for an expression that does not name another thing so."""
        root = classify.root_of(block.own_statements)
        if root is None:
            return ""
        expression = hoist.restored(ast.Expr(root), self._losses)
        text = ast.unparse(expression)
        if is_name(text):
            return text
        return "" if "loss" in reads(expression) else "loss"

    def unknown_before(self, block: Block) -> set[str]:
        """The names that a block binds before the first statement of its own."""
        return bound_names(block.statements[: block.own.index(True)])

    def first_statement(self, block: Block) -> ast.stmt:
        """The first statement of a block's own, as the script has it."""
        return hoist.restored(block.own_statements[0], self._losses)


def _read(path: str) -> str:
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (UnicodeDecodeError, SyntaxError) as error:
        raise CannotCut(f"{os.path.basename(path)} is not a text file that Python can read: {error}") from None


def _info(block: Block) -> BlockInfo:
    lines = {
        line
        for statement in block.statements
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    }
    return BlockInfo(block.phase, block.line, tuple(sorted(lines)), block.loop)
