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
    """When it is met, in a few words."""
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
GROWTHS = 5
"""How often in a row a graph must have grown. Five steps along a graph, as in MAML's inner loop, are no fault."""
VANISHING = 1e-7
"""What the mean absolute gradient should not fall below."""

ALARMS = (
    Alarm("nan", "nan in the loss, a parameter or a gradient"),
    Alarm("inf", "inf in the loss, a parameter or a gradient"),
    Alarm("zeros", "a gradient is all zeros"),
    Alarm("none", "a gradient is None when the update comes"),
    Alarm("unchanged", "an update left a parameter as it was"),
    Alarm(
        "exploding",
        "the gradients' norm is too large",
        "the largest 2-norm of all together; by default 10 times the average of those before, or 10 times their "
        "geometric mean where norm and loss are both larger than ever",
        None,
        "Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (ICML 2013), section 3.2: "
        "thresholds from half to ten times the average norm. That a norm which grows by a factor a step is averaged by "
        "the geometric mean, which it leaves behind at any factor, is ours",
    ),
    Alarm(
        "vanishing",
        "a gradient is too small on average",
        "the smallest mean of their absolute values",
        VANISHING,
        "Amazon SageMaker Debugger, rule VanishingGradient: 1e-7",
    ),
    Alarm(
        "ratio",
        "an update is far too small or too large",
        "about what the ratio of 2-norms should be; 100 times off is far",
        RATIO,
        "Karpathy, CS231n, Neural Networks 3, ratio of weights and updates: somewhere around 1e-3",
    ),
    Alarm("forgotten", "zero_grad is missing: a gradient is stale"),
    Alarm("wiped", "zero_grad came between backward and update"),
    Alarm(
        "growing",
        "a graph grows each turn, as by total += loss",
        "how often in a row it must have grown",
        GROWTHS,
        "PyTorch, FAQ: Don't accumulate history across your training loop. The number is ours",
    ),
)
"""Every ready-made check, in the order in which they are listed."""

BY_NAME = {alarm.name: alarm for alarm in ALARMS}
