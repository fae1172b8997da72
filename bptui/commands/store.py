"""What is kept per script from one start to the next, in JSON files.

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


def kept_of(path: Path, script: str) -> list[Any]:
    """What is kept of that script in that file; empty if nothing is."""
    things = _kept(path).get(script)
    return things if isinstance(things, list) else []


def keep(path: Path, script: str, things: Sequence[Any], most: int) -> None:
    """Keep that of the script: of at most so many scripts; the one that was changed longest ago goes first."""
    kept = {each: those for each, those in _kept(path).items() if each != script}
    if things:
        kept[script] = list(things)
    with contextlib.suppress(OSError):
        _replace(path, json.dumps(dict([*kept.items()][-most:])) + "\n")


def _kept(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(kept, dict):
            return kept
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
