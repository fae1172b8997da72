"""Breakpoints as they are written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from bptui.commands.breakpoints import CHECKS, BadBreakpoint, as_typed, parse
from bptui.protocol.phase import Phase

WRITTEN: list[tuple[str, dict[str, Any]]] = [
    ("backward", {"phase": Phase.BACKWARD}),
    ("line 25", {"line": 25}),
    ("epoch 3", {"epoch": 3}),
    ("epoch 3 sample 2", {"epoch": 3, "sample": 2}),
    ("epoch 3 update", {"epoch": 3, "phase": Phase.UPDATE}),
    ("loss > 10", {"condition": "loss > 10"}),
    ("isnan(w.grad)", {"condition": "isnan(w.grad)"}),
    ("abs(w - 2) < 0.01", {"condition": "abs(w - 2) < 0.01"}),
    ("not ok", {"condition": "not ok"}),
    ("model.0.weight.norm() > 3", {"condition": "model.0.weight.norm() > 3"}),
    ("backward if loss > 10", {"phase": Phase.BACKWARD, "condition": "loss > 10"}),
    ("line 25 if x if y else z", {"line": 25, "condition": "x if y else z"}),
    ("change w.grad", {"data": "w.grad"}),
    ("change model.0.weight[2, 1]", {"data": "model.0.weight[2, 1]"}),
    ("nan", {"check": "nan"}),
    ("exploding 100", {"check": "exploding", "limit": 100.0}),
    ("update hits 5", {"phase": Phase.UPDATE, "hits": "5"}),
    ("update hits % 5", {"phase": Phase.UPDATE, "hits": "% 5"}),
    ("line 25 log loss is {loss} if w", {"line": 25, "log": "loss is {loss} if w"}),
    (
        "forward if w > 1 hits > 3 log {w}",
        {"phase": Phase.FORWARD, "condition": "w > 1", "hits": "> 3", "log": "{w}"},
    ),
]


@pytest.mark.parametrize(("text", "parts"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_what_is_written_is_meant_and_is_said_so_again(text: str, parts: dict[str, Any]) -> None:
    point = parse(text, 7)
    assert {name: value for name, value in asdict(point).items() if value not in (None, "")} == {
        "number": 7, "enabled": True, **parts,
    }  # fmt: skip
    assert as_typed(point) == text


def test_a_number_alone_is_a_line() -> None:
    assert as_typed(parse(" 25 ", 1)) == "line 25"


@pytest.mark.parametrize("name", CHECKS)
def test_every_ready_made_check_is_one_by_its_name(name: str) -> None:
    assert parse(name, 1).check == name


@pytest.mark.parametrize(
    "text", ["", "foo", "w.grad", "line", "loss >", "backwards", "if", "hits 3", "log x", "exploding 1e", "a if b if c"]
)
def test_what_is_none_says_what_would_be_one(text: str) -> None:
    with pytest.raises(BadBreakpoint) as raised:
        parse(text, 1)
    message, hint = raised.value.args
    assert message
    assert hint
