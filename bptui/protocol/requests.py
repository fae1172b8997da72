"""What the debugger asks of the debuggee. Every request carries a number, and its replies carry the same one."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.tape import Move


@dataclass(frozen=True, eq=False)
class Open:
    """Cut the script and run it up to its loop. Answer: `Opened` and `Stopped`, or `Uncut`."""

    path: str
    argv: tuple[str, ...] = ()
    """The script's own arguments."""
    memory: int = 512
    """How many MB checkpoints may take."""


@dataclass(frozen=True, eq=False)
class Next:
    """Run the block that comes next in the script's own order."""


@dataclass(frozen=True, eq=False)
class Do:
    """Run that phase now, in any order."""

    phase: Phase


@dataclass(frozen=True, eq=False)
class Step:
    """Move inside a phase, one op or node at a time. Answer: `Stopped`, without rows until the phase is left."""

    move: Move


@dataclass(frozen=True, eq=False)
class Run:
    """Run on until the goal, a pause or an exception. `Running` comes about 20 times a second meanwhile."""

    goal: Goal
    steps: int | None = None
    """At most so many steps; None for as many as it takes."""


@dataclass(frozen=True, eq=False)
class Back:
    """Undo steps: the program is again as it was before them. Inside a phase: as `Step(Move.BACK)`."""

    steps: int = 1


@dataclass(frozen=True, eq=False)
class RunBack:
    """Go back to where the latest breakpoint before this stop was met, or else to the entry."""


@dataclass(frozen=True, eq=False)
class GoTo:
    """Bring the program back to a step of the timeline that has run. Answer: `Stopped`, without rows."""

    index: int
    """-1 for the last one."""
    branch: int | None = None
    """None for the present one."""


@dataclass(frozen=True, eq=False)
class Compare:
    """Run on from here on two branches, zeroing on and off, and come back here. Answer: `Compared`."""

    steps: int | None = None
    """How many steps each; None for all that are left, up to 10,000."""


@dataclass(frozen=True, eq=False)
class SetBreakpoints:
    """The breakpoints are these now; hit counts of those that stay the same go on. Answer: `BreakpointsSet`."""

    breakpoints: tuple[Breakpoint, ...]


@dataclass(frozen=True, eq=False)
class Evaluate:
    """Run Python in the script's namespace, as a Python prompt would. Answer: `Evaluated`."""

    text: str


@dataclass(frozen=True, eq=False)
class SetValue:
    """Edit a variable, a tensor's values in place, or an optimizer's setting. A step of its own. Answer: `Stopped`."""

    name: str
    """`w`, `w.grad`, `model.0.weight[2, 1]`, `lr`."""
    value: str
    """A Python expression."""


@dataclass(frozen=True, eq=False)
class SetWatches:
    """The watched expressions are these now. Answer: `SeenAnew`."""

    expressions: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Complete:
    """What a name under the cursor may become. Answer: `Completed`."""

    text: str
    """What is typed, up to the cursor."""


@dataclass(frozen=True, eq=False)
class SetZeroing:
    """Whether `next` runs zero_grad, or passes over it so that gradients accumulate. Answer: `SeenAnew`."""

    on: bool


@dataclass(frozen=True, eq=False)
class DrawCurve:
    """Compute the loss at other values of a one-element parameter, on a copy. Answer: `CurveDrawn`."""

    param: str
    low: float
    high: float
    points: int


@dataclass(frozen=True, eq=False)
class Inspect:
    """Describe a value as Python sees it. Answer: `Inspected`."""

    name: str
    """As the snapshot names it: a parameter, a value, the loss; `w.grad` for a gradient."""


@dataclass(frozen=True, eq=False)
class ShowTape:
    """Send the tape as it is now. Answer: `TapeShown`."""


@dataclass(frozen=True, eq=False)
class CheckGradients:
    """Compare autograd's gradients of the last forward with central differences. Answer: `GradientsChecked`."""


Ask = (
    Open
    | Next
    | Do
    | Step
    | Run
    | Back
    | RunBack
    | GoTo
    | Compare
    | SetBreakpoints
    | Evaluate
    | SetValue
    | SetWatches
    | Complete
    | SetZeroing
    | DrawCurve
    | Inspect
    | ShowTape
    | CheckGradients
)


@dataclass(frozen=True, eq=False)
class Request:
    """A numbered request."""

    number: int
    ask: Ask


@dataclass(frozen=True, eq=False)
class Pause:
    """Stop what runs after the block it is in. Not answered; the run's own `Stopped` is the answer."""
