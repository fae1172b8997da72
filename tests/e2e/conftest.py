"""Terminals and what becomes of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.terminal import Terminal


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts bptui with these arguments in a terminal; it is ended after the test."""
    terminals: list[Terminal] = []

    def start(*arguments: str | Path, **size: Any) -> Terminal:
        terminals.append(Terminal(*arguments, home=tmp_path, **size))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.kill()
