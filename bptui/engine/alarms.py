"""Ready-made checks: what goes wrong in training, told at the block that did it.

Limits by default: `vanishing` 1e-7 and the check as such as in Amazon SageMaker Debugger's rule VanishingGradient;
`ratio` between 1e-6 and 1e-1, two to three powers of ten around the 1e-3 that CS231n ("Ratio of weights:updates") gives
as a rule of thumb; `exploding` 1e3, far above the norms of 0.5 to 10 times the average at which Pascanu et al. (2013)
clip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch

from bptui.engine.capture import grad_of
from bptui.engine.code import RunBlock
from bptui.engine.ledger import same_bits
from bptui.engine.recorder import Recorder
from bptui.protocol.phase import Phase

LIMITS = {"exploding": 1e3, "vanishing": 1e-7, "ratio": 1e-1}
"""The checks that have a limit."""
LEAST_RATIO = 1e-6
"""Below this an update is out of proportion too."""


class Alarm:
    """One check over one run."""

    def __init__(self, name: str, limit: float | None) -> None:
        """Raises `KeyError` where there is no check of that name."""
        self._check: Callable[[RunBlock, Recorder], str] = {
            "nan": lambda ran, recorder: self._spoiled(ran, recorder, "nan", torch.isnan, math.isnan),
            "inf": lambda ran, recorder: self._spoiled(ran, recorder, "inf", torch.isinf, math.isinf),
            "zero-grad": self._zero, "no-grad": self._none, "unchanged": self._unchanged,
            "exploding": self._exploding, "vanishing": self._vanishing, "ratio": self._ratio,
            "stale-grad": self._stale,
        }[name]  # fmt: skip
        self._limit = LIMITS.get(name, 0.0) if limit is None else limit
        self._copies = name in ("unchanged", "ratio")
        self._before: dict[str, torch.Tensor] = {}
        """The parameters before the next update."""
        self._left: set[str] = set()
        """Parameters whose gradient was used by an update and not zeroed since."""
        self._mixed: set[str] = set()
        """Those of them to whose gradient a backward has added since."""

    def begin(self, recorder: Recorder) -> None:
        """A run begins."""
        self._left.clear()
        self._mixed.clear()
        self._copy(recorder)

    def met(self, ran: RunBlock, recorder: Recorder) -> str:
        """After a block: what is wrong, in words; empty if nothing is."""
        return self._check(ran, recorder)

    def _copy(self, recorder: Recorder) -> None:
        if self._copies:
            self._before = {name: tensor.detach().clone() for name, tensor in recorder.parameters}

    def _spoiled(
        self,
        ran: RunBlock,
        recorder: Recorder,
        word: str,
        of: Callable[[torch.Tensor], torch.Tensor],
        number: Callable[[float], bool],
    ) -> str:
        if ran.phase is Phase.FORWARD:
            loss = recorder.numbers()[0]
            return f"the loss is {word}" if loss is not None and number(loss) else ""
        for name, tensor in recorder.parameters:
            gradient = grad_of(tensor)
            label, value = (f"{name}.grad", gradient) if ran.phase is Phase.BACKWARD else (name, tensor)
            if value is not None and bool(of(value.detach()).any()):
                return f"{label} has {word}"
        return ""

    def _zero(self, ran: RunBlock, recorder: Recorder) -> str:
        return _first(
            f"{name}.grad is all zeros after the backward"
            for name, gradient in _gradients(ran, recorder)
            if gradient is not None and not torch.count_nonzero(gradient).item()
        )

    def _none(self, ran: RunBlock, recorder: Recorder) -> str:
        return _first(
            f"{name}.grad is None after the backward" for name, each in _gradients(ran, recorder) if each is None
        )

    def _norms(self, ran: RunBlock, recorder: Recorder) -> Iterator[tuple[str, float]]:
        for name, gradient in _gradients(ran, recorder):
            if gradient is not None:
                yield name, float(torch.linalg.vector_norm(gradient.float()))

    def _exploding(self, ran: RunBlock, recorder: Recorder) -> str:
        return _first(
            f"{name}.grad has norm {norm:.6g}, above {self._limit:g}"
            for name, norm in self._norms(ran, recorder)
            if norm > self._limit
        )

    def _vanishing(self, ran: RunBlock, recorder: Recorder) -> str:
        return _first(
            f"{name}.grad has norm {norm:.6g}, below {self._limit:g}"
            for name, norm in self._norms(ran, recorder)
            if norm < self._limit
        )

    def _unchanged(self, ran: RunBlock, recorder: Recorder) -> str:
        if ran.phase is not Phase.UPDATE:
            return ""
        said = _first(
            f"{name} is unchanged by the update"
            for name, tensor in recorder.parameters
            if name in self._before and same_bits(self._before[name], tensor.detach())
        )
        self._copy(recorder)
        return said

    def _ratio(self, ran: RunBlock, recorder: Recorder) -> str:
        if ran.phase is not Phase.UPDATE:
            return ""
        said = ""
        for name, tensor in recorder.parameters:
            before = self._before.get(name)
            if before is None or before.shape != tensor.shape or said:
                continue
            weight = float(torch.linalg.vector_norm(before.float()))
            moved = float(torch.linalg.vector_norm((tensor.detach() - before).float()))
            if weight and moved and not LEAST_RATIO <= moved / weight <= self._limit:
                said = (
                    f"{name} moved by {moved / weight:.2g} of its norm, not between {LEAST_RATIO:g} and {self._limit:g}"
                )
        self._copy(recorder)
        return said

    def _stale(self, ran: RunBlock, recorder: Recorder) -> str:
        holding = {name for name, tensor in recorder.parameters if _is_nonzero(grad_of(tensor))}
        if ran.phase is Phase.BACKWARD and not ran.block.rewrites:
            self._mixed |= self._left & holding
            return ""
        if ran.phase is not Phase.UPDATE:
            self._left &= holding
            self._mixed &= holding
            return ""
        stale = sorted(self._mixed)
        self._left, self._mixed = holding, set()
        return (
            f"the update used {stale[0]}.grad, left from before an earlier update: it was not zeroed" if stale else ""
        )


def _gradients(ran: RunBlock, recorder: Recorder) -> Iterator[tuple[str, torch.Tensor | None]]:
    """The gradients after a backward; none after anything else."""
    if ran.phase is Phase.BACKWARD:
        for name, tensor in recorder.parameters:
            gradient = grad_of(tensor)
            yield name, None if gradient is None else gradient.detach()


def _is_nonzero(gradient: torch.Tensor | None) -> bool:
    return gradient is not None and bool(torch.count_nonzero(gradient.detach()).item())


def _first(said: Iterator[str]) -> str:
    return next(said, "")
