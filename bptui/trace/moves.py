"""Where a run through a recording stops."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.protocol.phase import Goal, StopReason
from bptui.trace.timeline import Timeline

MET = (StopReason.BREAKPOINT, StopReason.DATA_BREAKPOINT)
HALTS = (*MET, StopReason.EXCEPTION, StopReason.END)
"""Where the program itself, or a breakpoint, stopped it. A pause was the person's."""


def main_branch(timeline: Timeline) -> int:
    """The branch that goes furthest; of several the latest."""
    return max((timeline.last(each.number), each.number) for each in timeline.branches)[1]


def end_of_run(timeline: Timeline, branch: int, index: int, goal: Goal, steps: int | None) -> int:
    """The step to which a run from `index` goes: to its goal, so many steps on, or to where the recorded run halted.

    The goal is met by the last step before another sample or epoch begins.
    """
    last = timeline.last(branch)
    ends = [last if steps is None else min(last, index + steps)]
    first = timeline.row(branch, index + 1)
    if first is not None and goal is not Goal.END:
        other, place = "epoch IS NOT ?", [first.epoch]
        if goal is Goal.SAMPLE:
            other, place = f"({other} OR sample IS NOT ?)", [first.epoch, first.sample]
        beyond = timeline.find(branch, index + 2, last + 1, other, *place)
        ends += [beyond - 1] if beyond is not None else []
    halt = timeline.find(branch, index + 1, last + 1, *_one_of(HALTS))
    ends += [halt] if halt is not None else []
    return min(ends)


def breakpoint_before(timeline: Timeline, branch: int, index: int) -> int:
    """The latest step before `index` at which a breakpoint was met; else the entry."""
    return timeline.find(branch, 0, index, *_one_of(MET), latest=True) or 0


def _one_of(reasons: Sequence[StopReason]) -> tuple[str, ...]:
    """The condition that it is one of these, and its words. The first part lets SQLite use its index."""
    return f"reason <> 'step' AND reason IN ({', '.join('?' * len(reasons))})", *(str(each) for each in reasons)
