"""What is remembered from one time to the next: the theme.

A file that cannot be read or written is no reason to complain.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from platformdirs import user_config_path


def settings_file() -> Path:
    """Where it is kept."""
    return user_config_path("bptui", appauthor=False) / "settings.json"


def remembered_theme() -> str | None:
    """The theme that the person chose; None if there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        settings = json.loads(settings_file().read_text(encoding="utf-8"))
        if isinstance(settings, dict) and isinstance(settings.get("theme"), str):
            return str(settings["theme"])
    return None


def remember_theme(name: str) -> None:
    """Keep the theme that the person chose."""
    with contextlib.suppress(OSError):
        settings_file().parent.mkdir(parents=True, exist_ok=True)
        settings_file().write_text(json.dumps({"theme": name}) + "\n", encoding="utf-8")
