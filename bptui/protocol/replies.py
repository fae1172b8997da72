"""What the debuggee sends back: facts, each in a `Reply` with the number of the request that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bptui.protocol.breakpoint import BreakpointState
from bptui.protocol.rows import Branch, Rows
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.protocol.tape import Tape


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
    """The program stopped. The last of `rows` is the row of that snapshot."""

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
    """Where the word begins that a candidate would replace."""
    candidates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Compared:
    """Two branches ran from this stop, to which the program came back; their rows came with `Running`."""

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
    """The debuggee is gone. The session makes this reply, since a dead debuggee cannot."""

    message: str
    """What happened and where: `killed by SIGKILL during backward, line 12`."""
    printed: str
    """What it still wrote to stdout."""
    errors: str
    """What it still wrote to stderr."""


Payload = (
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
"""What a reply can carry. Most answer one request; `Opened`, `Running` and `Died` also come unasked."""


@dataclass(frozen=True, eq=False)
class Reply:
    """What comes back to the debugger, with the number of the request that it belongs to."""

    number: int
    payload: Payload


Listener = Callable[[Reply], None]
"""Called with every reply of a session, in order, on the session's own thread. It must not block."""
