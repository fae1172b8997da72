"""Through a program step by step, into every phase."""

from __future__ import annotations

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Move, Op


def steps(controller: Controller, most: int = 10_000) -> list[Snapshot]:
    """So many steps inward, with the stops at the ends of the phases, up to the end or to what is refused."""
    seen: list[Snapshot] = []
    while len(seen) < most:
        try:
            seen.append(controller.step())
        except StepRefused:
            if controller.snapshot.op is None and (not seen or seen[-1].op is None):
                break
            seen.append(controller.step(Move.OUT))
        if seen[-1].op is None and seen[-1].next is None:
            break
    return seen


def phase(controller: Controller) -> list[Snapshot]:
    """The stops inside of the next phase."""
    seen = [controller.step()]
    while seen[-1].op is not None:
        seen.append(controller.step())
    return seen[:-1]


def op_of(snapshot: Snapshot) -> Op:
    assert snapshot.op is not None
    return snapshot.op


def said(snapshots: list[Snapshot]) -> list[str]:
    """The sentences, without where they are."""
    return [each.explain.partition(": ")[2] for each in snapshots]
