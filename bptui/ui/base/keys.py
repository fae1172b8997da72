"""The table of commands as Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from bptui.commands.parse import STEPS
from bptui.commands.table import COMMANDS

PANES = ("sample", "loss", "param", "grad", "source", "curve", "timeline", "console", "chooser")
"""The panes that the keys 1 to 9 focus, by id."""
PANE_NAMES = ("sample", "loss", "parameter", "gradient", "source", "curve", "timeline", "console", "list of parameters")
"""What they are called."""


def action(command: str) -> str:
    """A command as Textual's action."""
    return f"step('{command}')" if command in STEPS else command


BINDINGS: list[BindingType] = [
    *(
        Binding(",".join(each.keys), action(each.id), each.label, id=each.id, tooltip=each.help, show=bool(each.footer))
        for each in COMMANDS
        if each.keys
    ),
    *(
        Binding(str(number), f"pane('{id}')", f"focus {name}", show=False, id=f"pane-{id}")
        for number, (id, name) in enumerate(zip(PANES, PANE_NAMES, strict=True), 1)
    ),
]
