"""Requests to the debuggee, and the facts it tells back. Every request carries a number, and so does its answer."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.snapshot import Branch, ProgramInfo, Rows, Snapshot
from bptui.protocol.tape import Move, Tape

# ---- requests


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
    """Run on until the goal, a pause or an exception. Tells `Running` on the way."""

    goal: Goal
    steps: int | None = None
    """At most so many steps; None for as many as it takes."""


@dataclass(frozen=True, eq=False)
class Back:
    """Undo steps: stand where the program stood before them. Inside a phase: as `Step(Move.BACK)`."""

    steps: int = 1


@dataclass(frozen=True, eq=False)
class RunBack:
    """Go back to where the latest breakpoint before this stop was met, or else to the entry."""


@dataclass(frozen=True, eq=False)
class GoTo:
    """Stand at a step of the timeline that has run. Answer: `Stopped`, without rows."""

    index: int
    """-1 for the last one."""
    branch: int | None = None
    """None for the present one."""


@dataclass(frozen=True, eq=False)
class Compare:
    """Run on from here on two branches, zeroing on and off, and stand here again. Answer: `Compared`."""

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
    """Tell the tape as it is now. Answer: `TapeShown`."""


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


# ---- what comes back


@dataclass(frozen=True, eq=False)
class Opened:
    """The script was cut; its setup runs now, and the entry stop follows."""

    program: ProgramInfo
    python: str
    """The version of Python that runs it."""
    torch: str
    """The version of torch."""


@dataclass(frozen=True, eq=False)
class Uncut:
    """The script cannot be stepped."""

    message: str
    """One sentence: what is wrong and what to do."""
    line: int | None


@dataclass(frozen=True, eq=False)
class Stopped:
    """The program stands still, with what it looks like now. The last row is that snapshot's."""

    snapshot: Snapshot
    rows: tuple[Rows, ...]
    """The timeline's new lines since the last message."""
    branches: tuple[Branch, ...] = ()
    """Branches that are new since the last message."""
    logged: str = ""
    """What logpoints said since the last message, a line each."""


@dataclass(frozen=True, eq=False)
class Running:
    """Where a run at full speed is; about 20 times a second."""

    rows: tuple[Rows, ...]
    printed: str
    """What the script wrote to stdout since the last message of this run. The closing snapshot has all of it again."""
    branches: tuple[Branch, ...] = ()
    """Branches that are new since the last message."""
    logged: str = ""
    """What logpoints said since the last message, a line each."""


@dataclass(frozen=True, eq=False)
class Refused:
    """The step was refused and nothing changed."""

    message: str
    """What is wrong, in PyTorch's own words where they are PyTorch's."""
    hint: str
    """One line on what to do."""


@dataclass(frozen=True, eq=False)
class SeenAnew:
    """The same stop as before, with zeroing on or off (`marks` and `next` change with it), or with other watches."""

    snapshot: Snapshot


@dataclass(frozen=True, eq=False)
class BreakpointsSet:
    """What became of each breakpoint."""

    states: tuple[BreakpointState, ...]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What a Python prompt would have shown."""

    text: str
    """The value, or the exception, as Python prints it; empty for None and for statements."""
    failed: bool
    """Whether it raised."""
    stop: Stopped | None
    """The step that it became, where it changed the program; it can be undone as any other."""


@dataclass(frozen=True, eq=False)
class Completed:
    """What was typed can go on so."""

    start: int
    """Where the word begins that the candidates stand for."""
    candidates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Compared:
    """Two branches ran from this stop, where the program stands again; their rows came with `Running`."""

    stop: Stopped
    at: int
    """The last index that they share."""
    on: int
    """The branch with zeroing on."""
    off: int
    """The branch with zeroing off."""


@dataclass(frozen=True, eq=False)
class CurveDrawn:
    """The loss over a parameter, the rest of the program as it is."""

    param: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    """The loss at each of `xs`; nan where it is not finite."""
    at: float | None
    """The parameter's present value."""
    loss: float | None
    """The loss there, computed anew."""
    slope: float | None
    """The derivative of the loss there, by autograd on the copy."""
    reason: str
    """Why there is no curve; empty when there is one."""


@dataclass(frozen=True, eq=False)
class Inspected:
    """A value as Python sees it."""

    name: str
    fields: tuple[tuple[str, str], ...]
    """Label and text: type, dtype, shape, ndim, device, requires_grad, is_leaf, grad_fn, version, `.data`, `.grad`."""
    text: str
    """The values, as Python prints them."""


@dataclass(frozen=True, eq=False)
class TapeShown:
    """The tape."""

    number: int
    """As `Snapshot.tape` counts it."""
    tape: Tape | None
    """None while there is none: nothing was stepped into yet, or another forward ran since."""


@dataclass(frozen=True, eq=False)
class ParamCheck:
    """One parameter's gradient, by autograd and by central differences."""

    name: str
    numel: int
    """How many entries it has."""
    checked: int
    """How many of them were checked."""
    error: float
    """The largest relative error: |a - n| / max(|a|, |n|, 1e-8 times the largest gradient, what can be resolved)."""
    autograd: float
    """Autograd's derivative where the error is largest."""
    numeric: float
    """The central difference there."""
    entry: tuple[int, ...]
    """Where that is."""
    verdict: str
    """`equal`, `different`, `.grad differs`, or why it cannot be said (`kink`: the one-sided differences disagree)."""
    grad: float | None = None
    """The program's own `.grad` at that entry, where it is from this backward and is not what autograd computes."""
    factor: float | None = None
    """How many times that it is, where it is as many times in every entry."""
    hooked: bool = False
    """Whether it has hooks, which may make its `.grad` another, and that was not compared."""


@dataclass(frozen=True, eq=False)
class GradientsChecked:
    """Central differences in float64 on a copy, beside autograd on the same copy."""

    params: tuple[ParamCheck, ...]
    loss: float | None
    """The loss on the copy."""
    reason: str
    """Why the check is not possible (no forward yet, not deterministic, …); empty when it was made."""
    dtype: str = ""
    """What was computed in: `float64`, or `float32` where float64 cannot be had; empty when it was not made."""


@dataclass(frozen=True, eq=False)
class Died:
    """The debuggee is gone. Told by the session, never by the debuggee."""

    message: str
    """What happened and where: `killed by SIGKILL during backward, line 12`."""
    printed: str
    """What it still wrote to stdout."""
    errors: str
    """What it still wrote to stderr."""


Tell = (
    Opened
    | Uncut
    | Stopped
    | Running
    | Refused
    | SeenAnew
    | BreakpointsSet
    | Evaluated
    | Completed
    | Compared
    | CurveDrawn
    | Inspected
    | TapeShown
    | GradientsChecked
    | Died
)


@dataclass(frozen=True, eq=False)
class Reply:
    """What the debuggee tells, with the number of the request that it answers."""

    number: int
    tell: Tell
