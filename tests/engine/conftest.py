"""Scripts written on the spot, opened in a controller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Protocol

import pytest

from bptui.engine.controller import Controller

CORPUS = Path(__file__).parent / "corpus"

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


Ask = Callable[..., dict[str, Any]]
"""Has the worker of the corpus run a script in one of its modes."""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Have the worker run a script in one of its modes."""
    root = str(CORPUS.parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    with subprocess.Popen(
        [sys.executable, str(CORPUS / "worker.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=env,
    ) as worker:  # fmt: skip

        def ask(mode: str, path: Path, **more: Any) -> dict[str, Any]:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(json.dumps({"mode": mode, "path": str(path), **more}) + "\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            assert answer, "the worker has died"
            return json.loads(answer)

        yield ask
        assert worker.stdin is not None
        worker.stdin.close()


@pytest.fixture(autouse=True)
def recursion_limit_of_the_tests() -> Iterator[None]:
    """What a script of a test sets for its process does not reach the next test."""
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)
