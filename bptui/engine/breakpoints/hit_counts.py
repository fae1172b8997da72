"""Which of the times that a breakpoint is met count: the hit condition of the Debug Adapter Protocol."""

from __future__ import annotations

import re
from collections.abc import Callable

Hits = Callable[[int], bool]
"""Whether the n-th time counts, from 1."""

_FORM = re.compile(r"\s*(==|>=|<=|=|>|<|%)?\s*(\d{1,18})\s*")


def hits(text: str) -> Hits:
    """What a hit condition says: `5` the fifth time and later, `== 5`, `> 5`, `>= 5`, `< 5`, `<= 5`, `% 5` every fifth.

    Raises:
        ValueError: it says nothing of the kind, or no time at all. The message is one sentence.
    """
    if not text.strip():
        return lambda count: True
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text.strip()}' is no hit count: 5, == 5, > 5, >= 5, < 5, <= 5 or % 5.")
    sign, number = found[1] or ">=", int(found[2])
    if (number == 0 and sign in ("==", "=", "%", "<=")) or (sign == "<" and number <= 1):
        raise ValueError(f"'{text.strip()}' never counts: the first time is 1.")
    tests: dict[str, Hits] = {
        "==": lambda count: count == number,
        "=": lambda count: count == number,
        ">=": lambda count: count >= number,
        "<=": lambda count: count <= number,
        ">": lambda count: count > number,
        "<": lambda count: count < number,
        "%": lambda count: count % number == 0,
    }
    return tests[sign]
