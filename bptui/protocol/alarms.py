"""The ready-made checks that a breakpoint can name: one table, for the debugger to list and the debuggee to run.

Where a check has a threshold, its default comes from the literature; `source` says from where.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Alarm:
    """A ready-made check."""

    name: str
    """What a person types: `break nan`."""
    help: str
    """One sentence: when it is met."""
    limit: str = ""
    """What a limit means; empty where it takes none."""
    default: float | None = None
    """The limit where none is given."""
    source: str = ""
    """Where the default comes from."""


RATIO = 1e-3
"""About what an update should be, as a part of the weights."""
RATIO_RANGE = 100.0
"""How many times smaller or larger it may be: two orders of magnitude. The order is the source's, the width is ours."""
AVERAGE = 10.0
"""How many times the average norm a gradient may be."""
VANISHING = 1e-7
"""What the mean absolute gradient should not fall below."""

ALARMS = (
    Alarm("nan", "The loss, a parameter or a gradient has a nan."),
    Alarm("inf", "The loss, a parameter or a gradient is infinite somewhere."),
    Alarm("zeros", "A gradient is all zeros after a backward."),
    Alarm("none", "The backward is over, the update comes next, and the gradient of a parameter is None."),
    Alarm("unchanged", "A parameter has a gradient, and the update left it as it was."),
    Alarm(
        "exploding",
        "The norm of all gradients together is too large after a backward.",
        "the largest norm; by default 10 times the average of those before",
        None,
        "Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (ICML 2013), section 3.2: "
        "thresholds from half to ten times the average norm",
    ),
    Alarm(
        "vanishing",
        "The entries of a gradient are too small on average after a backward, and not all zero.",
        "the smallest mean of their absolute values",
        VANISHING,
        "Amazon SageMaker Debugger, rule VanishingGradient: 1e-7",
    ),
    Alarm(
        "ratio",
        "An update is too small or too large beside the weights it changes (2-norms): 100 times off.",
        "what the ratio should be about",
        RATIO,
        "Karpathy, CS231n, Neural Networks 3, ratio of weights and updates: somewhere around 1e-3",
    ),
    Alarm(
        "forgotten", "An update uses a gradient with parts left from before an earlier update: zero_grad is missing."
    ),
)
"""Every ready-made check, in the order in which they are listed."""

BY_NAME = {alarm.name: alarm for alarm in ALARMS}
