"""What each gradient is made of: one contribution for each backward since it was last None or zeroed."""

from __future__ import annotations

from collections import deque
from typing import Any

import torch

from bptui.engine.interpreter.position import Position
from bptui.engine.observe.parameters import Numbers, Parameters
from bptui.engine.tensors.bits import same_bits
from bptui.engine.tensors.facts import fact, grad_of
from bptui.engine.tensors.measures import is_zero
from bptui.protocol.fact import SMALL, Fact
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Contribution, Ledger

_ZERO_GRAD = Phase.ZERO_GRAD
"""At hand: the members of an enum are looked up slowly, and this one behind every block."""
LISTED = 200
"""At most so many contributions are listed one by one; older ones are only counted and summed."""
KEPT = 4_000_000
"""Of gradients with more elements no sum is kept: it would be another copy of them."""


class Account:
    """One parameter's contributions."""

    __slots__ = ("complete", "earlier", "listed", "sum")

    def __init__(self) -> None:
        self.listed: deque[tuple[Position, torch.Tensor | Fact, int]] = deque(maxlen=LISTED)
        """Where, what, and by which backward, counted through."""
        self.earlier = 0
        self.sum: torch.Tensor | None = None
        """The contributions added in order, on the tensor's own device and in its dtype."""
        self.complete = True
        """Whether every contribution went into the sum."""

    def add(self, place: Position, gradient: torch.Tensor, whole: bool, backward: int) -> None:
        """Another contribution, by the backward of that number. `whole`: with the facts of large tensors."""
        small = gradient.numel() <= SMALL
        kept = gradient.detach().clone() if small or (whole and gradient.numel() <= KEPT) else None
        if kept is None:
            self.complete = False
        elif self.complete:
            self.sum = kept if self.sum is None else self.sum + kept
        self.earlier += len(self.listed) == LISTED
        self.listed.append((place, kept if small and kept is not None else fact(gradient, detailed=whole), backward))


class Ledgers:
    """The accounts of all parameters."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._first: dict[str, tuple[Position, float | torch.Tensor | None]] = {}
        """First contributions at full speed, as a number or a copy; None for large ones, which are not kept.

        An account is only opened when it is asked for, or has a second contribution.
        """
        self._hooks: list[Any] = []
        self._coming: dict[str, list[torch.Tensor]] = {}
        """What the backward that runs brings to the gradients that were there before."""
        self._backward = 0
        """The number of the last backward."""

    def before_backward(self, parameters: Parameters, every: bool) -> None:
        """See what a backward brings to each gradient that is neither None nor zero, or to `every` one.

        By a hook on the leaf. A gradient that was None or zero can be read afterwards, unless its block rewrites it.
        """
        self._coming.clear()
        if self._first:
            self._open_accounts(parameters)
        self._backward += 1
        if not every and not self._accounts:
            return
        self.settle(parameters, None, Phase.BACKWARD)  # code without a phase may have zeroed them
        for name, tensor in parameters.items:
            if (every and tensor.requires_grad) or (name in self._accounts and grad_of(tensor) is not None):
                seen = self._coming[name] = []
                hooked: Any = tensor  # register_hook has no annotations
                self._hooks.append(hooked.register_hook(_keep(seen, grad_of(tensor) is None)))

    def release(self) -> None:
        """The backward is over, however: the hooks are gone."""
        if self._hooks:
            for hook in self._hooks:
                hook.remove()
            self._hooks.clear()

    def after_backward(self, parameters: Parameters, numbers: Numbers | None, place: Position) -> None:
        """List what it added. A gradient that was None or zero before is now the contribution itself.

        At full speed the `numbers` of the parameters are given; otherwise what is large is kept too.
        """
        if numbers is not None and not self._coming and not self._accounts:
            self._note_first(parameters, numbers, place)
            return
        for index, (name, tensor) in enumerate(parameters.items):
            if name in self._coming:
                for gradient in self._coming[name]:
                    self._accounts.setdefault(name, Account()).add(place, gradient, numbers is None, self._backward)
            elif numbers is not None and (number := numbers[index][2]) is not None:
                self._first[name] = (place, number)
            elif (kept := grad_of(tensor)) is None or name in self._accounts:
                continue
            else:
                account = self._accounts[name] = Account()
                account.add(place, kept, numbers is None, self._backward)

    def brought(self, parameters: Parameters) -> dict[str, tuple[Fact, ...]]:
        """What the last backward added to the gradient of each parameter, one contribution after the other."""
        self._open_accounts(parameters)
        found = {
            name: tuple(
                value if isinstance(value, Fact) else fact(value)
                for _, value, backward in self._accounts[name].listed
                if backward == self._backward
            )
            for name, _ in parameters.items
            if name in self._accounts
        }
        return {name: contributions for name, contributions in found.items() if contributions}

    def _note_first(self, parameters: Parameters, numbers: Numbers, place: Position) -> None:
        """A first contribution to each gradient, at full speed."""
        first = self._first
        for (name, tensor), (_, _, number) in zip(parameters.items, numbers, strict=True):
            if number is not None:
                first[name] = (place, number)
            elif (gradient := tensor.grad if tensor.is_leaf else grad_of(tensor)) is not None:
                first[name] = (place, gradient.detach().clone() if gradient.numel() <= SMALL else None)

    def _open_accounts(self, parameters: Parameters) -> None:
        """Open an account where only the first contribution is known: it came from the last backward."""
        if not self._first:
            return
        for name, tensor in parameters.items:
            if name in self._first and (gradient := grad_of(tensor)) is not None:
                place, first = self._first[name]
                account = self._accounts[name] = Account()
                if first is None:
                    account.add(place, gradient, False, self._backward)
                else:
                    whole = first if isinstance(first, torch.Tensor) else torch.full_like(gradient, first)
                    account.add(place, whole, True, self._backward)
        self._first.clear()

    @property
    def has_any(self) -> bool:
        """Whether any gradient has contributions, so that `settle` has anything to close."""
        return bool(self._first or self._accounts)

    def settle(self, parameters: Parameters, numbers: Numbers | None, phase: Phase) -> None:
        """After any other block: close the accounts of gradients that are None or zero now.

        At full speed, given the `numbers`, large gradients are only looked through after a zero_grad.
        """
        if not self._first and not self._accounts:
            return
        first, accounts = self._first, self._accounts
        looks = numbers is None or phase is _ZERO_GRAD
        for index, (name, tensor) in enumerate(parameters.items):
            if name in first or name in accounts:
                number = None if numbers is None else numbers[index][2]
                if number is None:
                    gradient = tensor.grad if tensor.is_leaf else grad_of(tensor)
                    closes = gradient is None or (looks and is_zero(gradient))
                else:
                    closes = number == 0
                if closes:
                    first.pop(name, None)
                    accounts.pop(name, None)

    def facts(self, parameters: Parameters) -> tuple[Ledger, ...]:
        """The ledgers as they stand."""
        self._open_accounts(parameters)
        self.settle(parameters, None, Phase.UPDATE)  # at full speed large ones are not looked through
        return tuple(
            _ledger(name, tensor, self._accounts[name])
            for name, tensor in parameters.items
            if name in self._accounts and grad_of(tensor) is not None
        )


def _ledger(name: str, tensor: torch.Tensor, account: Account) -> Ledger:
    gradient = grad_of(tensor)
    listed = tuple(
        Contribution(place.epoch, place.sample, value if isinstance(value, Fact) else fact(value))
        for place, value, _ in account.listed
    )
    total = account.sum if account.complete else None
    difference = None
    if total is not None and gradient is not None and total.shape == gradient.shape and not same_bits(total, gradient):
        difference = fact(gradient.detach() - total)
    return Ledger(name, listed, None if total is None else fact(total), difference, account.earlier)


def _keep(seen: list[torch.Tensor], copies: bool) -> Any:
    """A hook that keeps what comes. `copies`: it becomes `.grad` itself, and may be rewritten there."""

    def keep(gradient: torch.Tensor) -> None:
        with torch._C.DisableTorchFunction():  # while ops are recorded, these are none of the script's
            seen.append(gradient.detach().clone() if copies else gradient.detach())

    return keep
