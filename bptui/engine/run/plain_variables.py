"""What plain variables were at each stop, so that one which does not repeat is noticed when the stop is reached again.

A step that runs again is compared by loss, parameters and gradients. `t0 = time.time()` is none of these, and yet the
script may go on otherwise because of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from bptui.engine.observe.parameters import Holders

STOPS = 2000
"""So many stops are remembered, the latest ones."""
LONG = 64
"""Containers of more elements are not looked at: it must cost next to nothing."""
PLAIN = (bool, int, float, complex, str, bytes, type(None))

Digests = dict[str, int]
"""Each plain variable's name, and a hash of its value."""


class PlainVariables:
    """The plain variables of the latest stops."""

    def __init__(self) -> None:
        self._stops: OrderedDict[tuple[int, int], Digests] = OrderedDict()

    def note(self, branch: int, index: int, holders: Holders) -> None:
        """The program is at a step that it made; `branch` is the one that made it."""
        self._stops[branch, index] = digests(holders)
        self._stops.move_to_end((branch, index))
        if len(self._stops) > STOPS:
            self._stops.popitem(last=False)

    def different(self, branch: int, index: int, holders: Holders) -> list[str]:
        """The variables that are not what they were when the program first stood there."""
        before = self._stops.get((branch, index))
        if before is None:
            return []
        now = digests(holders)
        return sorted(name for name, digest in before.items() if now.get(name, digest) != digest)


def digests(holders: Holders) -> Digests:
    """Of the innermost variable of each name, if it is plain: a number, text, or a short container of such."""
    found: Digests = {}
    for names in holders:
        for name, value in list(names.items()):
            if name not in found and not name.startswith("_") and (text := "".join(_text(value))):
                found[name] = hash(text)
    return found


def _text(value: object, depth: int = 0) -> Iterator[str]:
    """The value written out, piece by piece; nothing for what is not plain."""
    if type(value) in PLAIN:
        yield repr(value)
    elif type(value) in (list, tuple, dict) and len(value) <= LONG and depth < 3:  # type: ignore[arg-type]
        each = value.items() if isinstance(value, dict) else value
        inner = [piece for part in each for piece in _text(part, depth + 1)]  # type: ignore[attr-defined]
        if inner:
            yield f"{type(value).__name__}({','.join(inner)})"
