"""Scripts written on the spot, opened in a controller."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from bptui.engine.controller import Controller

OpenScript = Callable[[str], Controller]
"""Opens a script of that source and runs it to its entry stop."""


@pytest.fixture
def open_script(tmp_path: Path) -> OpenScript:
    def open_script(source: str) -> Controller:
        path = tmp_path / f"script{len(list(tmp_path.iterdir()))}.py"
        path.write_text(dedent(source))
        controller = Controller(str(path))
        controller.start()
        return controller

    return open_script
