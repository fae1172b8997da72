"""The branches of one run: which of them holds a step, and where each one ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bptui.protocol.rows import Branch


@dataclass(frozen=True)
class Segment:
    """A stretch of steps that one branch holds."""

    key: int
    """`branch.id` in the store."""
    start: int
    stop: int
    """Behind the last one."""


class Lineage:
    """Branches by number, with their keys in the store and their ends."""

    def __init__(self, branches: tuple[Branch, ...] = (), keys: dict[int, int] | None = None) -> None:
        """Branches in the order of their numbers, and each one's key."""
        self.branches = branches
        self.keys = keys or {}
        self.ends: dict[int, int] = {}
        """For each branch with steps of its own, the index of the last one."""
        self._by_number = {branch.number: branch for branch in branches}

    def with_branch(self, branch: Branch, key: int) -> Lineage:
        """The same and one more."""
        grown = Lineage((*self.branches, branch), {**self.keys, branch.number: key})
        grown.ends = self.ends
        return grown

    def copy(self) -> Lineage:
        """The same, whose ends may grow while others read this one."""
        again = Lineage(self.branches, self.keys)
        again.ends = dict(self.ends)
        return again

    def knows(self, branch: int) -> bool:
        return branch in self._by_number

    def last(self, branch: int) -> int:
        """The index of the branch's last step, an ancestor's where it has none of its own; -1 if there is none."""
        there = self._by_number.get(branch)
        limit: int | None = None
        while there is not None:
            end = self.ends.get(there.number, -1)
            if end > there.at:
                return end if limit is None else min(end, limit)
            limit = there.at if limit is None else min(limit, there.at)
            there = self._by_number.get(there.parent) if there.parent is not None else None
        return -1

    def segments(self, branch: int, start: int, stop: int) -> list[Segment]:
        """Who holds the steps from `start` up to, not including, `stop`; in the order of steps."""
        return list(self._segments(branch, max(start, 0), stop))[::-1]

    def _segments(self, branch: int, start: int, stop: int) -> Iterator[Segment]:
        there = self._by_number.get(branch)
        while there is not None and start < stop:
            begins = max(start, there.at + 1)
            ends = min(stop, self.ends.get(there.number, -1) + 1)
            if begins < ends:
                yield Segment(self.keys[there.number], begins, ends)
            stop = min(stop, there.at + 1)
            there = self._by_number.get(there.parent) if there.parent is not None else None
