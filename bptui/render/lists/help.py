"""Every key and what it does, from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.text import Text

from bptui.commands.table import COMMANDS, called
from bptui.render.text.fit import piece
from bptui.render.text.style import LIT, QUIET, STRONG

KEYS = 10
LABELS = 12


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
    return Text("\n").join(_row(*row, width) for row in rows)


def _row(keys: str, label: str, text: str, width: int) -> Text:
    """The sentence wraps in its own column."""
    first, *more = wrap(text, max(width - KEYS - LABELS, 20))
    row = piece(keys.ljust(KEYS), LIT).append(label.ljust(LABELS), STRONG).append(first, QUIET)
    for line in more:
        row.append("\n" + " " * (KEYS + LABELS) + line, QUIET)
    return row
