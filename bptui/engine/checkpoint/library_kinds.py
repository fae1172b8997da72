"""How objects of Python's and other libraries are remembered: arrays, buffers, random generators, iterators, modules.

Objects of kinds that are not here count as constant, or as part of the outside world (files, threads, windows).
"""

from __future__ import annotations

import array
import collections
import ctypes
import functools
import io
import random
import types
import zlib
from collections.abc import Callable
from typing import Any

import torch

from bptui.engine.checkpoint.code_kinds import CODE_KINDS
from bptui.engine.checkpoint.object_kinds import (
    ATOM,
    CONTAINERS,
    NOWHERE,
    BuiltinIterator,
    Extended,
    Module,
    Object,
    ObjectKind,
    Own,
    Reach,
    Slotted,
    Unwindable,
    has_attributes,
    is_outside,
    same_content,
    slots_of,
)

_LIBRARIES = ("torch.nn.", "torch.optim.", "torch.utils.data.", "torch.utils.hooks.", "torch.amp.", "torch.cuda.amp.",
              "torch.distributions.", "torch.masked.", "torch.nested.", "argparse.", "collections.",
              "types.SimpleNamespace.")  # fmt: skip
"""Modules whose objects are looked into."""
_COPIED = 1_000_000
"""Arrays with more elements are taken for data, as large containers are: they are compared, and not brought back."""


class _Bytes(ObjectKind):
    """A bytearray or an array.array."""

    def save(self, value: Any, reach: Reach) -> Any:
        return value[:]

    def same(self, value: Any, saved: Any) -> bool:
        return bytes(memoryview(value)) == bytes(memoryview(saved))

    def put_back(self, value: Any, saved: Any) -> None:
        value[:] = saved


class _View(ObjectKind):
    """A memoryview: it holds nothing itself."""

    def save(self, value: Any, reach: Reach) -> Any:
        try:
            reach.one(value.obj)
        except ValueError:  # it was released
            return None
        return None

    def same(self, value: Any, saved: Any) -> bool:
        return True


class _Memory(ObjectKind):
    """A number, structure or array of ctypes."""

    def save(self, value: Any, reach: Reach) -> Any:
        return bytes(memoryview(value).cast("B"))

    def put_back(self, value: Any, saved: Any) -> None:
        memoryview(value).cast("B")[:] = saved


class _Text(ObjectKind):
    """A file that is only in memory."""

    def save(self, value: Any, reach: Reach) -> Any:
        return None if value.closed else (value.getvalue(), value.tell())

    def put_back(self, value: Any, saved: Any) -> None:
        if saved is not None and not value.closed and self.save(value, NOWHERE) != saved:
            value.seek(0)
            value.truncate()
            value.write(saved[0])
            value.seek(saved[1])


class _Array(ObjectKind):
    """A numpy array."""

    def save(self, value: Any, reach: Reach) -> Any:
        if value.dtype.hasobject:
            members = value.ravel().tolist()
            reach.all(members)
            return members
        if value.base is not None:
            reach.one(value.base)
        if value.size > _COPIED:
            return zlib.crc32(value.tobytes()) if reach.digests else None
        return value.copy()

    def same(self, value: Any, saved: Any) -> bool:
        if saved is None:
            return True
        if value.dtype.hasobject:
            return same_content(value.ravel().tolist(), saved)
        if isinstance(saved, int):
            return zlib.crc32(value.tobytes()) == saved
        return bool(value.shape == saved.shape and value.dtype == saved.dtype and value.tobytes() == saved.tobytes())

    def put_back(self, value: Any, saved: Any) -> None:
        if isinstance(saved, list):
            value[...] = _objects(value, saved)
        elif saved is not None and value.flags.writeable and not self.same(value, saved):
            value[...] = saved


def _objects(like: Any, members: list[Any]) -> Any:
    """An array of objects of that shape. numpy would make more dimensions of lists among them."""
    made = like.copy()
    flat = made.reshape(-1)
    for place, each in enumerate(members):
        flat[place] = each
    return made


class _Generator(ObjectKind):
    """A random generator of the script's own."""

    def __init__(self, get: Callable[[Any], Any], put: Callable[[Any, Any], Any]) -> None:
        self._get, self._put = get, put

    def save(self, value: Any, reach: Reach) -> Any:
        return self._get(value)

    def same(self, value: Any, saved: Any) -> bool:
        now = self._get(value)
        return torch.equal(now, saved) if isinstance(saved, torch.Tensor) else _plain(now) == _plain(saved)

    def put_back(self, value: Any, saved: Any) -> None:
        self._put(value, saved)


def _plain(state: Any) -> Any:
    """The state of a generator, with bytes for numpy's arrays: those compare element by element."""
    if isinstance(state, dict):
        return {name: _plain(each) for name, each in state.items()}
    if isinstance(state, tuple):
        return tuple(map(_plain, state))
    return state.tobytes() if hasattr(state, "tobytes") else state


_NUMPYS = _Generator(
    lambda each: each.bit_generator.state, lambda each, state: setattr(each.bit_generator, "state", state)
)
_KINDS: tuple[tuple[type, ObjectKind], ...] = (
    (torch.Generator, _Generator(lambda each: each.get_state(), lambda each, state: each.set_state(state))),
    (random.Random, _Generator(lambda each: each.getstate(), lambda each, state: each.setstate(state))),
    (bytearray, _Bytes()), (array.array, _Bytes()), (memoryview, _View()),
    (ctypes._SimpleCData, _Memory()), (ctypes.Array, _Memory()), (ctypes.Structure, _Memory()),
    (io.StringIO, _Text()), (io.BytesIO, _Text()),
)  # fmt: skip


def kind_of(kind: type, own: Own) -> ObjectKind:
    """How objects of that type are remembered. `own`: whether a module of that name belongs to the script."""
    if kind in CODE_KINDS:
        return CODE_KINDS[kind]
    module = getattr(kind, "__module__", "") or ""
    for container, how in (*CONTAINERS, *_KINDS):
        if issubclass(kind, container):
            return Extended(how) if has_attributes(kind) and kind not in _WITHOUT_ATTRIBUTES else how
    if module.startswith("numpy"):
        return _numpy(kind)
    if issubclass(kind, functools.partial):
        return CODE_KINDS[functools.partial]
    if is_outside(kind):
        return ATOM
    if hasattr(kind, "__next__") and not own(module):
        return _iterator(kind)
    if not _is_looked_into(kind, module, own):
        return ATOM
    if issubclass(kind, torch.nn.Module):
        return _MODULE
    slots = slots_of(kind)
    if slots:
        return Slotted((("__dict__",) if has_attributes(kind) else ()) + slots)
    return _OBJECT if has_attributes(kind) else ATOM


_OBJECT, _MODULE = Object(), Module()
_WITHOUT_ATTRIBUTES = frozenset({collections.OrderedDict, random.Random, io.StringIO, io.BytesIO})
"""Types whose objects could have attributes, and have none in practice."""


def _iterator(kind: type) -> ObjectKind:
    """An iterator of a library, or a generator of anybody's."""
    if kind is types.GeneratorType or isinstance(getattr(kind, "__next__", None), types.FunctionType):
        return Unwindable(comparable=True)
    if kind.__module__ == "builtins" and "__reduce__" in kind.__dict__:
        return BuiltinIterator()
    return Unwindable(comparable=False)


def _is_looked_into(kind: type, module: str, own: Own) -> bool:
    if own(module) or f"{module}.{kind.__name__}.".startswith(_LIBRARIES) or hasattr(kind, "__dataclass_fields__"):
        return True
    modules = (torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler, torch.utils.data.Dataset)
    return issubclass(kind, modules)


def _numpy(kind: type) -> ObjectKind:
    if kind.__name__ in ("ndarray", "matrix", "recarray", "memmap"):
        return _ARRAY
    if hasattr(kind, "bit_generator"):
        return _NUMPYS
    if kind.__name__ == "RandomState":
        return _Generator(lambda each: each.get_state(), lambda each, state: each.set_state(state))
    return ATOM


_ARRAY = _Array()
