"""The script's world at one moment: every object that its variables lead to, each brought back in place.

Nothing is pickled or copied deeply: of each object only what it holds is remembered, so that after going back all that
was the same object is the same object still.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from bptui.engine.checkpoint.object_kinds import (
    ATOM,
    ATOMS,
    UNWINDABLE,
    Object,
    ObjectKind,
    Slotted,
    class_kind,
    kind_of,
)
from bptui.engine.interpreter.frames import Cells, Entered, Frame, Slot
from bptui.engine.interpreter.items import Items
from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.observe.ledger import Account
from bptui.engine.tensors.facts import grad_of
from bptui.engine.tensors.saved import SavedTensor, Unusable, modes, nbytes, set_modes

_REST = 40_000
"""About how many bytes the random state and the objects themselves take."""
MOST = 200_000
"""So many objects are looked at; a script with more is brought back by running it anew."""

_OURS: dict[type, ObjectKind] = {
    Items: Slotted(("position",)),
    Frame: Slotted(("names", "pc", "slots", "contexts", "unbound", "returned")),
    Slot: Slotted(("count", "item", "iterator")),
    Entered: ATOM,
    Account: Slotted(("complete", "earlier", "listed", "sum")),
}
"""Our own objects that are part of a program's place."""


class _Cells(ObjectKind):
    """The variables of a cut function."""

    def save(self, value: Any, reach: Callable[[Any], None]) -> Any:
        held = dict(value)
        for each in held.values():
            reach(each)
        return held

    def put_back(self, value: Any, saved: Any) -> None:
        for name in dict(value).keys() - saved.keys():
            del value[name]
        for name, each in saved.items():
            value[name] = each


_OURS[Cells] = _Cells()


class HeapSnapshot:
    """What was remembered."""

    def __init__(self) -> None:
        self.holders: list[tuple[ObjectKind, Any, Any]] = []
        self.traces: dict[int, SavedTensor] = {}
        """Of each tensor, by its identity."""
        self.random: RandomState | None = None
        self.modes: tuple[Any, ...] = ()
        self.contexts: list[Entered] = []
        """The context managers that were entered."""
        self.items: list[tuple[Items, int]] = []
        """The loops, and how many items each had taken."""
        self.problem = ""
        """What cannot be brought back; empty if all can."""
        self.nbytes = self.own_bytes = _REST
        """About how many bytes it takes, with what it shares with the moment before and without."""

    def copies(self) -> Iterable[torch.Tensor]:
        """The copies that it holds; some may be shared with other moments."""
        return (trace.copy for trace in self.traces.values() if trace.copy is not None)

    def weigh(self, before: dict[int, SavedTensor]) -> None:
        """Count its bytes. `before`: the traces of the moment before."""
        shared = {id(each.copy) for each in before.values()}
        rest = sum(64 + 16 * len(saved) for _, _, saved in self.holders if type(saved) in (list, dict, set))
        self.nbytes = self.own_bytes = _REST + rest
        for copy in self.copies():
            self.nbytes += nbytes(copy)
            self.own_bytes += nbytes(copy) if id(copy) not in shared else 0


class Heap:
    """All that makes up the state of a script that is being run."""

    def __init__(self, roots: Sequence[Any], engine: Sequence[type], own_modules: Callable[[], Iterable[str]]) -> None:
        """`roots`: where to begin. `engine`: types of ours whose attributes are state. `own_modules`: the script's."""
        self._roots = roots
        self._own_modules = own_modules
        self._kinds: dict[type, ObjectKind] = {**dict.fromkeys(ATOMS, ATOM), **_OURS, **dict.fromkeys(engine, Object())}
        self._own: set[str] = set()
        self._class_kind = class_kind()

    def remember(self, frames: Sequence[Frame], earlier: HeapSnapshot | None = None) -> HeapSnapshot:
        """The world as it is now. Copies are shared with the `earlier` moment where nothing changed."""
        moment = HeapSnapshot()
        self._own = {"__main__", *self._own_modules()}
        before = earlier.traces if earlier is not None else {}
        modules = [vars(sys.modules[name]) for name in self._own if name != "__main__" and name in sys.modules]
        waiting: list[Any] = [*self._roots, *modules]
        seen: set[int] = set()
        tensors: list[torch.Tensor] = []
        written: set[int] = set()
        """Tensors that training writes, by identity."""
        kinds, reach = self._kinds, waiting.append
        while waiting:
            value = waiting.pop()
            kind = kinds.get(type(value)) or self._learn(type(value))
            if kind is ATOM or id(value) in seen:
                continue
            seen.add(id(value))
            if kind is _TENSOR:
                tensors.append(value)
                gradient = grad_of(value)
                if gradient is not None:
                    written.add(id(gradient))
                    reach(gradient)
                continue
            if kind is UNWINDABLE:
                moment.problem = f"{type(value).__name__} cannot be wound back"
                break
            if kind is _FUNCTION_OR_CLASS:
                kind = self._of_code(value)
                if kind is ATOM:
                    continue
            moment.holders.append((kind, value, kind.save(value, reach)))
            if type(value) is Items:
                moment.items.append((value, value.position))
            elif isinstance(value, torch.nn.Module):
                written.update(map(id, value._buffers.values()))
            elif isinstance(value, torch.optim.Optimizer):
                written.update(id(each) for state in value.state.values() for each in state.values())
            if len(seen) > MOST:
                moment.problem = f"more than {MOST:,} objects"
                break
        moment.random, moment.modes = RandomState(), modes()
        moment.contexts = [entered for frame in frames for entered in frame.contexts]
        for tensor in tensors:
            moment.traces[id(tensor)] = SavedTensor(tensor, before.get(id(tensor)), data=id(tensor) not in written)
        moment.weigh(before)
        return moment

    def check(self, moment: HeapSnapshot, frames: Sequence[Frame]) -> None:
        """Whether that moment can be brought back now.

        Raises:
            Unusable: it cannot; the message says why.
        """
        if moment.problem:
            raise Unusable(moment.problem)
        entered = [each for frame in frames for each in frame.contexts]
        if entered[: len(moment.contexts)] != moment.contexts:
            raise Unusable("a `with` that was entered then was left since")
        if not all(items.can_return_to(position) for items, position in moment.items):
            raise Unusable("the items of a loop are no longer kept as they were")
        for trace in moment.traces.values():
            trace.check()

    def bring_back(self, moment: HeapSnapshot) -> None:
        """Bring it back, after `check`. Contexts entered since must have been left."""
        for kind, value, saved in moment.holders:
            kind.put_back(value, saved)
        for trace in moment.traces.values():
            trace.put_back()
        set_modes(moment.modes)
        assert moment.random is not None
        moment.random.restore()

    def _learn(self, kind: type) -> ObjectKind:
        how: ObjectKind
        if issubclass(kind, torch.Tensor):
            how = _TENSOR
        elif issubclass(kind, type) or kind.__name__ in ("function", "method"):
            how = _FUNCTION_OR_CLASS
        elif kind.__module__.startswith("bptui."):
            how = ATOM
        else:
            how = kind_of(kind, self._is_own)
        self._kinds[kind] = how
        return how

    def _of_code(self, value: Any) -> ObjectKind:
        """Functions and classes: those of the script, and what wraps a scheduler's optimizer."""
        module = getattr(value, "__module__", "") or ""
        if isinstance(value, type):
            return self._class_kind if self._is_own(module) else ATOM
        if self._is_own(module) or module.startswith("torch.optim"):
            return kind_of(type(value), self._is_own)
        return ATOM

    def _is_own(self, module: str) -> bool:
        return module in self._own


_TENSOR, _FUNCTION_OR_CLASS = ObjectKind(), ObjectKind()


def weigh(moments: Sequence[HeapSnapshot]) -> int:
    """How many bytes moments take together; a copy that several share counts once."""
    copies = {id(copy): nbytes(copy) for moment in moments for copy in moment.copies()}
    return sum(copies.values()) + sum(
        moment.nbytes - sum(nbytes(copy) for copy in moment.copies()) for moment in moments
    )
