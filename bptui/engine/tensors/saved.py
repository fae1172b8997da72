"""A tensor as it was: storage, version, gradient and bits, to compare it with what it is now and to restore it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import torch

from bptui.engine.tensors.bits import digest, same_bits
from bptui.engine.tensors.facts import grad_of, version_of
from bptui.engine.tensors.graphs import is_live

SMALL = 4096
"""Up to so many bytes a copy is made at once; above, a copy that was made before is looked at first."""
TRUSTED = 4_000_000
"""Above so many bytes a tensor that needs no gradient is taken for data: it is not copied, its version must stay."""
_COPIED = 100_000
"""Up to so many bytes a copy is cheaper than a digest."""


class Unusable(Exception):
    """The state cannot be brought back; the message says what is in the way."""


class Bits(Enum):
    """How much is remembered of a tensor's numbers."""

    COUNTED = "counted"
    """How often they were written: enough where every write counts, which writes through `.data` do not."""
    COMPARED = "compared"
    """So much that a change of any bit is noticed: a copy, or of a large tensor a digest."""
    COPIED = "copied"
    """All, to bring them back."""


class SavedTensor:
    """One tensor as it was."""

    __slots__ = (
        "_address", "_alias", "_attributes", "_bits", "_digest", "_grad", "_hooks", "_kind", "_live", "_node",
        "_requires_grad", "_tensor", "_version",
    )  # fmt: skip

    def __init__(
        self, tensor: torch.Tensor, bits: Bits, before: SavedTensor | None = None, *, data: bool = False
    ) -> None:
        """`before`: how it was at an earlier checkpoint; the copy is shared where it holds the same bits.

        `data`: it is no gradient, buffer or optimizer's state, and may be trusted to stay if it is large.
        """
        self._tensor, self._kind = tensor, type(tensor)  # a lazy parameter becomes an ordinary one
        self._version, self._address = version_of(tensor), address_of(tensor)
        self._grad = grad_of(tensor)
        self._node = node = tensor.grad_fn
        self._requires_grad = tensor.requires_grad
        self._live = node is not None and is_live(node)
        self._hooks = hooks_of(tensor)
        self._attributes = dict(tensor.__dict__) or None
        self._alias: torch.Tensor | None = None
        self._bits: torch.Tensor | None = None
        self._digest: int | None = None
        if bits is Bits.COUNTED or not has_memory(tensor):
            return
        if bits is Bits.COPIED:
            self._alias = tensor.detach()
            self._bits = self._copied(self._alias, before, data)
        elif data and nbytes(tensor) > TRUSTED and not tensor.requires_grad:
            return
        elif nbytes(tensor) <= _COPIED:
            self._bits = _distinct(tensor.detach()).clone()
        else:
            self._digest = digest(_distinct(tensor.detach()))

    def _copied(self, alias: torch.Tensor, before: SavedTensor | None, data: bool) -> torch.Tensor | None:
        size = nbytes(alias)
        if data and size > TRUSTED and not self._requires_grad and not isinstance(self._tensor, torch.nn.Parameter):
            unwritten = before is None or (before._bits is None and before._version == self._version)
            if unwritten:
                return None
        if size > SMALL and before is not None and before._bits is not None and before._version == self._version:
            if same_bits(before._bits, _distinct(alias)):
                return before._bits
        return _copy(_distinct(alias))

    @property
    def copy(self) -> torch.Tensor | None:
        """Its bits; None for data that is trusted to stay."""
        return self._bits

    # ---- compared with what it is now

    def holds(self, *, graphs: bool = True) -> bool:
        """Whether the tensor is now as it was. `graphs`: also whether a backward can still go through its graph."""
        tensor = self._tensor
        if type(tensor) is not self._kind or version_of(tensor) != self._version or address_of(tensor) != self._address:
            return False
        if tensor.requires_grad != self._requires_grad or tensor.grad_fn is not self._node:
            return False
        if grad_of(tensor) is not self._grad or (graphs and self._live and not is_live(self._node)):
            return False
        if any(a is not b for a, b in zip(hooks_of(tensor), self._hooks, strict=True)):
            return False
        if not _same_attributes(tensor.__dict__, self._attributes or {}):
            return False
        if self._bits is not None:
            return same_bits(self._bits, _distinct(tensor.detach()))
        return self._digest is None or digest(_distinct(tensor.detach())) == self._digest

    def put_back_gradient(self, others: Mapping[int, SavedTensor]) -> None:
        """Undo what a backward that failed halfway did to the gradient, if a copy of it is among the `others`."""
        tensor = self._tensor
        if not tensor.is_leaf:
            return
        if tensor.grad is not self._grad:
            tensor.grad = self._grad
        gradient = others.get(id(self._grad))
        if gradient is not None and gradient._bits is not None and not gradient.holds():
            with torch.no_grad():
                _distinct(gradient._tensor.detach()).copy_(gradient._bits)
            gradient._put_back_version()

    # ---- brought back

    def check(self) -> None:
        """Whether it can be brought back.

        Raises:
            Unusable: its graph was freed since, it is large data that was written, or a lazy module gave it its shape.
        """
        if type(self._tensor) is not self._kind:
            raise Unusable("a lazy module was given its shape since")
        if self._live and not is_live(self._node):
            raise Unusable("a graph that was there then was freed by a backward since")
        if self._node is not self._tensor.grad_fn:
            raise Unusable("a tensor with a graph was written in place since")
        if self._bits is None and version_of(self._tensor) != self._version:
            raise Unusable("a large tensor without a gradient was written in place since")

    def put_back(self) -> None:
        """Bring it back, where it differs."""
        tensor, alias = self._tensor, self._alias
        if type(tensor) is not self._kind:
            tensor.__class__ = self._kind
        if tensor.requires_grad != self._requires_grad and tensor.is_leaf:
            tensor.requires_grad_(self._requires_grad)
        if alias is not None and self._bits is not None:
            with torch.inference_mode() if tensor.is_inference() else torch.no_grad():
                _distinct(alias).copy_(self._bits)
        if alias is not None and not _shares(tensor, alias):
            tensor.data = alias
        self._put_back_version()
        if tensor.is_leaf and tensor.grad is not self._grad:
            tensor.grad = self._grad
        for name, now, before in zip(HOOKS, hooks_of(tensor), self._hooks, strict=True):
            if now is not before:
                setattr(tensor, name, before)
        if not _same_attributes(tensor.__dict__, self._attributes or {}):
            tensor.__dict__.clear()
            tensor.__dict__.update(self._attributes or {})

    def _put_back_version(self) -> None:
        if version_of(self._tensor) != self._version:
            _set_version(self._tensor, self._version)


HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
"""The attributes of a tensor that hold its hooks, each in a dict of its own; None while there was none."""


def hooks_of(tensor: torch.Tensor) -> tuple[Any, Any]:
    """The dicts of a tensor's hooks; None where there is no hook, as after one of ours was removed."""
    return tensor._backward_hooks or None, tensor._post_accumulate_grad_hooks or None


def address_of(tensor: torch.Tensor) -> int:
    """Where its numbers lie; 0 where that cannot be said."""
    return tensor.data_ptr() if tensor.layout is torch.strided and has_memory(tensor) and not tensor.is_nested else 0


def has_memory(tensor: torch.Tensor) -> bool:
    """Whether a tensor holds numbers itself: it is no meta tensor, nor of a class that wraps other tensors."""
    kind = type(tensor)
    if kind is not torch.Tensor and kind is not torch.nn.Parameter and kind.__torch_dispatch__ is not _DISPATCH:
        return False
    return not tensor.is_meta


_DISPATCH = torch.Tensor.__torch_dispatch__


def _same_attributes(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(one[name] is each for name, each in other.items())


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
    if tensor.layout is not torch.strided and not tensor.is_nested:
        return False  # a write in place may have given it other indices and values, which the alias does not see
    if tensor.is_nested:
        return tensor.is_nested == alias.is_nested and tensor.layout == alias.layout
    if tensor.size() != alias.size() or tensor.dtype != alias.dtype:
        return False
    return tensor.data_ptr() == alias.data_ptr() and tensor.stride() == alias.stride()


def nbytes(tensor: torch.Tensor) -> int:
    """How many bytes its elements take."""
    try:
        return tensor.numel() * tensor.element_size()
    except (RuntimeError, NotImplementedError):  # an exotic tensor
        return 0
