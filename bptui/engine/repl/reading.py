"""Whether what a person typed plainly only reads: then nothing has to be compared to know that nothing changed.

`w.grad`, `len(x)`, `c.n`, `loss.item() * 2` do; anything that may run code of the script's own, or insert, or draw,
does not, and is left to a comparison. Python itself runs code in many places: a property, a `__getattr__`, a
`__repr__`, a `defaultdict`. So the values that names stand for are looked at; only what is known as harmless counts.
"""

from __future__ import annotations

import ast
import math
import types
from typing import Any

import torch

from bptui.engine.expressions.namespace import NOTHING, Namespace
from bptui.engine.interpreter.own import is_own_type

_NUMBERS: tuple[type, ...] = (bool, int, float, complex, str, bytes, type(None))
_TENSORS: tuple[type, ...] = (torch.Tensor, torch.nn.Parameter)
_CONTAINERS: tuple[type, ...] = (list, tuple, dict, range)
_HARMLESS_CALLS = frozenset(
    {len, abs, float, int, bool, type, id, isinstance, round, math.sqrt, math.exp, math.log, math.isnan}
)
"""What may be called with numbers and tensors; `len` with containers too."""
_TENSOR_METHODS = frozenset(
    "abs all any argmax argmin clone contiguous cpu cumsum detach dim double exp flatten float item log long max mean "
    "median min ndimension norm numel prod reshape sigmoid sign size softmax sort sqrt square squeeze std stride sum t "
    "tanh tolist transpose unique unsqueeze var view".split()
)
"""Methods of tensors that give something new, and change nothing."""


_COMPUTING = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue)
"""What computes something from numbers and tensors."""


class _Result:
    """A number, a text or a tensor that was computed; which one does not matter."""


_COMPUTED = _Result()


class _Unsure(Exception):
    """It may do more than read."""


def only_reads(text: ast.Module, scope: Namespace) -> bool:
    """Whether every statement is an expression that plainly only reads, and whose value can be shown harmlessly."""
    try:
        return all(isinstance(each, ast.Expr) and _is_shown_harmlessly(_read(each.value, scope)) for each in text.body)
    except _Unsure:
        return False


def _read(node: ast.expr, scope: Namespace) -> Any:
    """The value of a name, or of an attribute or member of one; `_COMPUTED` for what is computed.

    Raises:
        _Unsure: reading it may do more.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return scope.find(node.id)
    if isinstance(node, ast.Attribute):
        return _attribute(_read(node.value, scope), node.attr)
    if isinstance(node, ast.Subscript):
        return _member(_read(node.value, scope), _indices(node.slice, scope))
    if isinstance(node, ast.Call):
        return _called(node, scope)
    if isinstance(node, _COMPUTING):
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.expr):
                _computable(_read(each, scope))
        return _COMPUTED
    raise _Unsure


def _computable(value: Any) -> None:
    if value is not _COMPUTED and type(value) not in (*_NUMBERS, *_TENSORS):
        raise _Unsure


def _attribute(value: Any, name: str) -> Any:
    kind = type(value)
    if value is _COMPUTED or value is NOTHING:
        raise _Unsure
    if kind in _TENSORS:
        if name == "grad" and not (value.is_leaf or value.retains_grad):  # PyTorch warns
            return None
        return getattr(value, name, NOTHING)
    if kind is types.ModuleType or isinstance(value, torch.nn.Module) or is_own_type(kind):
        return _plain_attribute(value, kind, name)
    raise _Unsure


def _plain_attribute(value: Any, kind: type, name: str) -> Any:
    """An attribute that lies in the object itself, its `__dict__` or its slots, or is a function of its class.

    Raises:
        _Unsure: code would run to find it.
    """
    if kind is not types.ModuleType and any("__getattribute__" in each.__dict__ for each in kind.__mro__[:-1]):
        raise _Unsure
    of_class = next((each.__dict__[name] for each in kind.__mro__ if name in each.__dict__), NOTHING)
    if of_class is NOTHING or isinstance(of_class, (types.MemberDescriptorType, *_NUMBERS)):
        try:
            return object.__getattribute__(value, name)
        except AttributeError:
            pass
    if of_class is NOTHING and isinstance(value, torch.nn.Module):
        for held in ("_parameters", "_buffers", "_modules"):
            members = value.__dict__.get(held, {})
            if name in members:
                return members[name]
    raise _Unsure


def _indices(node: ast.expr, scope: Namespace) -> Any:
    """An index that is known; `_COMPUTED` for slices and several."""
    if isinstance(node, ast.Slice):
        for each in (node.lower, node.upper, node.step):
            if each is not None:
                _computable(_read(each, scope))
        return _COMPUTED
    if isinstance(node, ast.Tuple):
        for each in node.elts:
            _indices(each, scope)
        return _COMPUTED
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if type(node.operand.value) is int else _COMPUTED
    index = _read(node, scope)
    _computable(index)
    return index


def _member(value: Any, index: Any) -> Any:
    kind = type(value)
    if value is _COMPUTED or kind in _TENSORS:
        return _COMPUTED
    if kind in (list, tuple, dict) and type(index) in (int, str):
        try:
            return value[index]
        except LookupError:
            return _COMPUTED  # it will raise
    if kind is torch.nn.Sequential and type(index) is int and -len(value) <= index < len(value):
        return list(value._modules.values())[index]
    raise _Unsure


def _called(node: ast.Call, scope: Namespace) -> Any:
    """A harmless function of numbers and tensors, or a method of a tensor that gives something new."""
    arguments = [_read(each, scope) for each in (*node.args, *(each.value for each in node.keywords))]
    if isinstance(node.func, ast.Attribute):
        owner = _read(node.func.value, scope)
        if type(owner) in _TENSORS and node.func.attr in _TENSOR_METHODS:
            for each in arguments:
                _computable(each)
            return _COMPUTED
    function = _read(node.func, scope)
    try:
        harmless = function in _HARMLESS_CALLS
    except TypeError:  # it cannot be hashed
        harmless = False
    if not harmless:
        raise _Unsure
    for each in arguments:
        if not (function in (len, id, type, isinstance) and type(each) in (*_CONTAINERS, type)):
            _computable(each)
    return _COMPUTED


def _is_shown_harmlessly(value: Any) -> bool:
    return value is _COMPUTED or value is NOTHING or type(value) in (*_NUMBERS, *_TENSORS)
