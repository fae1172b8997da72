"""Numbers three lines high."""

from __future__ import annotations

GLYPHS = {
    "0": ("╭─╮", "│ │", "╰─╯"),
    "1": ("╶╮ ", " │ ", "╶┴╴"),
    "2": ("╶─╮", "╭─╯", "╰─╴"),
    "3": ("╶─╮", " ─┤", "╶─╯"),
    "4": ("╷ ╷", "╰─┤", "  ╵"),
    "5": ("╭─╴", "╰─╮", "╶─╯"),
    "6": ("╭─╴", "├─╮", "╰─╯"),
    "7": ("╶─╮", "  │", "  ╵"),
    "8": ("╭─╮", "├─┤", "╰─╯"),
    "9": ("╭─╮", "╰─┤", "╶─╯"),
    "-": ("  ", "╶╴", "  "),
    "+": ("   ", "╶┼╴", "   "),
    "e": ("   ", "╭─╮", "├─╴"),
    ".": (" ", " ", "."),
}
HEIGHT = 3


def digits(number: str) -> tuple[str, ...] | None:
    """The three lines of a number; None for what is not written in digits, such as nan."""
    if any(sign not in GLYPHS for sign in number):
        return None
    return tuple("".join(GLYPHS[sign][line] for sign in number) for line in range(HEIGHT))
