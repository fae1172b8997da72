"""What a value was, to see later whether it changed: a copy where that is cheap, else a digest of its bits."""

from __future__ import annotations

import math
import weakref
from typing import Any

import torch

from bptui.engine.tensors.bits import dense, digest
from bptui.engine.tensors.facts import version_of
from bptui.engine.tensors.measures import norm_of
from bptui.engine.tensors.saved import address_of

COPIED = 4_000_000
"""Of tensors with more elements no copy is kept: that they changed can be said then, but not how."""
_DIGESTED = 10_000
"""Tensors with more elements are compared by their digests, which is many times faster than by their elements."""
_LISTED = 6
"""Tensors of up to so many elements are shown as they are."""
_TEXT = 60

ABSENT = object()
"""The value of a name that is not bound yet."""


def fingerprint_of(value: Any) -> Fingerprint:
    """The fingerprint of a value as it is now."""
    if isinstance(value, torch.Tensor):
        return TensorFingerprint(value)
    return Fingerprint(value)


class Fingerprint:
    """The fingerprint of what is no tensor: numbers and strings themselves, of anything else its `repr`."""

    def __init__(self, value: Any) -> None:
        self.value: Any = value if value is ABSENT or value is None or type(value) in (bool, int, float, str) else None
        self._text = "" if self.value is not None or value is None else _text(value)

    def same(self, value: Any, *, trusting: bool = False) -> bool:
        """Whether the value is still the same. `trusting`: a tensor whose version is the same was not written."""
        if isinstance(value, torch.Tensor):
            return False
        return self.equals(Fingerprint(value))

    def equals(self, other: Fingerprint) -> bool:
        """Whether the two are equal; nan is nan here."""
        if type(other) is not Fingerprint or type(self) is not Fingerprint:
            return False
        if self.value is ABSENT or other.value is ABSENT:
            return self.value is other.value
        if isinstance(self.value, float) and isinstance(other.value, float) and math.isnan(self.value):
            return math.isnan(other.value)
        return bool(self.value == other.value) and self._text == other._text

    def __str__(self) -> str:
        return self._text or (number(self.value) if isinstance(self.value, float) else repr(self.value))


class TensorFingerprint(Fingerprint):
    """The fingerprint of a tensor."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.value = None
        self._ref = weakref.ref(tensor)
        self._version, self._address = version_of(tensor), address_of(tensor)
        self.shape, self._dtype = tuple(tensor.shape), tensor.dtype
        self.entries: torch.Tensor | None = None
        self._digest = 0
        plain = dense(tensor)
        if plain.numel() <= COPIED:
            self.entries = plain.clone()
        if plain.numel() > _DIGESTED:
            self._digest = digest(plain)

    def same(self, value: Any, *, trusting: bool = False) -> bool:
        if not isinstance(value, torch.Tensor) or tuple(value.shape) != self.shape or value.dtype != self._dtype:
            return False
        if trusting and self._ref() is value:
            if version_of(value) == self._version and address_of(value) == self._address:
                return True
        plain = dense(value)
        if plain.numel() > _DIGESTED:
            return digest(plain) == self._digest
        if self.entries is None or plain.shape != self.entries.shape:
            return False
        if plain.numel() == 1:
            one, other = plain.item(), self.entries.item()
            return bool(one == other or (one != one and other != other))
        return torch.equal(plain, self.entries) or _same_but_nan(plain, self.entries)

    def __str__(self) -> str:
        if self.entries is None:
            return f"a tensor of {' x '.join(map(str, self.shape))}"
        if self.entries.numel() == 1:
            return number(self.entries.item())
        if self.entries.numel() <= _LISTED:
            return str(_nested(self.entries.tolist())).replace("'", "")
        return f"a tensor with norm {number(norm_of(self.entries))}"


def change(before: Fingerprint, after: Fingerprint) -> str:
    """How a value changed: `-2 -> 0`; of a large tensor in how many entries."""
    if before.value is ABSENT:
        return f"set to {after}"
    if after.value is ABSENT:
        return f"deleted (it was {before})"
    text = f"changed {before} -> {after}"
    if isinstance(before, TensorFingerprint) and isinstance(after, TensorFingerprint) and before.shape == after.shape:
        if before.entries is None or after.entries is None:
            return "changed"
        if before.entries.shape == after.entries.shape and before.entries.numel() > _LISTED:
            count = int(torch.count_nonzero(before.entries != after.entries))
            norms = f"norm {number(norm_of(before.entries))} -> {number(norm_of(after.entries))}"
            return f"changed in {count} of {before.entries.numel()} entries, {norms}"
    if isinstance(before.value, float) and isinstance(after.value, float) and str(before) == str(after):
        return f"changed {before.value!r} -> {after.value!r}"
    return text


def number(value: Any) -> str:
    """A number, short."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _same_but_nan(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether tensors are equal, with nan in the same places."""
    if not (one.is_floating_point() or one.is_complex()) or not bool((nan := torch.isnan(one)).any()):
        return False
    return torch.equal(nan, torch.isnan(other)) and torch.equal(one[~nan], other[~nan])


def _nested(value: Any) -> Any:
    return [_nested(each) for each in value] if isinstance(value, list) else number(value)


def _text(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # a script's own __repr__ may raise anything
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= 10_000 else f"{text[:10_000]}…{len(text)}"
