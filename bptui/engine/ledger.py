"""What each gradient is made of: one contribution for each backward since it was last None or zeroed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from bptui.engine.capture import fact, grad_of
from bptui.engine.params import Parameters
from bptui.protocol.snapshot import SMALL, Contribution, Fact, Ledger

LISTED = 200
"""At most so many contributions are listed one by one; older ones are only counted and summed."""
KEPT = 4_000_000
"""Of gradients with more elements no sum is kept: it would be another copy of them."""


@dataclass(eq=False)
class _Account:
    """One parameter's contributions."""

    listed: deque[tuple[int | None, int | None, torch.Tensor | Fact]] = field(default_factory=deque)
    earlier: int = 0
    sum: torch.Tensor | None = None
    """The contributions added in order, on the tensor's own device and in its dtype."""
    complete: bool = True
    """Whether every contribution went into the sum."""

    def add(self, epoch: int | None, sample: int | None, gradient: torch.Tensor, whole: bool) -> None:
        small = gradient.numel() <= SMALL
        kept = gradient.detach().clone() if small or (whole and gradient.numel() <= KEPT) else None
        if kept is None:
            self.complete = False
        elif self.complete:
            self.sum = kept if self.sum is None else self.sum + kept
        self.listed.append((epoch, sample, kept if small and kept is not None else fact(gradient, whole=whole)))
        if len(self.listed) > LISTED:
            self.listed.popleft()
            self.earlier += 1


class Ledgers:
    """The accounts of all parameters."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    @contextmanager
    def watching(self, parameters: Parameters, epoch: int | None, sample: int | None, whole: bool) -> Iterator[None]:
        """Around a backward: list what it adds to each gradient.

        A gradient that was None or zero before is afterwards the contribution itself; otherwise a hook on the leaf sees
        what comes in. The hooks are gone when the backward is over. `whole`: also keep what is large.
        """
        coming: dict[str, list[torch.Tensor]] = {}
        hooks = []
        for name, tensor in parameters:
            if name in self._accounts and grad_of(tensor) is not None:
                seen = coming[name] = []
                hooks.append(_hook(tensor, seen))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
        for name, tensor in parameters:
            if name in coming:
                for gradient in coming[name]:
                    self._accounts[name].add(epoch, sample, gradient, whole)
            elif (kept := grad_of(tensor)) is not None:
                account = self._accounts[name] = _Account()
                account.add(epoch, sample, kept, whole)

    def settle(self, parameters: Parameters) -> None:
        """After any other block: close the accounts of gradients that are None or zero now."""
        for name, tensor in parameters:
            if name in self._accounts:
                gradient = grad_of(tensor)
                if gradient is None or _is_zero(gradient):
                    del self._accounts[name]

    def facts(self, parameters: Parameters) -> tuple[Ledger, ...]:
        """The ledgers as they stand."""
        return tuple(
            self._ledger(name, tensor, self._accounts[name]) for name, tensor in parameters if name in self._accounts
        )

    def _ledger(self, name: str, tensor: torch.Tensor, account: _Account) -> Ledger:
        gradient = grad_of(tensor)
        listed = tuple(
            Contribution(epoch, sample, value if isinstance(value, Fact) else fact(value))
            for epoch, sample, value in account.listed
        )
        total = account.sum if account.complete else None
        difference = None
        if total is not None and gradient is not None and not same_bits(total, gradient):
            difference = fact(gradient.detach() - total)
        return Ledger(name, listed, None if total is None else fact(total), difference, account.earlier)


def _hook(tensor: torch.Tensor, seen: list[torch.Tensor]) -> Any:
    """Put every gradient that comes to the leaf into `seen`."""
    hooked: Any = tensor  # register_hook has no annotations
    return hooked.register_hook(lambda gradient: seen.append(gradient.detach()))


def _is_zero(gradient: torch.Tensor) -> bool:
    if gradient.numel() == 1:
        return gradient.item() == 0
    return gradient.layout == torch.strided and not torch.count_nonzero(gradient).item()


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors have the same shape, dtype and bits."""
    if one.shape != other.shape or one.dtype != other.dtype or one.layout != other.layout:
        return False
    if one.layout != torch.strided:
        return bool(torch.equal(one.to_dense(), other.to_dense()))
    bits = [each.detach().contiguous().reshape(-1).view(torch.uint8) for each in (one, other)]
    return bool(torch.equal(*bits))
