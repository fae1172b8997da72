"""The words both sides share: phases, stop reasons, marks."""

from __future__ import annotations

from enum import Enum


class Phase(str, Enum):
    """What one step executes."""

    FORWARD = "forward"
    BACKWARD = "backward"
    UPDATE = "update"
    ZERO_GRAD = "zero_grad"

    def __str__(self) -> str:
        return self.value


class StopReason(str, Enum):
    """Why the program stands still, in the words of the Debug Adapter Protocol."""

    ENTRY = "entry"
    """Before the first phase: the script ran up to its loop."""
    STEP = "step"
    """A step is done."""
    BREAKPOINT = "breakpoint"
    """A breakpoint was met; `Snapshot.met` says which."""
    DATA_BREAKPOINT = "data breakpoint"
    """What a breakpoint watches was written; `Snapshot.met` says what, by which phase and line."""
    GOTO = "goto"
    """The program was brought back (or on) to a step that had run before."""
    PAUSE = "pause"
    """The person paused what ran."""
    EXCEPTION = "exception"
    """A statement of the script raised; `Snapshot.failure` says what."""
    END = "end"
    """The script ran to its last line."""

    def __str__(self) -> str:
        return self.value


class Mark(str, Enum):
    """How a phase block of the current turn stands on the phase bar."""

    DONE = "done"
    NEXT = "next"
    SKIPPED = "skipped"
    """Passed over: zeroing is off, or the `if` around it was false."""
    TODO = "todo"

    def __str__(self) -> str:
        return self.value


class Goal(str, Enum):
    """How far a run goes."""

    SAMPLE = "sample"
    """To the first phase of the next sample."""
    EPOCH = "epoch"
    """To the first phase of the next epoch."""
    END = "end"
    """To the end of the script."""

    def __str__(self) -> str:
        return self.value
