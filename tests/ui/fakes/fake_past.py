"""The timeline of the session that runs the lecture by itself: every step is kept whole, in the engine's branches."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Branch, Row, Snapshot
from tests.ui.fakes.fake_lecture import Lecture, Refusal

Deed = tuple[Phase | str | None, bool]
"""The phase that was asked for, None for the next one, or what was typed; and whether zeroing was on."""


@dataclass(frozen=True)
class Moment:
    """A step, what made it, and the program behind it."""

    deed: Deed
    snapshot: Snapshot
    lecture: Lecture


class Past:
    """Where the program was, and where it is."""

    def __init__(self) -> None:
        self.branches = [Branch(0, None, -1)]
        self.branch, self.index = 0, -1
        self._moments: dict[tuple[int, int], Moment] = {}
        self._rows: list[Row] = []
        self._told = 1

    def owner(self, branch: int, index: int) -> int:
        """The branch that made that step."""
        while index <= self.branches[branch].at:
            parent = self.branches[branch].parent
            assert parent is not None
            branch = parent
        return branch

    def last(self, branch: int) -> int:
        """A branch's last step."""
        return max(index for owner, index in self._moments if owner == branch)

    def moment(self, branch: int, index: int) -> Moment:
        """A step of a branch."""
        return self._moments[self.owner(branch, index), index]

    def made(self, deed: Deed, snapshot: Snapshot, lecture: Lecture) -> Snapshot:
        """A step was made: one that is there already, or a new one, perhaps of a new branch."""
        ahead = bool(self._moments) and self.index < self.last(self.branch)
        way = self._way(deed) if ahead else None
        if way is not None:
            self.branch = way
        elif ahead:
            self.branches.append(Branch(len(self.branches), self.owner(self.branch, self.index), self.index))
            self.branch = len(self.branches) - 1
        self.index += 1
        snapshot = replace(snapshot, branch=self.branch)
        if way is None:
            self._moments[self.branch, self.index] = Moment(deed, snapshot, deepcopy(lecture))
            self._rows.append(snapshot.row())
        return snapshot

    def _way(self, deed: Deed) -> int | None:
        """A branch on which that was done next: the present one, else another that passes here."""
        here = self.owner(self.branch, self.index)
        for branch in (self.branch, *range(len(self.branches))):
            passes = self.index < self.last(branch) and self.owner(branch, self.index) == here
            if passes and self.moment(branch, self.index + 1).deed == deed:
                return branch
        return None

    def news(self) -> tuple[list[Row], tuple[Branch, ...]]:
        """The rows and branches that were not told yet."""
        rows, self._rows = self._rows, []
        branches, self._told = tuple(self.branches[self._told :]), len(self.branches)
        return rows, branches

    def go(self, index: int, branch: int | None) -> tuple[Snapshot, Lecture]:
        """Stand there: the snapshot and the program."""
        branch = self.branch if branch is None else branch
        if not 0 <= branch < len(self.branches):
            raise Refusal(f"There is no branch {branch}.", f"They are numbered 0 to {len(self.branches) - 1}.")
        last = self.last(branch)
        index = last if index == -1 else index
        if not 0 <= index <= last:
            raise Refusal(f"There is no step {index} on branch {branch}.", f"They are numbered 0 to {last}.")
        self.branch, self.index = branch, index
        moment = self.moment(branch, index)
        lecture = deepcopy(moment.lecture)
        lecture.zeroing = self.moment(branch, min(index + 1, last)).deed[1]
        marks, upcoming = lecture.ahead()
        return replace(
            moment.snapshot, branch=branch, stop_reason=StopReason.GOTO, zeroing=lecture.zeroing, marks=marks,
            next=upcoming,
        ), lecture  # fmt: skip
