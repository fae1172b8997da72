"""bptui: a step debugger for PyTorch training.

In a notebook or a test the engine is used directly:

    import bptui

    program = bptui.Controller("train.py", ["--lr", "0.1"])
    stop = program.start()  # the setup has run, up to the loop
    stop = program.next()  # the phase that comes next
    stop = program.do(bptui.Phase.BACKWARD)
    stop.loss.number, stop.params[0].grad

The public names are resolved on first use: `import bptui` loads neither torch nor textual.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bptui.engine.controller import Controller
    from bptui.engine.errors import CannotCut, StepRefused
    from bptui.protocol.phase import Goal, Phase, StopReason
    from bptui.protocol.snapshot import Snapshot

__version__ = "0.1.0"

__all__ = ["CannotCut", "Controller", "Goal", "Phase", "Snapshot", "StepRefused", "StopReason"]

_HOMES = {
    "CannotCut": "bptui.engine.errors",
    "Controller": "bptui.engine.controller",
    "Goal": "bptui.protocol.phase",
    "Phase": "bptui.protocol.phase",
    "Snapshot": "bptui.protocol.snapshot",
    "StepRefused": "bptui.engine.errors",
    "StopReason": "bptui.protocol.phase",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bptui' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
