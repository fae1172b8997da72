"""What is remembered of a tensor while a phase is recorded: enough for its facts later, even if it is written since."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.tensors.facts import fact, version_of
from bptui.protocol.fact import SMALL, Fact, Value

BUDGET = 64 * 1024 * 1024
"""Large tensors of up to so many bytes in all are held until the phase is left; of the rest facts are taken at once."""


class CapturedTensor:
    """A tensor as it was when it was captured."""

    __slots__ = ("_alias", "_device", "_dtype", "_fact", "_kind", "_numbers", "_shape", "_version")

    def __init__(self, tensor: torch.Tensor, budget: MemoryBudget) -> None:
        self._fact: Fact | None = None
        self._alias: torch.Tensor | None = None
        self._numbers: Any = None
        dtype = tensor.dtype
        plain = tensor.layout is torch.strided and not tensor.is_nested
        if plain and dtype in _PLAIN and tensor.numel() <= SMALL and not tensor.is_meta:
            # at once: a write through `.data` leaves no trace in the version
            self._kind, self._dtype = type(tensor), dtype
            self._shape, self._device = tensor.shape, tensor.device
            self._numbers = tensor.tolist()
        elif plain and budget.reserve(tensor):
            self._alias = tensor.detach()
            self._version = version_of(tensor)
        else:
            self._fact = fact(tensor)

    def brief(self, most: int = SMALL) -> Fact:
        """The fact without a large tensor's statistics, and without numbers if it has more than `most` elements."""
        if self._fact is None and self._alias is not None:
            return fact(self._alias, detailed=False)
        if self._fact is None and self._shape.numel() > most:
            return Fact(self._kind.__name__, None, tuple(self._shape), str(self._dtype)[6:], str(self._device))
        return self.detailed()

    def detailed(self) -> Fact:
        """The fact with all that is known."""
        if self._fact is None:
            self._fact = self._small() if self._alias is None else self._large(self._alias)
        return self._fact

    def settle(self) -> None:
        """Let go of the tensor: statistics that were not asked for by now stay unknown."""
        self._fact, self._alias = self.brief(), None

    def _small(self) -> Fact:
        dtype = str(self._dtype).removeprefix("torch.")
        return Fact(self._kind.__name__, _tuples(self._numbers), tuple(self._shape), dtype, str(self._device))

    def _large(self, alias: torch.Tensor) -> Fact:
        if version_of(alias) == self._version:
            return fact(alias)
        brief = fact(alias, detailed=False)
        return Fact(brief.type, None, brief.shape, brief.dtype, brief.device, text="overwritten in place since")


class MemoryBudget:
    """How many bytes of large tensors may still be held."""

    def __init__(self, left: int = BUDGET) -> None:
        self._left = left

    def reserve(self, tensor: torch.Tensor) -> bool:
        """Whether this one still fits. If so, its bytes are counted as used."""
        size = tensor.numel() * tensor.element_size()
        if size > self._left:
            return False
        self._left -= size
        return True


_PLAIN = frozenset(
    {
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8, torch.bool,
    }
)  # fmt: skip


def _tuples(value: Any) -> Value:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
