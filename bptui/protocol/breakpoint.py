"""Where and when a run is to stop: what a person asked for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.protocol.phase import Phase


@dataclass(frozen=True, eq=False)
class Breakpoint:
    """Something to stop at. Every part that is given must hold; at least one of them is."""

    number: int
    """Its name, from 1."""
    phase: Phase | None = None
    """Before that phase runs."""
    line: int | None = None
    """Before the block runs that covers that line of the script."""
    epoch: int | None = None
    """When that epoch begins."""
    sample: int | None = None
    """When that sample begins, in each epoch unless `epoch` is given too."""
    condition: str = ""
    """A Python expression over the script's variables, `loss`, `epoch` and `sample`. Alone: when it becomes true."""
    data: str = ""
    """Stop behind what writes this: `w`, `w.grad`, `model.0.weight[2, 1]`."""
    check: str = ""
    """A ready-made check by name: `nan`, `exploding`, …"""
    limit: float | None = None
    """The check's threshold; None for its default."""
    hits: str = ""
    """Which of the times that it is met count: `5` (the fifth and later), `== 5`, `> 5`, `% 5` (every fifth)."""
    log: str = ""
    """Do not stop, but say this, with each `{expression}` evaluated: a logpoint."""
    enabled: bool = True


@dataclass(frozen=True, eq=False)
class BreakpointState:
    """What became of a breakpoint."""

    number: int
    verified: bool
    """Whether it can be met at all."""
    message: str
    """Why not; or where it is, as far as that differs from what was asked for."""
    met: int
    """How often it was met in this run."""
