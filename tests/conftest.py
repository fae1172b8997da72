"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes says how busy the machine is, and nothing of what is tested
settings.register_profile("bptui", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bptui")


@pytest.fixture
def fake_debuggee(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions start a debuggee without torch, whose script is a module of functions (see fake_debuggee.py)."""
    monkeypatch.setattr("bptui.session.process.BOOT", Path(__file__).parent / "session" / "fake_debuggee.py")


@pytest.fixture(autouse=True)
def state_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What bptui keeps from one start to the next is kept apart for each test, and apart from the person's own."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / ".state"))
