"""Every key and what it does, from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bptui.commands.table import COMMANDS, called
from bptui.render.text.cells import to_left, wrapped
from bptui.render.text.fit import piece, wrapped_text
from bptui.render.text.style import LIT, QUIET, STRONG

KEYS = 10
LABELS = 12
LEAST = 20
"""A sentence has a column of so many cells, also where it must be wrapped once more."""


def help_text(panes: Sequence[str], width: int) -> Text:
    """A line or more for each command, and the panes with their numbers."""
    named = ", ".join(f"{number} {name}" for number, name in enumerate(panes, 1))
    rows = [(called(each), each.label, each.help) for each in COMMANDS]
    rows += [
        ("tab 1-9", "panes", f"Focus a pane: {named}."),
        ("^p", "palette", "Every command by name, and the theme."),
        ("arrows ⏎", "timeline", "In that pane: choose a step and go there; left and right show other branches."),
        (
            "click",
            "mouse",
            "A phase in the bar, a key, a pane, a parameter: what its key does. A step: go there. "
            "A line's number: stop there, or no longer.",
        ),
    ]
    return piece("\n").join(_row(*row, width) for row in rows)


def _row(keys: str, label: str, text: str, width: int) -> Text:
    """The sentence wraps in its own column."""
    first, *more = wrapped(text, max(width - KEYS - LABELS, LEAST))
    row = piece(to_left(keys, KEYS), LIT) + piece(to_left(label, LABELS), STRONG) + piece(first, QUIET)
    below = [piece(" " * (KEYS + LABELS) + line, QUIET) for line in more]
    return wrapped_text(piece("\n").join([row, *below]), width)
