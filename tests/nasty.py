"""Texts that are hard to show, and a limit that a loop without an end runs into."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from types import FrameType
from typing import TypeVar

MUCH = 60.0
"""Seconds that nothing here ever needs, on a machine however busy."""

SHAPES = {
    "chinese": "訓練數據集與梯度下降法",
    "chinese and latin": "梯度grad是nabla：-7.8400，loss為0.5",
    "accents": "e\u0301a\u0308o\u0302" * 8,
    "zalgo": "g\u0300\u0301\u0302\u0303\u0304r\u0305\u0306\u0307a" + "\u0335" * 200 + "d",
    "only accents": "\u0301" * 40,
    "families": "👨‍👩‍👧‍👦👩🏽‍💻🏳️‍🌈" * 4,
    "flags": "🇩🇪🇯🇵🇨🇳" * 5,
    "selectors": "❤️☀️1️⃣" * 6,
    "tabs": "\ta\tbb\t訓\t",
    "a long word": "x" * 250,
    "a long wide word": "訓" * 90,
    "spaces": " " * 90,
    "numbers": "7.3159 -1.4721 123456789.25 1e-05 -3.25e+17 0.5",
    "markup": "[red]x[/] [@click=app.quit]x[/] [/ [bold",
    "hangul in pieces": "\u1112\u1161\u11ab" * 5,
    "arabic": "تدرج " * 5,
    "nothing": "",
}
"""By what is hard about their width."""

COMMANDS = {
    **{f"C0 {at:#04x}": f"a{chr(at)}b" for at in range(0x20) if chr(at) not in "\t\n"},
    **{f"C1 {at:#04x}": f"a{chr(at)}b" for at in range(0x7F, 0xA0)},
    "title": "a\x1b]0;PWNED-TITLE\x07b",
    "title in 8 bits": "a\x9d0;PWNED-TITLE\x9cb",
    "title without an end": "a\x1b]0;PWNED-TITLE",
    "clipboard": "a\x1b]52;c;UFdORUQ=\x1b\\b",
    "wipe": "a\x1b[2Jb",
    "colour": "a\x1b[31mred\x1b[0mb",
    "colour in 8 bits": "a\x9b31mred\x9b0mb",
    "device string": "a\x1bP$qm\x1b\\b",
    "charset": "a\x1b(0b",
    "reset": "a\x1bcb",
    "cut off": "a\x1b[",
    "bare": "a\x1b",
    **{f"bidi {at:#06x}": f"a{chr(at)}b" for at in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)},
    "half a character": "a\udc9b\ud83d\x00b",
    "line and paragraph": "a\u2028b\u2029c",
}
"""By what they would have a terminal do."""

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal must never be sent of a script's."""

STRAY = "\u200d" * 9 + "a\u200d 訓\u200d\u200d"
"""Joiners that join nothing."""
NASTY = {**SHAPES, **COMMANDS, "joiners": STRAY}
WIDTHS = (*range(45), 59, 60, 79, 80, 81, 119, 120, 199, 200)


class TookForEver(Exception):
    """Not a failed assertion: a loop that has no end."""


@contextmanager
def ending() -> Iterator[None]:
    """What is within must end: a loop without an end fails the test instead of keeping it.

    Raises:
        TookForEver: it has not ended in more time than it can need.
    """

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TookForEver

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, MUCH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


Anything = TypeVar("Anything")


def poisoned(known: Anything, text: str) -> Anything:
    """The same facts with this text in every string of theirs: in names, types, messages, sentences."""
    if isinstance(known, str) and not isinstance(known, Enum):
        return known + text  # type: ignore[return-value]
    if isinstance(known, tuple):
        return tuple(poisoned(each, text) for each in known)  # type: ignore[return-value]
    if is_dataclass(known) and not isinstance(known, type):
        return replace(known, **{each.name: poisoned(getattr(known, each.name), text) for each in fields(known)})
    return known
