"""What a step did, apart from the numbers that it left: those the recorder knows."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.interpreter.position import Position
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Failure


@dataclass(frozen=True)
class StepResult:
    """One step, or the last one of a run, as a snapshot tells it."""

    ran: RunBlock | None
    """The block that ran; None at the entry, after typed code, and where only code without a phase ran."""
    reason: StopReason
    """Why the program stops behind it."""
    position: Position
    """Where in the data it ran."""
    output: tuple[str, str] = ("", "")
    """What the script wrote meanwhile to stdout and stderr."""
    failure: Failure | None = None
    """What the script raised."""
    zeroing: bool = True
    """Whether `next` runs zero_grad."""
    steps: int = 1
    """How many steps there were since the stop before: more than one in a run."""
    passed: bool = False
    """Whether a zero_grad was passed over on the way."""
    edit: str = ""
    """The Python that a person typed, if that was the step."""
    said: str = ""
    """What came of it, in words."""

    @property
    def phase(self) -> Phase | None:
        """The phase that ran."""
        return None if self.ran is None else self.ran.phase
