"""How each kind of Python object is remembered, compared and brought back in place, so that every holder sees it too.

For each kind: `save` gives what it holds and lists what that leads to, `put_back` lets it hold that again, `same` says
whether it holds it still. What an object holds is remembered by identity. Nothing here runs code of the script's own:
no `__eq__`, no `__getattr__`, no `__len__` of its classes.
"""

from __future__ import annotations

import collections
import io
import queue
import socket
import subprocess
import threading
import types
from collections.abc import Callable, Iterable
from typing import Any

import torch

LOOKED_INTO = 10_000
"""The members of a container with more are taken for data: which they are is remembered, not what they hold."""
GLANCED_INTO = 256
"""The same where a glance must do, before every step."""

ATOMS: set[type] = {
    int, float, complex, bool, str, bytes, type(None), type(...), type(NotImplemented), range, slice, types.CodeType,
    types.BuiltinFunctionType, types.ModuleType, torch.dtype, torch.device, torch.Size, torch.layout,
    torch.memory_format, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.WrapperDescriptorType, types.MethodDescriptorType,
}  # fmt: skip
"""Types of what never changes, or is not the script's."""
_VALUES = frozenset({int, float, complex, str, bytes})
"""Types of which two objects may be the same value."""

_OUTSIDE = (io.IOBase, threading.Thread, socket.socket, subprocess.Popen, queue.Queue, threading.Event,
            threading.Condition, type(threading.Lock()), type(threading.RLock()))  # fmt: skip
"""What holds one of these is part of the outside world, which is not brought back."""


class Reach:
    """Where `save` puts what an object leads to."""

    def __init__(self, waiting: list[Any], limit: int = LOOKED_INTO, *, digests: bool = False) -> None:
        """`limit`: containers with more members are not looked into. `digests`: of large data a digest is taken."""
        self.one = waiting.append
        self.limit, self.digests = limit, digests
        self._waiting = waiting

    def all(self, members: Any) -> None:
        """Each member of a container, unless there are too many."""
        if len(members) <= self.limit:
            self._waiting.extend(members)


class ObjectKind:
    """How objects of one kind are remembered."""

    def save(self, value: Any, reach: Reach) -> Any:
        """What it holds now. Tells `reach` what that leads to."""
        raise NotImplementedError

    def same(self, value: Any, saved: Any) -> bool:
        """Whether it holds what it held."""
        return same_content(self.save(value, NOWHERE), saved)

    def put_back(self, value: Any, saved: Any) -> None:
        """Let it hold that again."""


class _Nowhere(Reach):
    """What an object leads to is left aside."""

    def __init__(self) -> None:
        super().__init__([], -1)
        self.one = lambda member: None


NOWHERE: Reach = _Nowhere()


def same_value(one: Any, other: Any) -> bool:
    """Whether two things are the same object, or the same number or text."""
    if one is other:
        return True
    kind = type(one)
    return kind is type(other) and kind in _VALUES and repr(one) == repr(other)  # nan is nan, and -0.0 is not 0.0


def same_content(one: Any, other: Any) -> bool:
    """Whether two things that were saved are the same: containers member by member, of the script's objects which."""
    kind = type(one)
    if one is other or kind is not type(other):
        return one is other
    if kind is dict:
        return same_items(one, other)
    if kind in (list, tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    if kind is set:
        return len(one) == len(other) and {id(each) for each in one} == {id(each) for each in other}
    return same_value(one, other)


def same_items(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Whether two dicts hold the same, in the same order."""
    if len(one) != len(other):
        return False
    return all(
        (a is b or same_value(a, b)) and (x is y or same_value(x, y))
        for (a, x), (b, y) in zip(dict.items(one), dict.items(other), strict=True)
    )


def attributes_of(value: Any) -> dict[str, Any]:
    """The `__dict__` of an object, whatever its class says about attributes."""
    held: dict[str, Any] = object.__getattribute__(value, "__dict__")
    return held


def has_attributes(kind: type) -> bool:
    """Whether objects of that type have a `__dict__`."""
    return kind.__dictoffset__ != 0


class Fixed(ObjectKind):
    """A tuple: which members it has never changes, only they do."""

    def save(self, value: Any, reach: Reach) -> Any:
        reach.all(value)

    def same(self, value: Any, saved: Any) -> bool:
        return True


class _List(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        reach.all(value)
        return list.copy(value)

    def put_back(self, value: Any, saved: Any) -> None:
        if list.__len__(value) != len(saved) or any(a is not b for a, b in zip(value, saved, strict=True)):
            list.__setitem__(value, slice(None), saved)


class _Deque(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        reach.all(value)
        return list(value)

    def put_back(self, value: Any, saved: Any) -> None:
        value.clear()
        value.extend(saved)


class _Dict(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        if dict.__len__(value) <= reach.limit:
            for key, each in dict.items(value):
                if type(key) is not str:
                    reach.one(key)
                reach.one(each)
        return dict(dict.items(value))

    def same(self, value: Any, saved: Any) -> bool:
        return same_items(value, saved)

    def put_back(self, value: Any, saved: Any) -> None:
        if not _very_same_items(value, saved):
            dict.clear(value)
            for key, each in saved.items():
                dict.__setitem__(value, key, each)


class _Ordered(ObjectKind):
    """An OrderedDict: the order can change without any member changing, and only its own methods know it."""

    def save(self, value: Any, reach: Reach) -> Any:
        if not dict.__len__(value):
            return []
        held = list(collections.OrderedDict.items(value))
        if len(held) <= reach.limit:
            for key, each in held:
                if type(key) is not str:
                    reach.one(key)
                reach.one(each)
        return held

    def same(self, value: Any, saved: Any) -> bool:
        if dict.__len__(value) != len(saved):
            return False
        now = collections.OrderedDict.items(value)
        return all(same_value(a, b) and same_value(x, y) for (a, x), (b, y) in zip(now, saved, strict=True))

    def put_back(self, value: Any, saved: Any) -> None:
        now = self.save(value, NOWHERE)
        if len(now) != len(saved) or any(a is not b or x is not y for (a, x), (b, y) in zip(now, saved, strict=True)):
            collections.OrderedDict.clear(value)
            for key, each in saved:
                collections.OrderedDict.__setitem__(value, key, each)


_DICT, _ORDERED = _Dict(), _Ordered()


class _Set(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        reach.all(value)
        return set(value)

    def put_back(self, value: Any, saved: Any) -> None:
        if not same_content(set(value), saved):
            value.clear()
            value.update(saved)


_SET = _Set()


class Extended(ObjectKind):
    """A container whose class gives its objects attributes too."""

    def __init__(self, container: ObjectKind) -> None:
        self._container = container

    def save(self, value: Any, reach: Reach) -> Any:
        reach.one(attributes_of(value))
        return self._container.save(value, reach)

    def same(self, value: Any, saved: Any) -> bool:
        return self._container.same(value, saved)

    def put_back(self, value: Any, saved: Any) -> None:
        self._container.put_back(value, saved)


class NameTable(ObjectKind):
    """The variables of a scope, without what Python itself puts beside them (`__warningregistry__`). Only compared."""

    def save(self, value: Any, reach: Reach) -> Any:
        held = {name: each for name, each in value.items() if not name.startswith("__")}
        for each in held.values():
            reach.one(each)
        return held


class Slotted(ObjectKind):
    """An object whose attributes are in `__slots__`, or of whose attributes only some are its state."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def save(self, value: Any, reach: Reach) -> Any:
        held = {}
        for name in self._names:
            try:
                held[name] = each = object.__getattribute__(value, name)
            except AttributeError:  # not assigned yet
                continue
            reach.one(each)
        return held

    def put_back(self, value: Any, saved: Any) -> None:
        now = self.save(value, NOWHERE)
        for name in now.keys() - saved.keys():
            object.__delattr__(value, name)
        for name, each in saved.items():
            if name not in now or now[name] is not each:
                object.__setattr__(value, name, each)


class Object(ObjectKind):
    """An object with a `__dict__`."""

    def save(self, value: Any, reach: Reach) -> Any:
        held = attributes_of(value)
        for each in held.values():
            if is_outside(type(each)):
                return None
        for each in held.values():
            reach.one(each)
        return dict(held)

    def same(self, value: Any, saved: Any) -> bool:
        return saved is None or same_items(attributes_of(value), saved)

    def put_back(self, value: Any, saved: Any) -> None:
        held = attributes_of(value)
        if saved is not None and not _very_same_items(held, saved):
            held.clear()
            held.update(saved)


class Module(Object):
    """A module of a network: a dozen dicts, most of them empty, are saved with it, since there are many modules."""

    def save(self, value: Any, reach: Reach) -> Any:
        saved = super().save(value, NOWHERE)
        if saved is None:
            return None
        inner = []
        for each in saved.values():
            kind = _INNER.get(type(each))
            if kind is not None:
                inner.append((kind, each, kind.save(each, reach)))
            elif type(each) not in ATOMS:
                reach.one(each)
        return saved, inner

    def same(self, value: Any, saved: Any) -> bool:
        return saved is None or (
            same_items(attributes_of(value), saved[0]) and all(kind.same(each, held) for kind, each, held in saved[1])
        )

    def put_back(self, value: Any, saved: Any) -> None:
        if saved is not None:
            super().put_back(value, saved[0])
            for kind, each, held in saved[1]:
                kind.put_back(each, held)


class Unwindable(ObjectKind):
    """An iterator that nobody can wind back."""

    def __init__(self, *, comparable: bool) -> None:
        self.comparable = comparable
        """Whether it is seen otherwise that it went on: when it does, a function written in Python runs."""

    def save(self, value: Any, reach: Reach) -> Any:
        return None


class BuiltinIterator(Unwindable):
    """An iterator of Python's own that says where it stands."""

    def __init__(self) -> None:
        super().__init__(comparable=True)

    def save(self, value: Any, reach: Reach) -> Any:
        _, source, *place = value.__reduce__()
        reach.all(source)
        return [*source, *place]

    def same(self, value: Any, saved: Any) -> bool:
        now = self.save(value, NOWHERE)
        return len(now) == len(saved) and all(
            same_content(a, b) if type(a) in (list, tuple) else same_value(a, b)
            for a, b in zip(now, saved, strict=True)
        )


ATOM = Fixed()
"""Not looked into at all; told from the others by identity."""

_INNER: dict[type, ObjectKind] = {dict: _DICT, collections.OrderedDict: _ORDERED, set: _SET}
CONTAINERS: tuple[tuple[type, ObjectKind], ...] = (
    (collections.OrderedDict, _ORDERED), (dict, _DICT), (list, _List()), (set, _SET), (collections.deque, _Deque()),
    (tuple, Fixed()), (frozenset, Fixed()),
)  # fmt: skip


def slots_of(kind: type) -> tuple[str, ...]:
    """The names in the `__slots__` of a class and its bases, as they are on its objects."""
    return tuple(name for each in kind.__mro__ for name in _own_slots(each))


def _own_slots(kind: type) -> Iterable[str]:
    names = kind.__dict__.get("__slots__", ())
    for name in (names,) if isinstance(names, str) else tuple(names):
        private = name.startswith("__") and not name.endswith("__")
        if name not in ("__dict__", "__weakref__"):
            yield f"_{kind.__name__.lstrip('_')}{name}" if private else name


_outside: dict[type, bool] = {}


def is_outside(kind: type) -> bool:
    """Whether objects of that type are part of the outside world: files, threads, processes."""
    known = _outside.get(kind)
    if known is None:
        known = _outside[kind] = issubclass(kind, _OUTSIDE)
    return known


def _very_same_items(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Whether two dicts hold the very same objects, in the same order."""
    if len(one) != len(other):
        return False
    return all(a is b and x is y for (a, x), (b, y) in zip(dict.items(one), dict.items(other), strict=True))


Own = Callable[[str], bool]
"""Whether a module of that name belongs to the script."""
