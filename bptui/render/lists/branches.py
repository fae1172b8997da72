"""How the branches of a timeline hang together: what two of them share, and where others leave one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bptui.protocol.rows import Branch

FIRST = Branch(0, None, -1)


class Branches:
    """The tree of branches, looked at as the paths from the entry on that they are."""

    def __init__(self, branches: Sequence[Branch]) -> None:
        self._by_number = {each.number: each for each in branches} or {0: FIRST}
        self._spans: dict[int, dict[int, int]] = {}

    def __len__(self) -> int:
        return len(self._by_number)

    @property
    def numbers(self) -> list[int]:
        """Their numbers, in order."""
        return sorted(self._by_number)

    def shared(self, one: int, other: int, last: int) -> int:
        """The last index that two of them have in common; `last` where they are the same."""
        if one == other:
            return last
        mine, theirs = self._path(one), self._path(other)
        return max((min(end, theirs[number], last) for number, end in mine.items() if number in theirs), default=-1)

    def leaving(self, branch: int, last: Callable[[int], int]) -> dict[int, tuple[int, ...]]:
        """By index: which others go another way behind it. Of those that leave together the one that leads there.

        `last` tells each one's last index.
        """
        parted: dict[int, list[int]] = {}
        for other in self.numbers:
            at = self.shared(branch, other, last(branch))
            if other != branch and last(other) > at:
                parted.setdefault(at, []).append(other)
        return {at: tuple(each for each in all if self._parent(each) not in all) for at, all in parted.items()}

    def _parent(self, branch: int) -> int | None:
        known = self._by_number.get(branch)
        return known.parent if known is not None else None

    def _path(self, branch: int) -> dict[int, int]:
        """For each branch that the path goes along, up to which index it does; a very large one at its own end."""
        spans = self._spans.get(branch)
        if spans is None:
            spans, end = {}, 1 << 62
            at: int | None = branch
            while at is not None and at not in spans:  # a damaged file may go in a circle
                spans[at] = end
                known = self._by_number.get(at)
                end, at = (min(end, known.at), known.parent) if known is not None else (end, None)
            self._spans[branch] = spans
        return spans
