"""What is known of a step: the facts before its block, right behind it, and where the program stands now."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bptui.protocol.fact import Fact, Named, differs, flatten, summary
from bptui.protocol.snapshot import Change, Param

_DIGITS = {"float16": 2e-3, "bfloat16": 2e-2, "float64": 1e-9}
"""How far apart two roundings of one number may be, as a part of it; in float32 1e-5."""


@dataclass(frozen=True)
class Known:
    """Facts at one moment, by the names under which they can be inspected: `w`, `w.grad`, `loss`, `y_pred`."""

    params: Mapping[str, Fact | None]
    """Parameters and gradients, None where `.grad` is None. What was not looked at is not among them."""
    computed: Mapping[str, Fact | None]
    """The loss, the loop's targets and what the last forward computed."""
    complete: bool = True
    """Whether everything was looked at that was computed: what is not among it was not there."""

    @classmethod
    def of(cls, params: tuple[Param, ...], computed: Mapping[str, Fact | None]) -> Known:
        """Everything, as it is now."""
        facts: dict[str, Fact | None] = {}
        for param in params:
            facts[param.name], facts[f"{param.name}.grad"] = param.value, param.grad
        return cls(facts, computed)


def known(params: tuple[Param, ...], values: tuple[Named, ...], loss_name: str | None, loss: Fact | None) -> Known:
    """Everything that a snapshot tells."""
    computed: dict[str, Fact | None] = {each.name: each.fact for each in values}
    return Known.of(params, computed if loss_name is None else {**computed, loss_name: loss})


def changed(before: Known, now: Known) -> tuple[Change, ...]:
    """What is another thing now, with what it was before. A loss that is not computed yet has not changed."""
    params = [(name, fact) for name, fact in now.params.items() if name in before.params]
    computed = [
        (name, fact)
        for name, fact in now.computed.items()
        if fact is not None and name not in now.params and (before.complete or name in before.computed)
    ]
    old = {**before.computed, **before.params}
    return tuple(Change(name, old.get(name)) for name, fact in params + computed if differs(old.get(name), fact))


@dataclass(frozen=True)
class StepFacts:
    """A step, or the last one of a run."""

    before: Known
    """Before its block began."""
    behind: Known
    """Right behind the statements of the phase, before others of its block and what follows them."""
    now: Known
    """Where the program stands."""
    params: tuple[Param, ...]
    """The parameters where the program stands, in order."""
    brought: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    """What a backward added to the gradient of each parameter that it reached, one after the other."""
    root: str = ""
    """What a backward went backward from, if that is plain to see: the loss itself, unscaled."""
    steps: int = 1
    """How many steps there were since the stop before."""
    passed: bool = False
    """Whether a zero_grad was passed over."""

    def grads(self) -> Iterator[tuple[str, bool, Fact | None, Fact | None]]:
        """Each gradient by its name; whether it is known what it was, and what that is; and what it is behind it."""
        return self._compared([f"{param.name}.grad" for param in self.params])

    def values(self) -> Iterator[tuple[str, bool, Fact | None, Fact | None]]:
        """The same of the parameters themselves."""
        return self._compared([param.name for param in self.params])

    def _compared(self, names: list[str]) -> Iterator[tuple[str, bool, Fact | None, Fact | None]]:
        before, behind = self.before.params, self.behind.params
        for name in names:
            yield name, name in before and name in behind, before.get(name), behind.get(name)


def adds_up(old: Fact | None, parts: tuple[Fact, ...], new: Fact | None) -> bool:
    """Whether the old value and all parts make the new one, as far as facts show: None counts as 0.

    Of large tensors only the norms are known: then whether these can be the norms of such a sum.
    """
    if new is None or any(part.shape != new.shape for part in (*parts, *([old] if old else []))):
        return False
    terms = [*([old] if old else []), *parts]
    tolerance = _DIGITS.get(new.dtype or "", 1e-5)
    if new.value is not None and all(term.value is not None for term in terms):
        columns = zip(*(tuple(flatten(term.value)) for term in terms), strict=True)
        return all(
            _agree(math.fsum(column), whole, tolerance * max(1e-30, *map(abs, column)))
            for column, whole in zip(columns, flatten(new.value), strict=True)
        )
    norms = [summary(term) for term in terms]
    norm = summary(new)
    if norm is None or any(each is None for each in norms):
        return False
    known = [each for each in norms if each is not None]
    if not all(map(math.isfinite, [norm, *known])):
        return True  # nan and inf are left out of norms, which then bound nothing
    slack = 10 * tolerance * max(1e-30, norm, *known)
    longest = max(known)
    return 2 * longest - sum(known) - slack <= norm <= sum(known) + slack


def _agree(one: float, other: float, slack: float) -> bool:
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other or (one != one and other != other)
    return abs(one - other) <= max(slack, 1e-45)
