"""Every key and what it does, from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bptui.commands import COMMANDS, sign
from bptui.render.fit import piece
from bptui.render.style import LIT, QUIET, STRONG

KEYS = 9
LABELS = 10


def help_text(panes: Sequence[str]) -> Text:
    """A line or two for each command, and the panes with their numbers."""
    lines = [_line(" ".join(map(sign, each.keys)), each.label, each.help) for each in COMMANDS]
    named = ", ".join(f"{number} {name}" for number, name in enumerate(panes, 1))
    lines += [
        _line("tab 1-9", "panes", f"Focus a pane: {named}."),
        _line("^p", "palette", "Every command by name, and the theme."),
    ]
    lines += [Text(), piece("The mouse: click a phase to run it, a key in the last line, a pane, a parameter.", QUIET)]
    return piece("\n").join(lines)


def _line(keys: str, label: str, text: str) -> Text:
    return piece(keys.ljust(KEYS), LIT) + piece(label.ljust(LABELS), STRONG) + piece(text, QUIET)
