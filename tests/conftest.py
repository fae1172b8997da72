"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def fake_debuggee(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions start a debuggee without torch, whose script is a module of functions (see fake_debuggee.py)."""
    monkeypatch.setattr("bptui.debuggee.BOOT", Path(__file__).parent / "protocol" / "fake_debuggee.py")
