"""The screen's tests: no colour, theme or setting of the person's own gets in, and pictures belong to one Textual."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.ui.settle import settle

for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLORTERM"):
    os.environ.pop(name, None)

DRAWN_WITH = "8.2.8"
"""The Textual that drew the pictures. Another draws some characters otherwise, so that nothing could be learnt."""


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file of this test alone."""
    monkeypatch.setattr("bptui.ui.base.settings.settings_file", lambda: tmp_path / "settings" / "settings.json")
    monkeypatch.setattr("bptui.ui.model.command_history.history_file", lambda: tmp_path / "state" / "history")
    monkeypatch.setattr("bptui.model.breakpoints.breakpoints_file", lambda: tmp_path / "state" / "breakpoints.json")
    monkeypatch.setattr("bptui.model.watches.watches_file", lambda: tmp_path / "state" / "watches.json")
    return tmp_path / "settings" / "settings.json"


@pytest.fixture(autouse=True)
def _one_textual(request: pytest.FixtureRequest) -> None:
    if "snap_compare" not in request.fixturenames or version("textual") == DRAWN_WITH:
        return
    if request.config.getoption("--snapshot-update"):
        pytest.exit(f"The pictures are drawn with textual {DRAWN_WITH}, not {version('textual')}: install that one.", 4)
    pytest.skip(f"the pictures were drawn with textual {DRAWN_WITH}")


@pytest.fixture(autouse=True)
def _no_step_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an answer may take any time; a test of what a long step looks like sets this by itself."""
    monkeypatch.setattr("bptui.ui.actions.play.SLOW", 10**6)


@pytest.fixture(autouse=True)
def _pilot_waits_for_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """... and not for a CPU that is not busy."""
    for module in ("textual.pilot", "textual.app"):
        monkeypatch.setattr(f"{module}.wait_for_idle", settle)
