"""The screen as a picture in a file."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text
from textual.app import App

from bptui.render.stop.footer import refused
from bptui.render.text.fit import piece

ENDING = ".svg"
BEGINNING = b"<svg"


def keep_picture(app: App[None], name: str) -> Text:
    """Write what is on the screen into that file; what became of it, in one sentence."""
    path = Path(name).expanduser()
    try:
        wrong = _wrong(path)
        if not wrong:
            path.write_text(app.export_screenshot(title="bptui"), encoding="utf-8")
            return piece(f"the screen is in {path}")
    except OSError as error:
        wrong = f"{path} cannot be written: {error.strerror or error}."
    return refused(wrong, "export FILE.svg writes the screen")


def _wrong(path: Path) -> str:
    """Why there can be no picture in that file; what is there already and is none is never overwritten."""
    if path.suffix.lower() != ENDING:
        return f"{path} does not end in {ENDING}."
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}."
    if path.is_dir():
        return f"{path} is a folder."
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(BEGINNING)) not in (BEGINNING, b""):
                return f"{path} is there already, and is no picture."
    return ""
