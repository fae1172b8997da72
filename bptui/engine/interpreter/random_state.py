"""The state of random generators: torch's, Python's and numpy's, and the script's own.

It is read twice for every item of a DataLoader, to see whether taking the item drew anything, so reading and comparing
take microseconds: numpy's own `get_state` takes a hundred, since it copies its 624 words one by one.
"""

from __future__ import annotations

import copy
import ctypes
import importlib
import random
import sys
from collections.abc import Iterable
from typing import Any

import torch

_WORDS = 625 * 4
"""The bytes of the state of numpy's MT19937: 624 words and where among them it is."""


class RandomState:
    """The state of every random generator that a training script uses."""

    def __init__(self, values: Iterable[object] = ()) -> None:
        """`values`: the script's variables; those that are generators are kept too."""
        self._python = random.getstate()
        self._torch = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
        self._numpy = _numpy_state()
        self._own = [(value, state) for value in values if (state := _state_of(value)) is not None]

    def restore(self) -> None:
        """Bring every generator back to this state."""
        random.setstate(self._python)
        torch.set_rng_state(self._torch)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)
        if self._numpy is not None:
            _set_numpy_state(self._numpy)
        for generator, state in self._own:
            _set_state(generator, state)

    def holds(self) -> bool:
        """Whether nothing was drawn since."""
        return self.is_same(RandomState()) and all(_same(state, _state_of(each)) for each, state in self._own)

    def is_same(self, other: RandomState) -> bool:
        """Whether torch's, Python's and numpy's generators were in the same state."""
        return (
            _same(self._torch, other._torch)
            and _same(self._numpy, other._numpy)
            and self._python == other._python
            and _same(self._cuda, other._cuda)
        )


_read: tuple[bytes, Any] = b"", None
"""numpy's words when `get_state` was last asked, and what it gave."""


def _numpy_state() -> Any:
    """The state of numpy's global generator, as its `get_state` gives it; None where numpy is not loaded.

    Where the words are those of the last time, so is the rest: a normal number that is kept for the next draw (they
    are made in pairs) comes with new words. Only while one is kept, it may be gone with the words unchanged.
    """
    global _read
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if "random" not in vars(numpy):  # it seeds itself when it is first used: what a script draws then must be known
        importlib.import_module("numpy.random")
    words = _words(numpy)
    if words and words == _read[0] and not _read[1][3]:
        return _read[1]
    state = numpy.random.get_state(legacy=bool(words))
    _read = words, state
    return state


def _set_numpy_state(state: Any) -> None:
    global _read
    _read = b"", None  # the same words may come with a normal number kept
    sys.modules["numpy"].random.set_state(state)


def _words(numpy: Any) -> bytes:
    """The memory in which numpy's global generator keeps its state; empty where that is another kind of generator."""
    try:
        generator = numpy.random.get_bit_generator()
        if type(generator) is not numpy.random.MT19937:
            return b""
        return ctypes.string_at(generator.ctypes.state_address, _WORDS)
    except AttributeError:  # an old numpy
        return b""


def _same(one: Any, other: Any) -> bool:
    """Whether two states are the same: tensors, arrays, numbers, and tuples and dicts of them."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        if one.dtype is torch.uint8 and one.numel() % 8 == 0 == other.numel() % 8:
            one, other = one.view(torch.int64), other.view(torch.int64)  # compared word by word, and not byte by byte
        return torch.equal(one, other)
    if hasattr(one, "tobytes"):
        return bool(one.tobytes() == other.tobytes())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(each, other[key]) for key, each in one.items())
    if isinstance(one, (tuple, list)) and not isinstance(one[0] if one else None, int):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _state_of(value: Any) -> Any:
    """The state of a generator of the script's own; None for what is none."""
    if isinstance(value, torch.Generator):
        return value.get_state()
    if isinstance(value, random.Random):
        return value.getstate()
    bits = getattr(value, "bit_generator", None) if type(value).__module__.startswith("numpy") else None
    return None if bits is None else copy.deepcopy(bits.state)


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, torch.Generator):
        generator.set_state(state)
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.bit_generator.state = state
