"""Facts of large tensors, which cost a pass to make, kept as long as the tensor was not written."""

from __future__ import annotations

import weakref

import torch

from bptui.engine.tensors.facts import fact, named_facts, version_of
from bptui.protocol.fact import SMALL, Fact, Named


class FactCache:
    """Facts of tensors that were not written since: same tensor, same version."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[weakref.ref[torch.Tensor], int, int, Fact]] = {}

    def of(self, key: object, tensor: torch.Tensor, trust_version: bool = True) -> Fact:
        """The fact of a tensor. `trust_version=False` after code that may write through `.data`, unseen."""
        if tensor.is_nested or tensor.layout != torch.strided or tensor.numel() <= SMALL:
            return fact(tensor)
        known = self._known.get(key)
        if trust_version and known is not None:
            reference, version, address, its_fact = known
            if reference() is tensor and version == version_of(tensor) and address == tensor.data_ptr():
                return its_fact
        new = fact(tensor)
        self._known[key] = (weakref.ref(tensor), version_of(tensor), tensor.data_ptr(), new)
        return new

    def named(self, name: str, value: object) -> list[Named]:
        """The facts of a variable, or of the members of a small container."""
        if isinstance(value, torch.Tensor):
            return [Named(name, self.of(("name", name), value))]
        return list(named_facts(name, value))
