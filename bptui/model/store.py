"""What is remembered per script from one start to the next, in JSON files.

A file that cannot be read or written is no reason to complain.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def remembered(path: Path, script: str) -> list[Any]:
    """What that file holds of that script; empty if it holds nothing."""
    things = _read(path).get(script)
    return things if isinstance(things, list) else []


def remember(path: Path, script: str, things: Sequence[Any], most: int) -> None:
    """Keep that of the script: of at most so many scripts; the one that was changed longest ago goes first."""
    scripts = {each: those for each, those in _read(path).items() if each != script}
    if things:
        scripts[script] = list(things)
    with contextlib.suppress(OSError):
        _replace(path, json.dumps(dict([*scripts.items()][-most:])) + "\n")


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        scripts = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(scripts, dict):
            return scripts
    return {}


def _replace(path: Path, text: str) -> None:
    """Write the file as a whole or not at all: a session beside this one may read it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
