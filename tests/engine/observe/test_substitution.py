"""The line about to run with its numbers in: what Python would compute there, and nothing else."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import torch

from bptui.engine.observe.substitution import with_numbers

W = torch.tensor([1.5], requires_grad=True)
W.grad = torch.tensor([-2.0])
NAMES: dict[str, Any] = {
    "w": W, "lr": 0.01, "n": 3, "x": torch.tensor([-4.0]), "p": torch.tensor(9.0), "many": torch.ones(2), "ws": [W],
    "flag": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "filled"),
    [
        ("w.data = w.data - lr * w.grad.data", "w.data = 1.5000 - 0.0100 * -2.0000"),
        ("w.data -= lr * w.grad ** 2", "w.data -= 0.0100 * (-2.0000) ** 2"),
        ("y = -x ** 2", "y = -(-4.0000) ** 2"),
        ("y = 2 ** x", "y = 2 ** -4.0000"),
        ("y = x[0] * n", "y = x[0] * 3"),
        ("w.data[0] = w.data[0] - 1", "w.data[0] = w.data[0] - 1"),
        ("loss = sum(p * lr for p in ws)", "loss = sum((p * 0.0100 for p in ws))"),
        ("for p in ws: p.data -= lr * p.grad", "for p in ws: p.data -= 0.0100 * p.grad"),
        ("if p is None: y = 1", "if p is None: y = 1"),
        ("if n > 2: w.data -= lr * w.grad", "if 3 > 2: w.data -= 0.0100 * -2.0000"),
        ("y = (p := n) + p", "y = (p := 3) + p"),
        ("l.backward()", "l.backward()"),
        ("y = many * n", "y = many * 3"),
        ("del x", "del x"),
        ("f = lambda x: x * n", "f = lambda x: x * n"),
        ("y = x - -n", "y = -4.0000 - -3"),
    ],
)
def test_numbers_stand_for_what_is_read(line: str, filled: str) -> None:
    (statement,) = ast.parse(line).body
    assert with_numbers(statement, NAMES) == filled
