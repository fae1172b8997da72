"""Each room, imported alone with all its modules, loads nothing from beyond its walls.

The import contracts in pyproject.toml say the same of the source; this looks at what really gets loaded.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DRAWING = ("rich", "textual", "bptui.render", "bptui.ui")
DEBUGGER = ("bptui.cli", "bptui.commands", "bptui.model", "bptui.plain", "bptui.session", "bptui.trace", *DRAWING)
ENGINE = ("torch", "bptui.engine")

LOADED_BY = """
import importlib, pkgutil, sys
sys.path[:0] = [{root!r}]
room = importlib.import_module({room!r})
for each in pkgutil.walk_packages(getattr(room, "__path__", []), {room!r} + "."):
    importlib.import_module(each.name)
print(*sys.modules)
"""


def loaded_by(room: str) -> set[str]:
    """The modules that a Python has loaded which imported only this room."""
    code = LOADED_BY.format(root=str(ROOT), room=room)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("room", "walls"),
    [
        pytest.param("bptui.protocol", (*DEBUGGER, *ENGINE, "numpy"), id="the protocol is standard library only"),
        pytest.param("bptui.engine", DEBUGGER, id="the engine never draws and does not know who asks it"),
        pytest.param("bptui.session", (*DRAWING, *ENGINE), id="the session does without torch and without a screen"),
        pytest.param(
            "bptui.trace",
            ("bptui.cli", "bptui.plain", "bptui.session", "numpy", *DRAWING, *ENGINE),
            id="a trace is read with the standard library only",
        ),
        pytest.param("bptui.commands", (*DRAWING, *ENGINE, "bptui.model"), id="the commands are only a table"),
        pytest.param("bptui.model", (*DRAWING, *ENGINE, "bptui.session"), id="what a person has set needs no screen"),
        pytest.param("bptui.render", ("textual", "bptui.ui", "bptui.session", *ENGINE), id="drawing needs only rich"),
        pytest.param("bptui.plain", ("textual", "bptui.ui", *ENGINE), id="the line mode has no screen"),
        pytest.param(
            "bptui.cli.main",
            (*(set(DRAWING) - {"bptui.render"}), *ENGINE),  # the gate needs no Rich
            id="the command line starts without screen and torch",
        ),
        pytest.param("bptui.ui", ("bptui.plain", "bptui.cli", *ENGINE), id="the screen never meets the engine"),
    ],
)
def test_a_room_loads_nothing_from_beyond_its_walls(room: str, walls: tuple[str, ...]) -> None:
    loaded = loaded_by(room)
    assert room in loaded
    assert sorted(loaded & set(walls)) == []


def test_import_bptui_loads_nothing_else_of_it() -> None:
    source = f"import sys; sys.path[:0] = [{str(ROOT)!r}]; import bptui; print(*sys.modules); bptui.Phase"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith(("bptui", "torch", "textual"))] == ["bptui"]
