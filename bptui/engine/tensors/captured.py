"""What is kept of a tensor while a phase is recorded: enough to tell its facts later, also if it is written since."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.tensors.facts import fact, version_of
from bptui.protocol.fact import SMALL, Fact, Value

BUDGET = 64 * 1024 * 1024
"""Large tensors of up to so many bytes in all are kept alive until the phase is left; of the rest facts are taken."""


class CapturedTensor:
    """A tensor as it was."""

    __slots__ = ("_alias", "_device", "_dtype", "_fact", "_kind", "_numbers", "_shape", "_version")

    def __init__(self, tensor: torch.Tensor, room: MemoryBudget) -> None:
        self._fact: Fact | None = None
        self._alias: torch.Tensor | None = None
        self._numbers: Any = None
        dtype = tensor.dtype
        plain = tensor.layout is torch.strided and not tensor.is_nested
        if plain and dtype in _PLAIN and tensor.numel() <= SMALL and not tensor.is_meta:
            # at once: `.data` may be written without a trace
            self._kind, self._dtype = type(tensor), dtype
            self._shape, self._device = tensor.shape, tensor.device
            self._numbers = tensor.tolist()
        elif plain and room.takes(tensor):
            self._alias = tensor.detach()
            self._version = version_of(tensor)
        else:
            self._fact = fact(tensor)

    def light(self, most: int = SMALL) -> Fact:
        """Without the statistics of a large tensor: they cost a pass; without numbers if it has more than `most`."""
        if self._fact is None and self._alias is not None:
            return fact(self._alias, whole=False)
        if self._fact is None and self._shape.numel() > most:
            return Fact(self._kind.__name__, None, tuple(self._shape), str(self._dtype)[6:], str(self._device))
        return self.whole()

    def whole(self) -> Fact:
        """All that is known."""
        if self._fact is None:
            self._fact = self._small() if self._alias is None else self._large(self._alias)
        return self._fact

    def settle(self) -> None:
        """Let go of the tensor; what is not known by now stays unknown."""
        self._fact, self._alias = self.light(), None

    def _small(self) -> Fact:
        dtype = str(self._dtype).removeprefix("torch.")
        return Fact(self._kind.__name__, _tuples(self._numbers), tuple(self._shape), dtype, str(self._device))

    def _large(self, alias: torch.Tensor) -> Fact:
        if version_of(alias) == self._version:
            return fact(alias)
        light = fact(alias, whole=False)
        return Fact(light.type, None, light.shape, light.dtype, light.device, text="overwritten in place since")


class MemoryBudget:
    """How many bytes of large tensors may still be kept."""

    def __init__(self, left: int = BUDGET) -> None:
        self._left = left

    def takes(self, tensor: torch.Tensor) -> bool:
        """Whether there is room for this one, which is then taken."""
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
