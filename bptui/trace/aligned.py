"""Two branches laid sample on sample: which step of the one belongs to which of the other.

With zeroing on a sample may have four steps and without it three, so equal numbers of steps say nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from bptui.trace.timeline import Timeline

ForwardRow = tuple[int, int | None, int | None]
"""A forward: its index, epoch and sample."""


class Aligned:
    """Where the forwards of the same samples are on both branches; between them steps are spread evenly."""

    def __init__(self, first: Sequence[ForwardRow], second: Sequence[ForwardRow], shared: int = 0) -> None:
        """The forwards of both branches behind step `shared`, up to which they are one."""
        others = dict(_numbered(second))
        self.pairs = [(index, others[key]) for key, index in _numbered(first) if key in others]
        """The index of each forward that both have, on the first and on the second branch."""
        self._anchors = [(shared, shared), *self.pairs]

    def on_first(self, step: float) -> float:
        """Where on the first branch a step of the second one is."""
        return _between([(there, here) for here, there in self._anchors], step)

    def on_second(self, step: float) -> float:
        """Where on the second branch a step of the first one is."""
        return _between(self._anchors, step)


def aligned(timeline: Timeline, first: int, second: int, at: int) -> Aligned:
    """Two branches that part behind step `at`."""
    one, other = (timeline.forwards(branch, at + 1, timeline.last(branch) + 1) for branch in (first, second))
    return Aligned(one, other, at)


def _numbered(forwards: Sequence[ForwardRow]) -> list[tuple[tuple[int | None, int | None, int], int]]:
    """Each with its epoch and sample, and how many of that sample came before it."""
    seen: Counter[tuple[int | None, int | None]] = Counter()
    numbered = []
    for index, epoch, sample in forwards:
        numbered.append(((epoch, sample, seen[epoch, sample]), index))
        seen[epoch, sample] += 1
    return numbered


def _between(anchors: Sequence[tuple[int, int]], step: float) -> float:
    """Where a step is on a line through the anchors that goes on straight at its end. Before them all is as it is."""
    if step <= anchors[0][0]:
        return step
    at = min(bisect_left(anchors, step, key=lambda pair: pair[0]), len(anchors) - 1)
    if at == 0:
        return step
    begin, end = anchors[at - 1], anchors[at]
    if end[0] < step and at > 1:  # behind the last one: as fast as all the way from the first forward on
        begin = anchors[1] if at > 1 else begin
    return begin[1] + (step - begin[0]) * (end[1] - begin[1]) / (end[0] - begin[0])
