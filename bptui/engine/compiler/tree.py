"""A cut scope as a tree: the phase blocks, and the statements around and between them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from enum import Enum
from typing import Union

from bptui.engine.compiler.syntax import names_in
from bptui.protocol.phase import Phase

Node = Union["Block", "Plain", "Loop", "Conditional", "Context", "Try", "Invocation"]


class Role(Enum):
    """What one pass through a loop is."""

    OUTER = "outer"
    """Neither of the others, such as a loop over folds, or a `while` around everything."""
    EPOCH = "epoch"
    SAMPLE = "sample"


@dataclass(eq=False)
class Block:
    """Whole statements that one step runs."""

    phase: Phase
    statements: list[ast.stmt]
    own: list[bool]
    """For each statement whether it is of the phase itself, and not a print or a counter beside it."""
    wrappers: list[list[ast.withitem]] = field(default_factory=list)
    """`with` headers around it that are entered anew for every part, outermost first."""
    loss: ast.expr | None = None
    """For a forward, the loss that it computes; for a backward, the loss that it goes backward from."""
    index: int = -1
    """Its place among the program's blocks."""
    loop: int = 0
    """The line of the loop around it, through functions; 0 if there is none."""
    rewrites: bool = False
    """Whether statements beside a backward may write to gradients: clipping, unscaling."""
    loops: list[Loop] = field(default_factory=list)
    """The loops around it, through functions, outermost first."""
    targets: list[str] = field(default_factory=list)
    """The targets of the loop over samples around it."""
    assigned: list[str] | None = None
    """A cache: the names that it assigns; None until they are needed."""
    computes_loss: bool | None = None
    """A cache: whether it binds a name that its loss is made of; None until that is needed."""

    @property
    def own_statements(self) -> list[ast.stmt]:
        """The statements of the phase's own."""
        return [statement for statement, own in zip(self.statements, self.own, strict=True) if own]

    @property
    def split(self) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """The statements up to the last one of the phase's own, and those behind it."""
        end = len(self.own) - self.own[::-1].index(True)
        return self.statements[:end], self.statements[end:]

    @property
    def extras(self) -> list[ast.stmt]:
        """The statements beside them: prints, counters, clipping."""
        return [statement for statement, own in zip(self.statements, self.own, strict=True) if not own]

    @property
    def line(self) -> int:
        """The line of the first statement of the phase's own."""
        return self.own_statements[0].lineno


@dataclass(eq=False)
class Plain:
    """Statements without a phase that belong to no block: they run on the way to the next block."""

    statements: list[ast.stmt]
    wrappers: list[list[ast.withitem]] = field(default_factory=list)


@dataclass(eq=False)
class Loop:
    """A `for` or `while` whose body holds phases."""

    node: ast.For | ast.While
    body: list[Node]
    orelse: list[Node]
    role: Role = Role.OUTER
    is_iteration: bool = False
    """Whether one pass through it is an iteration of training: it directly holds a backward."""


@dataclass(eq=False)
class Conditional:
    """An `if` around phases. Its test is evaluated once, on the way to the next block."""

    node: ast.If
    body: list[Node]
    orelse: list[Node]


@dataclass(eq=False)
class Context:
    """A `with` that is entered once and left once."""

    node: ast.With
    body: list[Node]


@dataclass(eq=False)
class Try:
    """A `try` around phases. The handlers and the `finally` hold none."""

    node: ast.Try
    body: list[Node]
    orelse: list[Node]


@dataclass(eq=False)
class Invocation:
    """A statement that calls a function of the script which is cut itself."""

    statement: ast.stmt
    call: ast.Call
    """The call within the statement."""
    function: str


@dataclass(eq=False)
class CutScope:
    """The module, or one of its functions, cut."""

    name: str
    """`<module>` or the function's name."""
    node: ast.Module | ast.FunctionDef
    nodes: list[Node]


def sample_targets(loops: list[Loop]) -> list[str]:
    """The targets of the innermost loop over samples among nested loops, outermost first, in the script's order."""
    for loop in reversed(loops):
        if loop.role is Role.SAMPLE and isinstance(loop.node, ast.For):
            return names_in(loop.node.target)
    return []


def walk_nodes(nodes: list[Node]) -> list[Node]:
    """All nodes of the tree, in the script's order."""
    found: list[Node] = []
    for node in nodes:
        found.append(node)
        for inner in ("body", "orelse"):
            found += walk_nodes(getattr(node, inner, []))
    return found
