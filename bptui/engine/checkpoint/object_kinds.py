"""How each kind of Python object is remembered and brought back in place, so that every other holder sees it too.

For each kind: `save` gives what it holds and lists what that leads to, `put_back` lets it hold that again. Objects of
kinds that are not here count as constant, or as part of the outside world (files, threads, windows).
"""

from __future__ import annotations

import collections
import functools
import io
import queue
import random
import socket
import subprocess
import threading
import types
from collections.abc import Callable
from typing import Any

import torch

Reach = Callable[[Any], None]
"""Told each object that is led to."""

LOOKED_INTO = 10_000
"""The members of a container with more are taken for data: which they are is remembered, not what they hold."""

ATOMS: set[type] = {
    int, float, complex, bool, str, bytes, type(None), type(...), type(NotImplemented), range, slice, types.CodeType,
    types.BuiltinFunctionType, types.ModuleType, torch.dtype, torch.device, torch.Size, torch.layout,
    torch.memory_format, property, staticmethod, classmethod, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.WrapperDescriptorType, types.MethodDescriptorType, types.MappingProxyType,
}  # fmt: skip
"""Types of what never changes, or is not the script's."""

_OUTSIDE = (io.IOBase, threading.Thread, socket.socket, subprocess.Popen, queue.Queue, threading.Event,
            threading.Condition, type(threading.Lock()), type(threading.RLock()))  # fmt: skip
"""What holds one of these is part of the outside world, which is not brought back."""
_LIBRARIES = ("torch.nn.", "torch.optim.", "torch.utils.data.", "torch.amp.", "torch.cuda.amp.", "torch.distributions.",
              "argparse.", "types.SimpleNamespace.")  # fmt: skip
"""Modules whose objects are looked into."""


class ObjectKind:
    """How objects of one kind are remembered."""

    def save(self, value: Any, reach: Reach) -> Any:
        """What it holds now. Tells `reach` what that leads to."""
        raise NotImplementedError

    def put_back(self, value: Any, saved: Any) -> None:
        """Let it hold that again."""


class _Fixed(ObjectKind):
    """A tuple: which members it has never changes, only they do."""

    def save(self, value: Any, reach: Reach) -> Any:
        _reach_all(value, reach)

    def put_back(self, value: Any, saved: Any) -> None:
        pass


class _List(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        _reach_all(value, reach)
        return value.copy()

    def put_back(self, value: Any, saved: Any) -> None:
        if len(value) != len(saved) or any(a is not b for a, b in zip(value, saved, strict=True)):
            list.__setitem__(value, slice(None), saved)


class _Deque(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        _reach_all(value, reach)
        return list(value)

    def put_back(self, value: Any, saved: Any) -> None:
        value.clear()
        value.extend(saved)


class _Dict(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        if len(value) <= LOOKED_INTO:
            for key, each in dict.items(value):
                if type(key) is not str:
                    reach(key)
                reach(each)
        if type(value) is not dict and hasattr(value, "__dict__"):
            reach(value.__dict__)
        return dict(dict.items(value))

    def put_back(self, value: Any, saved: Any) -> None:
        if not _same_items(value, saved):
            plain: Any = collections.OrderedDict if isinstance(value, collections.OrderedDict) else dict
            plain.clear(value)
            for key, each in saved.items():
                plain.__setitem__(value, key, each)


class _Set(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        _reach_all(value, reach)
        return set(value)

    def put_back(self, value: Any, saved: Any) -> None:
        if value != saved or any(each not in value for each in saved):
            value.clear()
            value.update(saved)


class _Bytes(ObjectKind):
    """A bytearray or an array.array."""

    def save(self, value: Any, reach: Reach) -> Any:
        return value[:]

    def put_back(self, value: Any, saved: Any) -> None:
        value[:] = saved


class _Array(ObjectKind):
    """A numpy array. A large one is taken for data, as a large container is."""

    def save(self, value: Any, reach: Reach) -> Any:
        return value.copy() if value.flags.writeable and value.size <= 1_000_000 else None

    def put_back(self, value: Any, saved: Any) -> None:
        if saved is not None:
            value[...] = saved


class _Cell(ObjectKind):
    """A variable that functions share."""

    def save(self, value: Any, reach: Reach) -> Any:
        try:
            held = value.cell_contents
        except ValueError:  # not assigned yet
            return ()
        reach(held)
        return (held,)

    def put_back(self, value: Any, saved: Any) -> None:
        if saved:
            value.cell_contents = saved[0]
        elif self.save(value, _nowhere):
            del value.cell_contents


class _Function(ObjectKind):
    """A function of the script, or one with variables of its own."""

    def save(self, value: Any, reach: Reach) -> Any:
        for each in (*(value.__closure__ or ()), *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()):
            reach(each)
        if value.__dict__:
            reach(value.__dict__)

    def put_back(self, value: Any, saved: Any) -> None:
        pass


class _Method(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        reach(value.__self__)
        reach(value.__func__)

    def put_back(self, value: Any, saved: Any) -> None:
        pass


class _Class(ObjectKind):
    """A class of the script: its own variables."""

    def save(self, value: Any, reach: Reach) -> Any:
        held = {name: each for name, each in vars(value).items() if not name.startswith("__")}
        for each in held.values():
            reach(each)
        return held

    def put_back(self, value: Any, saved: Any) -> None:
        held = {name: each for name, each in vars(value).items() if not name.startswith("__")}
        for name in held.keys() - saved.keys():
            type.__delattr__(value, name)
        for name, each in saved.items():
            if held.get(name, saved) is not each:
                type.__setattr__(value, name, each)


class Slotted(ObjectKind):
    """An object whose attributes are in `__slots__`, or of whose attributes only some are its state."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def save(self, value: Any, reach: Reach) -> Any:
        held = {name: getattr(value, name) for name in self._names if hasattr(value, name)}
        for each in held.values():
            reach(each)
        return held

    def put_back(self, value: Any, saved: Any) -> None:
        for name, each in saved.items():
            if getattr(value, name, saved) is not each:
                object.__setattr__(value, name, each)


class Object(ObjectKind):
    """An object with a `__dict__`."""

    def save(self, value: Any, reach: Reach) -> Any:
        held = value.__dict__
        if any(isinstance(each, _OUTSIDE) for each in held.values()):
            return None
        for each in held.values():
            reach(each)
        return dict(held)

    def put_back(self, value: Any, saved: Any) -> None:
        if saved is not None and not _same_items(value.__dict__, saved):
            value.__dict__.clear()
            value.__dict__.update(saved)


class _Generator(ObjectKind):
    """A random generator of the script's own."""

    def __init__(self, get: Callable[[Any], Any], put: Callable[[Any, Any], Any]) -> None:
        self._get, self._put = get, put

    def save(self, value: Any, reach: Reach) -> Any:
        return self._get(value)

    def put_back(self, value: Any, saved: Any) -> None:
        self._put(value, saved)


class Unwindable(ObjectKind):
    """A generator, or another iterator that nobody can wind back."""

    def save(self, value: Any, reach: Reach) -> Any:
        raise NotImplementedError


UNWINDABLE = Unwindable()
ATOM = _Fixed()
"""Not looked into at all; told from the others by identity."""

_OBJECT = Object()
_CONTAINERS: tuple[tuple[type, ObjectKind], ...] = (
    (dict, _Dict()), (list, _List()), (set, _Set()), (collections.deque, _Deque()), (tuple, _Fixed()),
    (frozenset, _Fixed()), (bytearray, _Bytes()),
)  # fmt: skip


def kind_of(kind: type, own: Callable[[str], bool]) -> ObjectKind:
    """How objects of that type are remembered. `own`: whether a module of that name belongs to the script."""
    module = getattr(kind, "__module__", "") or ""
    for container, how in _CONTAINERS:
        if issubclass(kind, container):
            return how
    if kind is types.CellType:
        return _Cell()
    if kind is types.MethodType:
        return _Method()
    if kind is types.FunctionType:
        return _Function()
    if issubclass(kind, torch.Generator):
        return _Generator(lambda each: each.get_state(), lambda each, state: each.set_state(state))
    if issubclass(kind, random.Random):
        return _Generator(lambda each: each.getstate(), lambda each, state: each.setstate(state))
    if module.startswith("numpy"):
        return _numpy(kind)
    if issubclass(kind, functools.partial):
        return Slotted(("func", "args", "keywords"))
    if issubclass(kind, io.IOBase):
        return ATOM
    if hasattr(kind, "__next__") and not own(module):
        return UNWINDABLE
    looked_into = (
        own(module) or f"{module}.{kind.__name__}.".startswith(_LIBRARIES) or hasattr(kind, "__dataclass_fields__")
    )
    looked_into = looked_into or issubclass(kind, (torch.nn.Module, torch.optim.Optimizer))
    looked_into = looked_into or issubclass(kind, torch.optim.lr_scheduler.LRScheduler)
    if not looked_into or issubclass(kind, _OUTSIDE):
        return ATOM
    slots = tuple(name for each in kind.__mro__ for name in _slots(each))
    return Slotted(("__dict__", *slots)) if slots else _OBJECT if kind.__dictoffset__ else ATOM


def class_kind() -> ObjectKind:
    """How the script's classes are remembered."""
    return _Class()


def _slots(kind: type) -> tuple[str, ...]:
    names = kind.__dict__.get("__slots__", ())
    return tuple(
        name for name in ((names,) if isinstance(names, str) else names) if name not in ("__dict__", "__weakref__")
    )


def _numpy(kind: type) -> ObjectKind:
    if kind.__name__ == "ndarray":
        return _Array()
    if hasattr(kind, "bit_generator"):
        return _Generator(
            lambda each: each.bit_generator.state, lambda each, state: setattr(each.bit_generator, "state", state)
        )
    if kind.__name__ == "RandomState":
        return _Generator(lambda each: each.get_state(), lambda each, state: each.set_state(state))
    return ATOM


def _reach_all(members: Any, reach: Reach) -> None:
    if len(members) <= LOOKED_INTO:
        for each in members:
            reach(each)


def _same_items(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Whether two dicts hold the very same, in the same order."""
    if len(one) != len(other):
        return False
    return all(a is b and x is y for (a, x), (b, y) in zip(dict.items(one), dict.items(other), strict=True))


def _nowhere(value: Any) -> None:
    pass
