"""The instructions that a cut scope becomes: what the machine runs, one after the other.

A position in the program is a stack of frames, each with the number of its next instruction. That is plain data, so the
program can be paused between any two instructions, and moved back, without a thread or a generator that waits.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from bptui.engine.compiler.tree import Block, CutScope, Loop
from bptui.protocol.phase import Phase


@dataclass(eq=False)
class Label:
    """The target of a jump."""

    pc: int = -1
    depth: int = 0
    """How many contexts are entered there: a jump leaves those above."""


@dataclass(eq=False)
class Instruction:
    """One step of the machine."""

    line: int
    """The line of the script that it stands for."""


@dataclass(eq=False)
class Leaves(Instruction):
    """An instruction whose statements may leave by `break`, `continue` or `return`."""

    on_break: Label | None = None
    on_continue: Label | None = None


@dataclass(eq=False)
class RunPlain(Leaves):
    """Run statements without a phase."""

    piece: int = -1


@dataclass(eq=False)
class RunBlock(Leaves):
    """A phase block: the machine stops before it."""

    block: Block = field(kw_only=True)
    phase: Phase = field(kw_only=True)
    full: int = -1
    """The piece with all its statements."""
    own: int = -1
    """The piece with the statements of the phase's own alone: out of order, the others must not run twice."""
    extras: int | None = None
    """The piece with the statements that are not the phase's own; None if there are none."""
    split: tuple[int, int] | None = None
    """The same as `full` in two pieces: up to the last statement of the phase's own, and what is behind it.
    None if there is nothing behind it, or both stand in one `with`."""
    loss: int | None = None
    """The piece that evaluates the loss."""
    phase_name: str = ""
    """The phase's name as a plain `str`: an enum's hash and `str` are slow, and this is used once per block."""
    loss_name: str | None = None
    """What the script calls the loss."""
    root: str = ""
    """What a backward goes backward from, if that is plain to see: the loss itself, unscaled."""
    contexts: int = 0
    """How many contexts are entered around it."""


@dataclass(eq=False)
class Iterate(Instruction):
    """Evaluate what a `for` goes over."""

    loop: Loop = field(kw_only=True)
    piece: int = -1


@dataclass(eq=False)
class Pull(Instruction):
    """Take the next item of a `for`."""

    loop: Loop = field(kw_only=True)
    exhausted: Label = field(default_factory=Label)


@dataclass(eq=False)
class Bind(Instruction):
    """Assign the item to the loop's targets.

    Where a block follows, the machine puts it off until that block runs: at a stop between two iterations the targets
    still are those that the last iteration used.
    """

    loop: Loop = field(kw_only=True)
    piece: int = -1


@dataclass(eq=False)
class Count(Instruction):
    """Begin a pass through a `while`."""

    loop: Loop = field(kw_only=True)


@dataclass(eq=False)
class Leave(Instruction):
    """Forget a loop: its iterator and its count."""

    loop: Loop = field(kw_only=True)


@dataclass(eq=False)
class TestCondition(Instruction):
    """Evaluate a condition once, and jump if it is false."""

    piece: int = -1
    otherwise: Label = field(default_factory=Label)


@dataclass(eq=False)
class Jump(Instruction):
    """Continue at a label."""

    to: Label = field(default_factory=Label)


@dataclass(eq=False)
class Enter(Instruction):
    """Enter a context manager."""

    piece: int = -1
    bind: int | None = None
    """The piece that assigns what it gives."""
    after: Label = field(default_factory=Label)
    """Behind the `with`: where the program continues if the manager suppresses an exception."""


@dataclass(eq=False)
class EnterFinally(Instruction):
    """Enter a `try` that has a `finally`."""

    piece: int = -1
    """The suite of the `finally`."""
    after: Label = field(default_factory=Label)
    """Behind the `try`."""


@dataclass(eq=False)
class Exit(Instruction):
    """Leave the innermost context manager."""


@dataclass(eq=False)
class Invoke(Instruction):
    """Evaluate function and arguments of a call to a cut function, and enter it."""

    function: str = ""
    piece: int = -1


@dataclass(eq=False)
class Finish(Leaves):
    """Run the statement around such a call, with what it returned."""

    piece: int = -1


@dataclass(eq=False)
class Handle(Leaves):
    """The except clauses of a `try`."""

    matches: int = -1
    """The piece that says whether one of them takes an exception."""
    piece: int = -1
    """The piece that raises it anew and has the clauses deal with it."""


@dataclass(eq=False)
class End(Instruction):
    """The end of the scope."""


@dataclass(eq=False)
class Piece:
    """Some of a scope's source, to be compiled: statements, or one expression."""

    statements: list[ast.stmt]
    expression: ast.expr | None = None
    takes_item: bool = False
    """Whether it is given a value, under the name `ITEM`."""


ITEM = "__bptui_item__"


@dataclass(eq=False)
class Code:
    """A lowered scope."""

    scope: CutScope
    filename: str
    is_module: bool
    instructions: list[Instruction] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    """For each instruction, how many contexts are entered there."""
    pieces: list[Piece] = field(default_factory=list)
    regions: list[tuple[Label, Label, Label]] = field(default_factory=list)
    """Where a `try` begins and ends, and its handler; inner ones first."""
