"""The script's heap at one moment: every object that its variables lead to, to be compared and brought back in place.

One walk serves three questions: was the program changed (by a step that raised, by what was typed); what must a
checkpoint hold; how is it brought back. Nothing is pickled or copied deeply: of each object only what it holds is
remembered, so that after going back all that was the same object is the same object still.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any

import torch

from bptui.engine.checkpoint.code_kinds import CLASS, FUNCTION
from bptui.engine.checkpoint.library_kinds import kind_of
from bptui.engine.checkpoint.object_kinds import (
    ATOM,
    ATOMS,
    GLANCED_INTO,
    LOOKED_INTO,
    NameTable,
    Object,
    ObjectKind,
    Reach,
    Slotted,
    Unwindable,
)
from bptui.engine.interpreter.frames import Cells, Entered, Frame, Slot
from bptui.engine.interpreter.items import Items
from bptui.engine.interpreter.own import is_own
from bptui.engine.interpreter.process_state import ProcessState
from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.observe.ledger import Account
from bptui.engine.tensors.facts import grad_of
from bptui.engine.tensors.saved import Bits, SavedTensor, Unusable, hooks_of, nbytes

_REST = 40_000
"""About how many bytes the random state and the objects themselves take."""
MOST = 200_000
"""So many objects are looked at; a script with more is brought back by running it anew."""
GRADIENTS = 16_000_000
"""Gradients of up to so many bytes in all are copied before a backward, to undo one that fails halfway."""

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

    def save(self, value: Any, reach: Reach) -> Any:
        held = dict(value)
        for each in held.values():
            reach.one(each)
        return held

    def put_back(self, value: Any, saved: Any) -> None:
        for name in dict(value).keys() - saved.keys():
            del value[name]
        for name, each in saved.items():
            value[name] = each


_OURS[Cells] = _Cells()
_NAMES = NameTable()


class HeapSnapshot:
    """What was remembered."""

    def __init__(self) -> None:
        self.holders: list[tuple[ObjectKind, Any, Any]] = []
        self.tensors: dict[int, SavedTensor] = {}
        """By the identity of each tensor."""
        self.random = RandomState()
        self.process = ProcessState()
        self.contexts: list[Entered] = []
        """The context managers that were entered."""
        self.items: list[tuple[Items, int]] = []
        """The loops, and how many items each had taken."""
        self.problem = ""
        """What cannot be brought back; empty if all can."""
        self.unknown = ""
        """What cannot be compared; empty if all can."""
        self.iterators: list[object] = []
        """The frames of generators, and other iterators of which only calls tell that they went on."""
        self.nbytes = self.own_bytes = _REST
        """About how many bytes it takes, with what it shares with the moment before and without."""

    def is_unchanged(self, *, graphs: bool = True) -> bool:
        """Whether the script would see no difference; where something is `unknown`, as far as can be compared.

        `graphs`: a graph that was freed is a difference too.
        """
        if not (self.random.holds() and self.process.holds()):
            return False
        with torch._C.DisableTorchFunctionSubclass():
            return all(kind.same(value, saved) for kind, value, saved in self.holders) and all(
                saved.holds(graphs=graphs) for saved in self.tensors.values()
            )

    def put_back_gradients(self) -> None:
        """Undo what a backward that failed halfway added to the gradients."""
        for saved in self.tensors.values():
            saved.put_back_gradient(self.tensors)

    def copies(self) -> Iterable[torch.Tensor]:
        """The copies that it holds; some may be shared with other moments."""
        return (saved.copy for saved in self.tensors.values() if saved.copy is not None)

    def weigh(self, before: dict[int, SavedTensor]) -> None:
        """Count its bytes. `before`: the tensors of the moment before."""
        shared = {id(each.copy) for each in before.values()}
        rest = sum(64 + 16 * len(saved) for _, _, saved in self.holders if type(saved) in (list, dict, set))
        self.nbytes = self.own_bytes = _REST + rest
        for copy in self.copies():
            self.nbytes += nbytes(copy)
            self.own_bytes += nbytes(copy) if id(copy) not in shared else 0


class _Found:
    """The tensors that a walk came to."""

    def __init__(self) -> None:
        self.tensors: list[torch.Tensor] = []
        self.written: set[int] = set()
        """Those that training writes, by identity."""
        self.gradients: set[int] = set()


class Heap:
    """All that makes up the state of a script that is being run."""

    def __init__(
        self, roots: Sequence[Any], engine: Sequence[type], source: str, own_modules: Callable[[], Sequence[str]]
    ) -> None:
        """Args:
        roots: where to begin.
        engine: types of ours whose attributes are state.
        source: the script's.
        own_modules: the names of the modules of its own that it has imported.
        """
        self._roots = roots
        self._source = source
        self._writes_unseen: tuple[int, bool] = (-1, False)
        """How many modules of its own the script had, and whether it may write unseen."""
        self._own_modules = own_modules
        self._kinds: dict[type, ObjectKind] = {**dict.fromkeys(ATOMS, ATOM), **_OURS, **dict.fromkeys(engine, Object())}

    # ---- remembered

    def remember(self, frames: Sequence[Frame], earlier: HeapSnapshot | None = None) -> HeapSnapshot:
        """The heap as it is now, to be brought back. Copies are shared with the `earlier` one where nothing changed."""
        moment = HeapSnapshot()
        waiting: list[Any] = [*self._roots, *self._modules()]
        found = self._walk(moment, waiting, Reach(waiting), stop=True)
        moment.contexts = [entered for frame in frames for entered in frame.contexts]
        before = earlier.tensors if earlier is not None else {}
        with torch._C.DisableTorchFunctionSubclass():
            for tensor in found.tensors:
                data = id(tensor) not in found.written
                moment.tensors[id(tensor)] = SavedTensor(tensor, Bits.COPIED, before.get(id(tensor)), data=data)
        moment.weigh(before)
        return moment

    def look(
        self, scopes: Iterable[Mapping[str, Any]], *, glance: bool = False, gradients: bool = False
    ) -> HeapSnapshot:
        """What the script can see from these scopes and its modules, to be compared later.

        Args:
            scopes: the variables of the scopes being run.
            glance: large containers and arrays are taken for data that stays, and tensors are trusted to count
                their writes if no code of the script's goes around that.
            gradients: copy the gradients, so that they can be put back.
        """
        moment = HeapSnapshot()
        waiting: list[Any] = []
        reach = Reach(waiting, GLANCED_INTO if glance else LOOKED_INTO, digests=not glance)
        for names in (*scopes, *self._modules()):
            moment.holders.append((_NAMES, names, _NAMES.save(names, reach)))
        found = self._walk(moment, waiting, reach, stop=False)
        how, left = Bits.COMPARED if not glance or self._may_write_unseen() else Bits.COUNTED, GRADIENTS
        with torch._C.DisableTorchFunctionSubclass():
            for tensor in found.tensors:
                copied = gradients and id(tensor) in found.gradients and (left := left - nbytes(tensor)) >= 0
                data = glance and id(tensor) not in found.written
                moment.tensors[id(tensor)] = SavedTensor(tensor, Bits.COPIED if copied else how, data=data)
        return moment

    def _modules(self) -> list[dict[str, Any]]:
        """The variables of the script's own modules, but for the main one."""
        return [vars(sys.modules[name]) for name in self._own_modules() if name in sys.modules]

    def _may_write_unseen(self) -> bool:
        names = self._own_modules()
        if self._writes_unseen[0] != len(names):
            files = [getattr(sys.modules.get(name), "__file__", None) or "" for name in names]
            sources = [self._source, *("".join(linecache.getlines(file)) for file in files)]
            self._writes_unseen = len(names), any(map(may_write_unseen, sources))
        return self._writes_unseen[1]

    def _walk(self, moment: HeapSnapshot, waiting: list[Any], reach: Reach, *, stop: bool) -> _Found:
        """Save all that those that wait lead to. Returns the tensors among it. `stop`: give up at the first problem."""
        found = _Found()
        seen = {id(value) for _, value, _ in moment.holders}
        kinds, holders, written = self._kinds, moment.holders, found.written
        while waiting:
            value = waiting.pop()
            kind = kinds.get(type(value)) or self._learn(type(value))
            if kind is ATOM or id(value) in seen:
                continue
            seen.add(id(value))
            if kind is _TENSOR:
                self._come_to_tensor(value, found, reach)
                continue
            if kind is _CLASS:
                if not is_own(type.__getattribute__(value, "__module__")):
                    continue
                kind = CLASS
            elif kind is FUNCTION and not _is_looked_into(value):
                continue
            elif isinstance(kind, Unwindable):
                moment.problem = moment.problem or f"{type(value).__name__} cannot be wound back"
                if kind.comparable:
                    moment.iterators.append(getattr(value, "gi_frame", None) or value)
                else:
                    moment.unknown = f"how far a {type(value).__name__} went cannot be seen"
                if stop:
                    break
            holders.append((kind, value, kind.save(value, reach)))
            if kind is _ITEMS:
                moment.items.append((value, value.position))
            elif isinstance(value, torch.nn.Module):
                written.update(map(id, value._buffers.values()))
            elif isinstance(value, torch.optim.Optimizer):
                written.update(id(each) for state in value.state.values() for each in state.values())
            if len(seen) > MOST:
                moment.problem = moment.unknown = f"more than {MOST:,} objects"
                break
        return found

    def _come_to_tensor(self, tensor: torch.Tensor, found: _Found, reach: Reach) -> None:
        found.tensors.append(tensor)
        if tensor.requires_grad:
            found.written.add(id(tensor))
        gradient = grad_of(tensor)
        if gradient is not None:
            found.written.add(id(gradient))
            found.gradients.add(id(gradient))
            reach.one(gradient)
        for hooks in hooks_of(tensor):
            if hooks:
                reach.one(hooks)
        for each in tensor.__dict__.values():
            reach.one(each)

    # ---- brought back

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
        for saved in moment.tensors.values():
            saved.check()

    def bring_back(self, moment: HeapSnapshot) -> None:
        """Bring it back, after `check`. Contexts entered since must have been left."""
        with torch._C.DisableTorchFunctionSubclass():
            for kind, value, saved in moment.holders:
                kind.put_back(value, saved)
            for each in moment.tensors.values():
                each.put_back()
        moment.process.restore()
        moment.random.restore()

    def _learn(self, kind: type) -> ObjectKind:
        how: ObjectKind
        if issubclass(kind, torch.Tensor):
            how = _TENSOR
        elif issubclass(kind, type):
            how = _CLASS
        elif kind.__module__.startswith("bptui."):
            how = ATOM
        else:
            how = kind_of(kind, is_own)
        self._kinds[kind] = how
        return how


def _is_looked_into(function: FunctionType) -> bool:
    """Whether a function is the script's own, or wraps something of an optimizer's, as schedulers do."""
    module = function.__module__ or ""
    return is_own(module) or module.startswith("torch.optim")


_TENSOR, _CLASS, _ITEMS = ObjectKind(), ObjectKind(), _OURS[Items]


_UNSEEN = re.compile(r"\.\s*(data|numpy|storage|untyped_storage|data_ptr|set_)\b|from_numpy|dlpack|asarray|ctypes")


def may_write_unseen(source: str) -> bool:
    """Whether code may write to tensors in ways that they do not count: through `.data`, numpy, their storage."""
    return _UNSEEN.search(source) is not None


def weigh(moments: Sequence[HeapSnapshot]) -> int:
    """How many bytes moments take together; a copy that several share counts once."""
    copies = {id(copy): nbytes(copy) for moment in moments for copy in moment.copies()}
    return sum(copies.values()) + sum(
        moment.nbytes - sum(nbytes(copy) for copy in moment.copies()) for moment in moments
    )
