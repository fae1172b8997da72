"""The ready-made check of graphs that are held on to: `total += loss`, a hidden state that is never detached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from bptui.engine.breakpoints.checks.base import Check, Troubles
from bptui.engine.compiler.instructions import RunBlock
from bptui.protocol.phase import Phase

_DEEP = 3
"""So far tensors are looked for inside containers, modules and objects of the script's own."""
_MOST = 100_000
"""At most so many nodes are counted; more than that only says that there are many."""


class Growing(Check):
    """Graphs of earlier iterations that the script's variables keep, more of them after each backward.

    A node is of an earlier iteration if it is older than the last time that the same backward had run. A graph that is
    merely larger than the last one, of a longer sentence for example, holds none.
    """

    phases = (Phase.BACKWARD,)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._since: dict[int, int] = {}
        """By the backward's block: the number of the newest node when it had run the last time."""
        self._before: dict[int, tuple[int, int]] = {}
        """By block: how many old nodes there were then, and how often in a row there had been more than before."""

    def found(self, run: RunBlock) -> Troubles | None:
        block, since = run.block.index, self._since.get(run.block.index)
        self._since[block] = torch._C._autograd._get_sequence_nr()
        if since is None:
            return {}
        old = self._old_nodes(since)
        total = sum(old.values())
        before, times = self._before.get(block, (0, 0))
        times = times + 1 if total > before else 0
        self._before[block] = total, times
        if times < (self.limit or 0):
            return {}
        holder = max(old, key=lambda name: old[name])
        return {"": f"{holder} keeps the graphs of earlier turns: {total} nodes, more after each of the last {times}"}

    def _old_nodes(self, since: int) -> dict[str, int]:
        """How many nodes older than that each variable keeps, those left out that another one has already."""
        seen: set[Any] = set()
        found: dict[str, int] = {}
        for names in self.recorder.all_holders():
            for name in list(names):
                if not name.startswith("__") and (value := names.get(name)) is not None:
                    for tensor in _tensors(value, _DEEP):
                        found[name] = found.get(name, 0) + _count(tensor.grad_fn, since, seen)
        return found

    def state(self) -> Any:
        return tuple(self._before.items())

    def restore(self, state: Any) -> None:
        self._before, self._since = dict(state), {}  # nodes that run again have other numbers


def _tensors(value: Any, depth: int) -> Iterator[torch.Tensor]:
    """The tensors with a graph in a value."""
    if isinstance(value, torch.Tensor):
        if value.grad_fn is not None:
            yield value
    elif depth:
        for each in _members(value):
            yield from _tensors(each, depth - 1)


def _members(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)) or type(value).__name__ == "deque":
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, torch.nn.Module):
        return [*value._modules.values(), *value._buffers.values(), *vars(value).values()]
    if type(value).__module__ == "__main__" and not isinstance(value, type):
        return list(getattr(value, "__dict__", {}).values())
    return []


def _count(root: Any, since: int, seen: set[Any]) -> int:
    """The nodes behind one that are older than that, without those seen before. A leaf's node has no age."""
    if root in seen:
        return 0
    waiting, count = [root], 0
    seen.add(root)
    while waiting and len(seen) < _MOST:
        node = waiting.pop()
        count += node._sequence_nr() < since
        for after, _ in node.next_functions:
            if after is not None and after not in seen:
                seen.add(after)
                waiting.append(after)
    return count
