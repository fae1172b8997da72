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


FULL_WIDTH = 0xFEE0
"""So far behind an ASCII character stands the same one in the width of a Chinese one, which input methods type."""
SIGN_NAMES = {"plus": "plus_sign", "minus": "hyphen_minus"}
"""Signs that Unicode calls otherwise than Textual does."""


def in_both_widths(keys: str) -> str:
    """Keys, and the same as a Chinese input method types them: `n,ｎ`, `colon,fullwidth_colon`."""
    one = keys.split(",")
    wide = [
        chr(ord(key) + FULL_WIDTH) if len(key) == 1 else f"fullwidth_{SIGN_NAMES.get(key, key)}"
        for key in one
        if len(key) == 1 or key in ("colon", "question_mark", "equals_sign", *SIGN_NAMES)
    ]
    return ",".join([*one, *wide])


BINDINGS: list[BindingType] = [
    *(
        Binding(
            in_both_widths(",".join(each.keys)),
            action(each.id),
            each.label,
            id=each.id,
            tooltip=each.help,
            show=bool(each.footer),
        )
        for each in COMMANDS
        if each.keys
    ),
    *(
        Binding(in_both_widths(str(number)), f"pane('{id}')", f"focus {name}", show=False, id=f"pane-{id}")
        for number, (id, name) in enumerate(zip(PANES, PANE_NAMES, strict=True), 1)
    ),
]
