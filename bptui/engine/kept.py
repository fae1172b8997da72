"""What is kept of a tensor while a phase is recorded: enough to tell its facts later, also if it is written since."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.capture import dtype_name, fact, version_of
from bptui.protocol.fact import SMALL, Fact, Value

BUDGET = 64 * 1024 * 1024
"""Large tensors of up to so many bytes in all are kept alive until the phase is left; of the rest facts are taken."""


class Kept:
    """A tensor as it was."""

    __slots__ = ("_alias", "_fact", "_kind", "_numbers", "_version")

    def __init__(self, tensor: torch.Tensor, room: Room) -> None:
        self._fact: Fact | None = None
        self._kind = type(tensor).__name__
        self._numbers: Any = None
        plain = tensor.layout == torch.strided and not tensor.is_nested
        if plain and tensor.numel() <= SMALL and not (tensor.is_complex() or tensor.is_quantized or tensor.is_meta):
            self._alias = tensor.detach()
            self._numbers = self._alias.tolist()  # at once: `.data` may be written without a trace
        elif plain and room.takes(tensor):
            self._alias = tensor.detach()
            self._version = version_of(tensor)
        else:
            self._fact = fact(tensor)

    def light(self) -> Fact:
        """Without the statistics of a large tensor: they cost a pass."""
        return self._fact if self._fact is not None else self._small() or fact(self._alias, whole=False)

    def whole(self) -> Fact:
        """All that is known."""
        if self._fact is None:
            self._fact = self._small() or self._large()
        return self._fact

    def settle(self) -> None:
        """Let go of the tensor; what is not known by now stays unknown."""
        if self._fact is None:
            self._fact = self.light()
            del self._alias

    def _small(self) -> Fact | None:
        if self._numbers is None:
            return None
        alias = self._alias
        return Fact(self._kind, _tuples(self._numbers), tuple(alias.shape), dtype_name(alias), str(alias.device))

    def _large(self) -> Fact:
        if version_of(self._alias) == self._version:
            return fact(self._alias)
        light = fact(self._alias, whole=False)
        return Fact(light.type, None, light.shape, light.dtype, light.device, text="overwritten in place since")


class Room:
    """How many bytes of large tensors may still be kept."""

    def __init__(self) -> None:
        self._left = BUDGET

    def takes(self, tensor: torch.Tensor) -> bool:
        """Whether there is room for this one, which is then taken."""
        size = tensor.numel() * tensor.element_size()
        if size > self._left:
            return False
        self._left -= size
        return True


def _tuples(value: Any) -> Value:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
