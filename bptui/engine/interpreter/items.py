"""What a loop goes over, kept as it was taken: a loop that is brought back takes the very same items again.

A generator or a DataLoader cannot be wound back, and taking from it may draw random numbers. So every item is kept,
with the random state after it where that changed, and the place is a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.tensors.facts import version_of

_PLACES: tuple[Iterable[Any], ...] = (
    [], (), range(1), range(1 << 99), "a", "\xe4", {}, {}.values(), {}.items(), set(), reversed([]),
)  # fmt: skip
_PLAIN = frozenset(type(iter(each)) for each in _PLACES)
"""Python's own iterators over what stands there already."""
_MEMBERS = 16
"""So many members of an item are looked at."""


class Items(Iterator[Any]):
    """An iterator that remembers."""

    __slots__ = ("_base", "_effects", "_ended", "_kept", "_source", "_versions", "plain", "position")

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self.plain = _is_plain(source)
        """Whether taking from it runs nothing but Python's own iterators: nothing random, nothing slow."""
        self._kept: list[Any] = []
        self._base = 0
        """How many items were forgotten."""
        self.position = 0
        """How many items were taken: all that has to be brought back."""
        self._ended = False
        """Whether the source has no more."""
        self._effects: dict[int, RandomState] = {}
        """The random state behind taking an item, where that changed it."""
        self._versions: dict[int, list[tuple[torch.Tensor, int]]] = {}

    def __next__(self) -> Any:
        at = self.position - self._base
        if at < len(self._kept):
            return self._again(at)
        if self._ended:
            self._replay_effect(self.position)
            raise StopIteration
        try:
            item = next(self._source) if self.plain else self._taken()
        except StopIteration:
            self._ended = True
            raise
        self._kept.append(item)
        self.position += 1
        return item

    def can_return_to(self, position: int) -> bool:
        """Whether the items from there on are still kept, and none was written in place since it was taken."""
        if position < self._base:
            return False
        return all(
            version_of(tensor) == version
            for number, tensors in self._versions.items()
            if number >= position
            for tensor, version in tensors
        )

    def leave(self) -> None:
        """The loop is left: what it went over is let go, as Python does, so that a generator ends itself now."""
        if not self.plain:
            self._source = _gone()

    def forget_before(self, position: int) -> None:
        """Keep only the items from there on."""
        gone = min(position - self._base, len(self._kept))
        if gone > 0:
            del self._kept[:gone]
            for number in range(self._base, self._base + gone):
                self._effects.pop(number, None)
                self._versions.pop(number, None)
            self._base += gone

    def _taken(self) -> Any:
        """The next item, with what taking it did to random states and with its tensors' versions noted."""
        before = RandomState()
        try:
            item = next(self._source)
        except StopIteration:
            self._note_effect(before)
            raise
        self._note_effect(before)
        tensors = list(_tensors(item))
        if tensors:
            self._versions[self.position] = [(each, version_of(each)) for each in tensors]
        return item

    def _note_effect(self, before: RandomState) -> None:
        after = RandomState()
        if not after.is_same(before):
            self._effects[self.position] = after

    def _replay_effect(self, position: int) -> None:
        effect = self._effects.get(position)
        if effect is not None:
            effect.restore()

    def _again(self, at: int) -> Any:
        self._replay_effect(self.position)
        self.position += 1
        return self._kept[at]


def _is_plain(source: Iterator[Any]) -> bool:
    kind = type(source)
    if kind in _PLAIN:
        return True
    if kind is zip:
        return all(map(_is_plain, source.__reduce__()[1]))
    if kind is enumerate:
        inner: Any = source.__reduce__()[1][0]
        return _is_plain(inner)
    return False


def _tensors(item: Any) -> Iterator[torch.Tensor]:
    if isinstance(item, torch.Tensor):
        yield item
    elif isinstance(item, (tuple, list)):
        for each in item[:_MEMBERS]:
            yield from _tensors(each)
    elif isinstance(item, dict):
        for each in list(item.values())[:_MEMBERS]:
            yield from _tensors(each)


def _gone() -> Iterator[Any]:
    raise RuntimeError("bptui: this loop was left before, and what it went over is gone; go back to before it began")
    yield
