"""What is known around the last block that ran: before it, right behind its own statements, and at the stop."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from bptui.engine.observe.forward import ForwardResult
from bptui.engine.observe.parameters import Numbers
from bptui.engine.observe.step_facts import Known
from bptui.protocol.fact import Fact, Value
from bptui.protocol.snapshot import Param


class AroundBlock:
    """Filled by the recorder as a block goes by."""

    def __init__(self) -> None:
        self.stop: Known | None = None
        """Where the program stands; None once code ran since."""
        self.before: Known | Numbers = ()
        """Before the last block; at full speed no more than the numbers of parameters."""
        self.behind: tuple[Param, ...] | None = None
        """The parameters right behind its own statements; None at full speed."""
        self.others = 0
        """`Machine.others` when these were read."""
        self.brought: Mapping[str, tuple[Fact, ...]] = {}
        """What it added to gradients, if it was a backward."""
        self.ended = False
        """Whether its own statements came to their end."""
        self._losses: dict[str | None, ForwardResult] = {}
        """For each name of a loss the last forward that computed it."""
        self._earlier: ForwardResult | None = None
        """For a forward, the one before it with a loss of that name."""

    def begin(self, before: Known | Numbers) -> None:
        """A block begins."""
        self.before, self.stop, self.behind, self.ended = before, None, None, False

    def refused(self) -> None:
        """It was refused, and nothing changed: the program stands where it stood."""
        if isinstance(self.before, Known):
            self.stop = self.before

    def forward_begins(self, loss_name: str | None) -> None:
        """It is a forward, of the loss of that name."""
        self._earlier = self._losses.get(loss_name)

    def forward_ended(self, loss_name: str | None, result: ForwardResult) -> None:
        """That is what it computed."""
        if result.has_loss:
            self._losses[loss_name] = result

    def known_before(self, params: tuple[Param, ...], loss_name: str | None, *, forward: bool) -> Known:
        """What was known before it, with the facts of these parameters now. `forward`: whether it was a forward."""
        before = self.before
        if not isinstance(before, Known):
            before = _of_numbers(before, params)
        if forward and loss_name is not None:
            loss = self._earlier.loss() if self._earlier is not None else None
            before = dataclasses.replace(before, computed={**before.computed, loss_name: loss})
        return before


def _of_numbers(numbers: Numbers, params: tuple[Param, ...]) -> Known:
    """What numbers tell of the parameters that are single numbers; of others nothing."""
    like = {param.name: param.value for param in params if param.value.numel == 1}
    facts: dict[str, Fact | None] = {}
    for name, value, grad in numbers:
        if value is not None and name in like:
            facts[name] = _like(value, like[name])
            facts[f"{name}.grad"] = (
                None if grad is None else _like(grad, dataclasses.replace(like[name], type="Tensor"))
            )
    return Known(facts, {}, complete=False)


def _like(number: float, like: Fact, kind: str | None = None) -> Fact:
    value: Value = number
    for _ in like.shape or ():
        value = (value,)
    return dataclasses.replace(like, type=kind or like.type, value=value)
