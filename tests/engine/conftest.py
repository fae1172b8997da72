"""Scripts written on the spot, opened in a controller."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pytest

from bptui.engine.controller import Controller

LECTURE = """
import torch
w = torch.tensor([1.0], requires_grad=True)
def forward(x):
    return x * w
def loss(x, y):
    y_pred = forward(x)
    return (y_pred - y) ** 2
for epoch in range(2):
    for x, y in zip([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]):
        l = loss(x, y)
        l.backward()
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
"""


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
