"""The ready-made checks of numbers: what is wrong with losses, gradients and parameters as they are now."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from bptui.engine.breakpoints.checks.base import Check, Troubles
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.tensors.bits import dense
from bptui.engine.tensors.facts import grad_of
from bptui.engine.tensors.fingerprint import number
from bptui.engine.tensors.measures import is_zero, norm_of
from bptui.protocol.alarms import AVERAGE
from bptui.protocol.phase import Phase

_ENOUGH = 10
"""Of so many gradients an average is made before it says anything."""
_GROWN = 5
"""And of so many a geometric mean."""


class _NotFinite(Check):
    """nan, or inf, in the loss after a forward, in gradients after a backward, in parameters after an update."""

    phases = (Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE)
    _kind = ""

    def found(self, run: RunBlock) -> Troubles | None:
        loss, numbers = self.recorder.singles()
        if run.phase is Phase.FORWARD:
            wrong = loss is not None and loss - loss != 0 and self._is(loss)
            return {"loss": f"the loss is {loss}"} if wrong else {}
        place = 2 if run.phase is Phase.BACKWARD else 1
        for row in numbers:
            known: Any = row[place]
            if known is None or known - known != 0:  # not a number of its own, or not a finite one
                return self._troubles(place == 2)
        return {}

    def present(self) -> Troubles:
        loss = self.recorder.singles()[0]
        wrong = {"loss": ""} if loss is not None and self._is(loss) else {}
        return wrong | self._troubles(True) | self._troubles(False)

    def _is(self, loss: float) -> bool:
        return math.isnan(loss)

    def _entries(self, plain: torch.Tensor) -> torch.Tensor:
        return torch.isnan(plain)

    def _troubles(self, gradients: bool) -> Troubles:
        wrong = {}
        for name, tensor in self.recorder.parameters.items:
            checked = grad_of(tensor) if gradients else tensor
            if checked is not None and (count := self._count(checked)):
                label = f"{name}.grad" if gradients else name
                among = f" in {count} of {checked.numel()} entries" if checked.numel() > 1 else ""
                wrong[label] = f"{label} is {self._kind}{among}"
        return wrong

    def _count(self, tensor: torch.Tensor) -> int:
        plain = dense(tensor)
        if plain.is_meta or not (plain.is_floating_point() or plain.is_complex()):
            return 0
        if math.isfinite(torch.linalg.vector_norm(plain).item()):  # one pass; only what overflows needs a second one
            return 0
        return int(torch.count_nonzero(self._entries(plain)))


class Nan(_NotFinite):
    _kind = "nan"


class Inf(_NotFinite):
    _kind = "infinite"

    def _is(self, loss: float) -> bool:
        return math.isinf(loss)

    def _entries(self, plain: torch.Tensor) -> torch.Tensor:
        return torch.isinf(plain)


class Zeros(Check):
    """Gradients that are all zeros."""

    def found(self, run: RunBlock) -> Troubles | None:
        return {
            name: f"{name}.grad is all zeros"
            for name, known, tensor in self.grads()
            if known == 0 or (tensor is not None and tensor.numel() and is_zero(tensor))
        }


class NoneGrad(Check):
    """Gradients that are None though a backward ran and the update comes next: nothing connects them to the loss."""

    def found(self, run: RunBlock) -> Troubles | None:
        cursor = self.machine.cursor
        if cursor is None or cursor.phase is not Phase.UPDATE:
            return None
        candidates = self.updates.of_optimizers(cursor) or self.updates.named_leaves()
        return {
            name: f"{name}.grad is None after the backward"
            for name, tensor in candidates
            if tensor.requires_grad and tensor.is_leaf and tensor.grad is None
        }


class Exploding(Check):
    """The norm of all gradients together beyond a limit: one given, or ten times the average of those before.

    A norm that grows by a factor a step pulls the average along; not so their geometric mean, which it leaves behind at
    any factor, and a norm that grows like the square of the step's number never does. That counts while loss and norm
    are both larger than ever before: leaving a plateau, where gradients grow and the loss falls, is no explosion.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._sum, self._count = 0.0, 0
        self._logs, self._positive = 0.0, 0
        """The sum of the logarithms of the norms that have one, and how many these are."""
        self._largest, self._largest_loss = 0.0, -math.inf

    def found(self, run: RunBlock) -> Troubles | None:
        total = math.sqrt(sum(norm * norm for norm in self._norms()))
        if self.limit is not None:
            return self._beyond(total, self.limit, "above")
        wrong = {}
        if self._count >= _ENOUGH and self._sum:
            wrong = self._beyond(total, AVERAGE * self._sum / self._count, "10 times the average is")
        if not wrong and self._positive >= _GROWN and self._grows(total):
            mean = math.exp(self._logs / self._positive)
            wrong = self._beyond(
                total, AVERAGE * mean, "larger than ever, as the loss is; 10 times the geometric mean is"
            )
        self._remember(total)
        return wrong

    def _beyond(self, total: float, limit: float, words: str) -> Troubles:
        if not (total > limit or math.isnan(total)):
            return {}
        return {"": f"the gradients' norm is {number(total)}, {words} {number(limit)}"}

    def _grows(self, total: float) -> bool:
        """Whether norm and loss are larger than ever; of a loss that is no number the norm alone is asked."""
        loss = self.recorder.singles()[0]
        return total > self._largest and (loss is None or not loss <= self._largest_loss)

    def _remember(self, total: float) -> None:
        if math.isfinite(total):
            self._sum, self._count = self._sum + total, self._count + 1
            self._largest = max(self._largest, total)
            if total > 0:
                self._logs, self._positive = self._logs + math.log(total), self._positive + 1
        loss = self.recorder.singles()[0]
        if loss is not None and math.isfinite(loss):
            self._largest_loss = max(self._largest_loss, loss)

    def _norms(self) -> Iterator[float]:
        for _, known, tensor in self.grads():
            if known is not None:
                yield abs(known)
            elif tensor is not None:
                yield norm_of(tensor)

    def state(self) -> Any:
        return self._sum, self._count, self._logs, self._positive, self._largest, self._largest_loss

    def restore(self, state: Any) -> None:
        self._sum, self._count, self._logs, self._positive, self._largest, self._largest_loss = state


class Vanishing(Check):
    """Gradients whose entries are too small on average, and not all zero."""

    def found(self, run: RunBlock) -> Troubles | None:
        limit, wrong = self.limit or 0.0, {}
        for name, known, tensor in self.grads():
            mean = 0.0
            if known is not None:
                mean = abs(known)
            elif tensor is not None and (plain := dense(tensor)).numel() and plain.is_floating_point():
                mean = torch.linalg.vector_norm(plain, ord=1).item() / max(tensor.numel(), 1)
            if 0 < mean < limit:
                wrong[name] = f"the mean absolute {name}.grad is {number(mean)}, below {number(limit)}"
        return wrong
