"""What a name under the cursor may become. Looks at names only: no property and no `__getattr__` of anybody is run."""

from __future__ import annotations

import ast
import builtins
import inspect
import keyword
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch

from bptui.engine.expressions.namespace import NOTHING, Namespace
from bptui.engine.tensors.facts import grad_of
from bptui.protocol.replies import Completed

MOST = 200
"""At most so many candidates are offered."""

_PATH = re.compile(
    r"(?<![\w.\])])(?P<root>[^\W\d]\w*)"
    r"(?P<steps>(?:\.\w+|\[\s*(?:-?\d+|'[^'\\\[\]]*'|\"[^\"\\\[\]]*\")\s*\])*)"
    r"\.(?P<word>\w*)$"
)
"""`model.0.we`, `w[0].gr`, `groups['a'].`: a name, steps from it, and the beginning of an attribute."""
_STEP = re.compile(r"\.(\w+)|\[\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"(?<![\w.\])])(?P<path>[^\W\d]\w*(?:\.\w+|\[[^\[\]]*\])*)\[\s*(?P<word>(?P<quote>['\"])[^'\"]*)$")
"""`state['st`: a container, and the beginning of a key."""
_WORD = re.compile(r"(?<![\w.])(?:[^\W\d]\w*)?$")
_SAME = frozenset({"data", "T", "mT", "H", "mH", "real", "imag"})
"""Attributes of a tensor that are tensors like itself, and that need not be made to know theirs."""
_SAFE = (types.GetSetDescriptorType, types.MemberDescriptorType)
"""Attributes that are read without any Python being run."""


def complete(text: str, scope: Namespace) -> Completed:
    """What the text up to the cursor can go on with."""
    if key := _KEY.search(text):
        return _fitting(key.start("word"), _keys(_at(key["path"], scope), key["quote"]), key["word"])
    if path := _PATH.search(text):
        value = _at(path["root"] + path["steps"], scope)
        return _fitting(path.start("word"), [] if value is NOTHING else _attributes(value), path["word"])
    if word := _WORD.search(text):
        return _fitting(word.start(), _names(scope), word[0])
    return Completed(len(text), ())


def _fitting(start: int, candidates: Iterable[str], word: str) -> Completed:
    """Those that begin so; public ones first, and each kind in the order given."""
    found = dict.fromkeys(each for each in candidates if each.startswith(word) and "__bptui" not in each)
    return Completed(start, tuple(sorted(found, key=_privacy)[:MOST]))


def _privacy(name: str) -> int:
    return 2 if name.startswith("__") else 1 if name.startswith("_") else 0


def _names(scope: Namespace) -> Iterator[str]:
    """The script's names, then Python's."""
    yield from sorted(set(scope.names()))
    yield from sorted({*keyword.kwlist, *dir(builtins)}, key=str.lower)


def _attributes(value: Any) -> list[str]:
    """The attributes of a value; those of a module's own parts first, as the screen names them."""
    parts: list[str] = []
    if isinstance(value, torch.nn.Module):
        parts = [*value._modules, *value._parameters, *value._buffers]
    try:
        return [*parts, *sorted(dir(value))]
    except Exception:  # a class's own __dir__ may raise anything
        return parts


def _keys(container: Any, quote: str) -> list[str]:
    if type(container) is not dict:
        return []
    return [f"{quote}{each}{quote}]" for each in container if isinstance(each, str) and quote not in each]


def _at(path: str, scope: Namespace) -> Any:
    """What a path stands for; `NOTHING` where it cannot be told without running anybody's code."""
    root = re.match(r"\w+", path)
    assert root is not None
    value = scope.find(root[0])
    for attribute, key in _STEP.findall(path[root.end() :]):
        value = _attribute(value, attribute) if attribute else _entry(value, key)
        if value is NOTHING:
            return NOTHING
    return value


def _attribute(value: Any, name: str) -> Any:
    if isinstance(value, torch.Tensor):
        if name in _SAME:
            return value
        if name in ("grad", "shape", "dtype", "device"):
            return grad_of(value) if name == "grad" else getattr(value, name)
        return getattr(type(value), name, NOTHING)
    if isinstance(value, torch.nn.Module):
        for parts in (value._modules, value._parameters, value._buffers):
            if name in parts:
                return parts[name]
    if isinstance(value, types.ModuleType):
        return vars(value).get(name, NOTHING)
    found = inspect.getattr_static(value, name, NOTHING)
    if isinstance(found, _SAFE):
        return getattr(value, name)
    if isinstance(found, (property, types.DynamicClassAttribute)) or _is_described(found):
        return NOTHING
    return found


def _is_described(found: Any) -> bool:
    """Whether reading it would run code: a descriptor that is no function."""
    return hasattr(type(found), "__get__") and not isinstance(
        found, (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, staticmethod, classmethod)
    )


def _entry(value: Any, key: str) -> Any:
    """An entry by a constant key; only of what has Python's own way to give it."""
    place = ast.literal_eval(key)
    if isinstance(value, (torch.nn.Sequential, torch.nn.ModuleList)) and isinstance(place, int):
        parts = list(value._modules.values())
        return parts[place] if -len(parts) <= place < len(parts) else NOTHING
    if isinstance(value, torch.Tensor) and isinstance(place, int) and value.dim() and -len(value) <= place < len(value):
        return value.detach()[place]
    if type(value) in (list, tuple) and isinstance(place, int):
        return value[place] if -len(value) <= place < len(value) else NOTHING
    if isinstance(value, Mapping) and type(value).__module__ in ("builtins", "collections"):
        return value.get(place, NOTHING)
    return NOTHING
