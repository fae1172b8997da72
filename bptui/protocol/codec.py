"""Frozen dataclasses to JSON bytes and back. No pickle: nothing that arrives is ever executed.

A dataclass is an object `{"is": class name, field: …}`, an enum its value, a tuple a list. What is read is checked
against the fields' own annotations; a field with a default may be missing, as it is in older traces. Floats keep their
bits (Python's shortest repr); nan and inf are written as JSON has no words for them but Python's reader does.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bptui.protocol import fact

T = TypeVar("T")


_VALUE = get_type_hints(fact.Fact)["value"]
"""The recursive annotation `Value`, as `get_type_hints` resolves it."""


class ProtocolError(Exception):
    """The bytes are not a message of ours."""


def encode(message: object) -> bytes:
    """A message as UTF-8 JSON bytes."""
    return _ENCODER.encode(message).encode()


def decode(data: bytes, *kinds: type[T]) -> T:
    """A message of one of these dataclasses from its JSON bytes.

    Raises:
        ProtocolError: it is not JSON, or not a message of these kinds.
    """
    try:
        message: T = _reader(Union[kinds])(json.loads(data))  # noqa: UP007 (made at run time)
        return message
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProtocolError(f"not a {' or '.join(kind.__name__ for kind in kinds)}: {error}") from error


def _fields(message: Any) -> dict[str, Any]:
    """A dataclass as a dict, not deeply; for everything else the encoder itself has a word."""
    return {"is": type(message).__name__, **vars(message)}


_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_fields)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """What turns plain JSON into a value of that annotation."""
    if hint == _VALUE:
        return _value
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _union(args)
    if origin is tuple:
        return _tuple(args)
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    if hint is float:
        return lambda data: data if isinstance(data, (int, float)) else _wrong(data, "number")
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return lambda data: data if isinstance(data, hint) else _wrong(data, hint.__name__)


def _value(data: Any) -> Any:
    return tuple(_value(each) for each in data) if isinstance(data, list) else data


def _wrong(data: Any, expected: str) -> Any:
    raise TypeError(f"{data!r:.60} is not a {expected}")


def _union(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    dataclass_args: dict[str, Any] = {
        arg.__name__: arg for arg in args if isinstance(arg, type) and dataclasses.is_dataclass(arg)
    }
    others = [_reader(arg) for arg in args if arg is not NoneType and not dataclasses.is_dataclass(arg)]

    def read(data: Any) -> Any:
        if data is None and NoneType in args:
            return None
        if isinstance(data, dict) and dataclass_args:
            return _reader(dataclass_args[data["is"]])(data)
        for each in others:
            try:
                return each(data)
            except (TypeError, ValueError):
                continue
        return _wrong(data, " | ".join(str(arg) for arg in args))

    return read


def _tuple(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    readers = [_reader(arg) for arg in args if arg is not Ellipsis]

    def read(data: Any) -> Any:
        if not isinstance(data, list):
            return _wrong(data, "list")
        if Ellipsis in args:
            return tuple(map(readers[0], data))
        return tuple(reader(each) for reader, each in zip(readers, data, strict=True))

    return read


def _dataclass(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    cached: list[tuple[str, Callable[[Any], Any]]] = []

    def read(data: Any) -> Any:
        if not cached:  # on first use: a dataclass may hold itself
            cached.extend((name, _reader(hints[name])) for name in _names(kind))
        if data["is"] != kind.__name__:
            return _wrong(data["is"], kind.__name__)
        # an older bptui did not write the fields that have come since; those have defaults
        return kind(**{name: read_field(data[name]) for name, read_field in cached if name in data})

    return read
