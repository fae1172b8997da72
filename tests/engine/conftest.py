"""Scripts written on the spot, opened in a controller."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pytest

from bptui.engine.controller import Controller


class OpenScript(Protocol):
    """Opens a script of that source and runs it to its entry stop."""

    def __call__(self, source: str, memory: int = 512) -> Controller: ...


@pytest.fixture
def open_script(tmp_path: Path) -> OpenScript:
    def open_script(source: str, memory: int = 512) -> Controller:
        path = tmp_path / f"script{len(list(tmp_path.iterdir()))}.py"
        path.write_text(dedent(source))
        controller = Controller(str(path), memory=memory)
        controller.start()
        return controller

    return open_script
