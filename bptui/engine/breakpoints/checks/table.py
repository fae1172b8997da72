"""The ready-made checks by name.

Each check tells its troubles by name. A breakpoint on it is met when one appears that was not there the last time.
Their names, sentences and thresholds, with the sources of these, are in `bptui.protocol.alarms`.
"""

from __future__ import annotations

from bptui.engine.breakpoints.checks.base import Check
from bptui.engine.breakpoints.checks.graphs import Growing
from bptui.engine.breakpoints.checks.updates import Ratio, Unchanged
from bptui.engine.breakpoints.checks.values import Exploding, Inf, Nan, NoneGrad, Vanishing, Zeros
from bptui.engine.breakpoints.checks.zeroing import Forgotten, Wiped
from bptui.engine.breakpoints.updates import Updates
from bptui.engine.interpreter.machine import Machine
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.alarms import BY_NAME

CHECKS: dict[str, type[Check]] = {
    "nan": Nan, "inf": Inf, "zeros": Zeros, "none": NoneGrad, "unchanged": Unchanged, "exploding": Exploding,
    "vanishing": Vanishing, "ratio": Ratio, "forgotten": Forgotten, "wiped": Wiped, "growing": Growing,
}  # fmt: skip


def make_check(name: str, recorder: Recorder, machine: Machine, updates: Updates, limit: float | None) -> Check:
    """The check of that name.

    Raises:
        ValueError: there is none, or it takes no such limit. The message is one sentence.
    """
    if name not in CHECKS:
        raise ValueError(f"There is no check '{name}': there are {', '.join(CHECKS)}.")
    alarm = BY_NAME[name]
    if limit is not None and not alarm.limit:
        raise ValueError(f"The check {name} takes no limit.")
    if limit is not None and not limit > 0:
        raise ValueError(f"The limit of {name} must be above 0.")
    return CHECKS[name](recorder, machine, updates, alarm.default if limit is None else limit)
