"""Where breakpoints need not be looked at: what must be so that one of them may be met, in numbers known anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bptui.engine.breakpoints.numeric import UNTOLD, NumericTest
from bptui.protocol.phase import Phase

Ahead = tuple[int | None, int | None, NumericTest | None]
"""An epoch, a sample and a test; None where any will do."""


@dataclass(frozen=True)
class Prefilter:
    """What to look out for. Where it sees nothing, no breakpoint is met; where it does, one may be."""

    after: dict[Phase, list[NumericTest]] = field(default_factory=dict)
    """Behind a block."""
    before: dict[int, list[Ahead]] = field(default_factory=dict)
    """Before a block, by its index."""
    begins: list[Ahead] = field(default_factory=list)
    """As a turn begins."""


def is_near(
    aheads: Sequence[Ahead], at: tuple[int | None, int | None], loss: float | None, numbers: Sequence[float | None]
) -> bool:
    """Whether one of them may be met in that epoch and sample."""
    epoch, sample = at
    for at_epoch, at_sample, test in aheads:
        if (at_sample is None or at_sample == sample) and (at_epoch is None or at_epoch == epoch):
            if test is None or tells((test,), loss, numbers):
                return True
    return False


def tells(tests: Sequence[NumericTest], loss: float | None, numbers: Sequence[float | None]) -> bool:
    """Whether one of the tests says that a breakpoint may be met, or cannot say."""
    try:
        for test in tests:
            if test(loss, numbers) is not False:
                return True
    except UNTOLD:
        return True
    return False
