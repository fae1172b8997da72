"""The styles that the screen's text is drawn in: Textual's theme variables, which only the screen can resolve."""

from __future__ import annotations

from rich.style import Style

QUIET = "$quiet"
FAINT = "$faint"
STRONG = "bold"
LIT = "$text-accent bold"
"""What the last step changed, and what comes next."""
GOOD = "$text-success"
WARN = "$text-warning"
BAD = "$text-error bold"
NEXT = "$bar-next-foreground on $bar-next bold"
"""The phase that comes next, as a block of colour; it has its mark too."""


def command(name: str) -> Style:
    """A piece of text that, clicked, gives this command."""
    return Style(meta={"command": name})


def param(name: str) -> Style:
    """A piece of text that, clicked, chooses this parameter."""
    return Style(meta={"param": name})


def branch(number: int) -> Style:
    """A piece of text that, clicked, shows this branch."""
    return Style(meta={"branch": number})
