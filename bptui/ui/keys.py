"""The table of commands as Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from bptui.commands import COMMANDS
from bptui.protocol.messages import Ask, Back, Do, GoTo, Next, Run, RunBack, Step
from bptui.protocol.phase import Goal
from bptui.protocol.tape import Move

PANES = ("sample", "loss", "param", "grad", "source", "curve", "timeline", "console", "chooser")
"""The panes that the keys 1 to 9 focus, by id."""
PANE_NAMES = ("sample", "loss", "parameter", "gradient", "source", "curve", "timeline", "console", "list of parameters")
"""What they are called."""

STEPS: dict[str, Ask] = {
    "next": Next(),
    **{each.id: Do(each.phase) for each in COMMANDS if each.phase},
    "in": Step(Move.IN),
    "in_back": Step(Move.BACK),
    "over": Step(Move.OVER),
    "up": Step(Move.UP),
    "out": Step(Move.OUT),
    "sample": Run(Goal.SAMPLE),
    "epoch": Run(Goal.EPOCH),
    "continue": Run(Goal.END),
    "back": Back(),
    "back_run": RunBack(),
    "first": GoTo(0),
    "last": GoTo(-1),
}
"""The commands that are one request."""


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
