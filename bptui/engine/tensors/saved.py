"""What a tensor was: its bits, gradient, version and storage, and bringing them back in place."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.tensors.bits import same_bits
from bptui.engine.tensors.facts import grad_of, version_of
from bptui.engine.tensors.graphs import is_live

SMALL = 4096
"""Up to so many bytes a copy is made at once; above, a copy that was made before is looked at first."""
TRUSTED = 4_000_000
"""Above so many bytes a tensor that needs no gradient is taken for data: it is not copied, its version must stay."""


class Unusable(Exception):
    """The state cannot be brought back; the message says what is in the way."""


class SavedTensor:
    """One tensor as it was."""

    __slots__ = ("_alias", "_bits", "_grad", "_live", "_node", "_requires_grad", "_tensor", "_version")

    def __init__(self, tensor: torch.Tensor, before: SavedTensor | None, data: bool) -> None:
        """`before`: how it was at an earlier checkpoint; the copy is shared where it holds the same bits.

        `data`: it is no gradient, buffer or optimizer's state, and may be trusted to stay if it is large.
        """
        self._tensor = tensor
        self._version = version_of(tensor)
        self._grad = grad_of(tensor)
        self._node = tensor.grad_fn
        self._requires_grad = tensor.requires_grad
        self._live = self._node is not None and is_live(self._node)
        self._alias = tensor.detach()
        self._bits = self._copied(before, data)

    def _copied(self, before: SavedTensor | None, data: bool) -> torch.Tensor | None:
        size = nbytes(self._alias)
        if data and size > TRUSTED and not self._requires_grad and not isinstance(self._tensor, torch.nn.Parameter):
            unwritten = before is None or (before._bits is None and before._version == self._version)
            if unwritten:
                return None
        if size > SMALL and before is not None and before._bits is not None and before._version == self._version:
            if same_bits(before._bits, _distinct(self._alias)):
                return before._bits
        return _copy(_distinct(self._alias))

    @property
    def copy(self) -> torch.Tensor | None:
        """Its bits; None for data that is trusted to stay."""
        return self._bits

    def check(self) -> None:
        """Whether it can be brought back.

        Raises:
            Unusable: its graph was freed since, or it is large data that was written.
        """
        if self._live and not is_live(self._node):
            raise Unusable("a graph that was there then was freed by a backward since")
        if self._node is not self._tensor.grad_fn:
            raise Unusable("a tensor with a graph was written in place since")
        if self._bits is None and version_of(self._tensor) != self._version:
            raise Unusable("a large tensor without a gradient was written in place since")

    def put_back(self) -> None:
        """Bring it back, where it differs."""
        tensor, alias = self._tensor, self._alias
        if tensor.requires_grad != self._requires_grad and tensor.is_leaf:
            tensor.requires_grad_(self._requires_grad)
        if not _shares(tensor, alias):
            tensor.data = alias
        if self._bits is not None:
            with torch.no_grad():
                _distinct(alias).copy_(self._bits)
        if version_of(tensor) != self._version:
            _set_version(tensor, self._version)
        if tensor.is_leaf and tensor.grad is not self._grad:
            tensor.grad = self._grad


def _set_version(tensor: torch.Tensor, version: int) -> None:
    """Say that it was written so many times."""
    set_versions = torch._C._autograd._unsafe_set_version_counter
    try:
        set_versions((tensor,), (version,))
    except TypeError:  # torch 2.4 and 2.5 take one tensor at a time
        set_versions(tensor, version)  # type: ignore[arg-type]


def _distinct(alias: torch.Tensor) -> torch.Tensor:
    """Each element once: an expanded tensor has the same one many times, and cannot be written."""
    if alias.layout is torch.strided and not alias.is_nested and 0 in alias.stride():
        for dimension, stride in enumerate(alias.stride()):
            if stride == 0 and alias.shape[dimension] > 1:
                alias = alias.narrow(dimension, 0, 1)
    return alias


def _copy(alias: torch.Tensor) -> torch.Tensor:
    """On the CPU: a device's memory is the script's."""
    return alias.clone() if alias.device.type in ("cpu", "meta") else alias.to("cpu", copy=True)


def _shares(tensor: torch.Tensor, alias: torch.Tensor) -> bool:
    """Whether two tensors are the same view of the same memory."""
    if tensor.shape != alias.shape or tensor.dtype != alias.dtype or tensor.layout is not torch.strided:
        return tensor is alias
    return tensor.data_ptr() == alias.data_ptr() and tensor.stride() == alias.stride()


def nbytes(tensor: torch.Tensor) -> int:
    """How many bytes its elements take."""
    try:
        return tensor.numel() * tensor.element_size()
    except (RuntimeError, NotImplementedError):  # an exotic tensor
        return 0


def modes() -> tuple[Any, ...]:
    """What a script may set for all of PyTorch that changes what its ops compute."""
    return torch.is_grad_enabled(), torch.get_default_dtype()


def set_modes(modes: tuple[Any, ...]) -> None:
    """Set that again."""
    torch.set_grad_enabled(modes[0])
    if torch.get_default_dtype() is not modes[1]:
        torch.set_default_dtype(modes[1])
