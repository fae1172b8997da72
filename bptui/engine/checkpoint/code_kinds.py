"""How functions, classes and what wraps them are remembered: they have variables of their own, and defaults."""

from __future__ import annotations

import functools
import types
from typing import Any

from bptui.engine.checkpoint.object_kinds import NOWHERE, ObjectKind, Reach, Slotted

_PYTHONS_OWN = frozenset({
    "__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__annotations__", "__annotate__",
    "__annotations_cache__", "__annotate_func__", "__abstractmethods__", "_abc_impl", "__static_attributes__",
    "__firstlineno__", "__type_params__",
})  # fmt: skip
"""Attributes of a class that Python itself may add or renew."""


class _Cell(ObjectKind):
    """A variable that functions share."""

    def save(self, value: Any, reach: Reach) -> Any:
        try:
            held = value.cell_contents
        except ValueError:  # not assigned yet
            return ()
        reach.one(held)
        return (held,)

    def put_back(self, value: Any, saved: Any) -> None:
        if saved:
            value.cell_contents = saved[0]
        elif self.save(value, NOWHERE):
            del value.cell_contents


class _Function(ObjectKind):
    """A function of the script: its closure, its defaults, its attributes and its code."""

    def save(self, value: Any, reach: Reach) -> Any:
        reach.one(value.__dict__)
        for each in (value.__closure__, value.__defaults__, value.__kwdefaults__):
            if each is not None:
                reach.one(each)
        return value.__code__, value.__defaults__, value.__kwdefaults__

    def put_back(self, value: Any, saved: Any) -> None:
        for name, each in zip(("__code__", "__defaults__", "__kwdefaults__"), saved, strict=True):
            if getattr(value, name) is not each:
                setattr(value, name, each)


class _Method(ObjectKind):
    def save(self, value: Any, reach: Reach) -> Any:
        reach.one(value.__self__)
        reach.one(value.__func__)

    def same(self, value: Any, saved: Any) -> bool:
        return True


class _Wrapped(ObjectKind):
    """A staticmethod, classmethod or property."""

    def save(self, value: Any, reach: Reach) -> Any:
        for name in ("__func__", "fget", "fset", "fdel"):
            inner = getattr(value, name, None)
            if inner is not None:
                reach.one(inner)

    def same(self, value: Any, saved: Any) -> bool:
        return True


class _Class(ObjectKind):
    """A class of the script: its own variables."""

    def save(self, value: Any, reach: Reach) -> Any:
        held = {name: each for name, each in type.__getattribute__(value, "__dict__").items()
                if name not in _PYTHONS_OWN}  # fmt: skip
        for each in held.values():
            reach.one(each)
        return held

    def put_back(self, value: Any, saved: Any) -> None:
        held = self.save(value, NOWHERE)
        for name in held.keys() - saved.keys():
            type.__delattr__(value, name)
        for name, each in saved.items():
            if name not in held or held[name] is not each:
                type.__setattr__(value, name, each)


FUNCTION, CLASS = _Function(), _Class()

CODE_KINDS: dict[type, ObjectKind] = {
    types.CellType: _Cell(), types.MethodType: _Method(), types.FunctionType: FUNCTION,
    functools.partial: Slotted(("func", "args", "keywords", "__dict__")),
    **dict.fromkeys((staticmethod, classmethod, property), _Wrapped()),
}  # fmt: skip
