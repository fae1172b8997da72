"""The items of a loop, remembered as they are taken, so that a loop which is set back takes the very same items again.

A generator or a DataLoader cannot be rewound, and taking from it may draw random numbers. So every item is remembered,
with the random state after taking it where that changed; then the position in it is just a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.tensors.facts import version_of

_PLAIN_SOURCES: tuple[Iterable[Any], ...] = (
    [], (), range(1), range(1 << 99), "a", "\xe4", {}, {}.values(), {}.items(), set(), reversed([]),
)  # fmt: skip
_PLAIN_ITERATORS = frozenset(type(iter(each)) for each in _PLAIN_SOURCES)
"""Python's own iterators over things that exist already: taking from them has no effect but the item."""
_MEMBERS = 16
"""At most so many members of an item are searched for tensors."""


class Items(Iterator[Any]):
    """An iterator over a loop's items that can be set back by assigning its `position`."""

    __slots__ = ("_base", "_effects", "_ended", "_items", "_source", "_versions", "plain", "position")

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self.plain = _is_plain(source)
        """Whether taking from it runs nothing but Python's own iterators: nothing random, nothing slow."""
        self._items: list[Any] = []
        self._base = 0
        """The position of the first item that is still remembered."""
        self.position = 0
        """How many items were taken. Assigning an earlier one sets the loop back: nothing else is needed."""
        self._ended = False
        """Whether the source has no more."""
        self._effects: dict[int, RandomState] = {}
        """By position: the random state after taking the item there, where that changed it."""
        self._versions: dict[int, list[tuple[torch.Tensor, int]]] = {}
        """By position: the tensors in the item there, each with its version when the item was taken."""

    def __next__(self) -> Any:
        at = self.position - self._base
        if at < len(self._items):
            return self._take_again(at)
        if self._ended:
            self._replay_effect(self.position)
            raise StopIteration
        try:
            item = next(self._source) if self.plain else self._take()
        except StopIteration:
            self._ended = True
            raise
        self._items.append(item)
        self.position += 1
        return item

    def can_return_to(self, position: int) -> bool:
        """Whether the items from there on are still remembered, and none was written in place since it was taken."""
        if position < self._base:
            return False
        return all(
            version_of(tensor) == version
            for number, tensors in self._versions.items()
            if number >= position
            for tensor, version in tensors
        )

    def leave(self) -> None:
        """The loop is left. Its source is let go, as Python does then, so that a generator's `finally` runs now."""
        if not self.plain:
            self._source = _gone()

    def forget_before(self, position: int) -> None:
        """Let go of the items before that position."""
        gone = min(position - self._base, len(self._items))
        if gone > 0:
            del self._items[:gone]
            for number in range(self._base, self._base + gone):
                self._effects.pop(number, None)
                self._versions.pop(number, None)
            self._base += gone

    def _take(self) -> Any:
        """Take the next item from the source, and note what that did to random states, and its tensors' versions."""
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

    def _take_again(self, at: int) -> Any:
        self._replay_effect(self.position)
        self.position += 1
        return self._items[at]


def _is_plain(source: Iterator[Any]) -> bool:
    kind = type(source)
    if kind in _PLAIN_ITERATORS:
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
