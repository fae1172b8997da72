"""Breakpoints as they are written, as a list, and as they are kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bptui.commands.breakpoints import CHECKS, SCRIPTS, BadBreakpoint, BreakpointList, parse, said
from bptui.protocol.phase import Phase


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of this test alone."""
    monkeypatch.setattr("bptui.commands.breakpoints.breakpoints_file", lambda: tmp_path / "state" / "breakpoints.json")
    return tmp_path / "state" / "breakpoints.json"


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
    assert said(point) == text


def test_a_number_alone_is_a_line() -> None:
    assert said(parse(" 25 ", 1)) == "line 25"


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


def opened(path: Path) -> BreakpointList:
    points = BreakpointList()
    points.open(str(path))
    return points


def test_they_are_there_again_at_the_next_start_of_the_same_script(tmp_path: Path) -> None:
    points = opened(tmp_path / "a.py")
    for text, _ in WRITTEN:
        points.add(text)
    points.switch(2, False)
    points.remove(3)
    points.edit(1, "update")
    again = opened(tmp_path / "a.py")
    assert [said(each) for each in again.breakpoints] == ["update", "line 25"] + [text for text, _ in WRITTEN[3:]]
    assert [each.enabled for each in again.breakpoints] == [True, False] + [True] * (len(WRITTEN) - 3)
    assert opened(tmp_path / "b.py").breakpoints == ()


def test_a_removed_one_leaves_the_others_their_numbers_and_an_edited_one_stays_off(tmp_path: Path) -> None:
    points = opened(tmp_path / "a.py")
    for text in ("forward", "backward", "update"):
        points.add(text)
    points.remove(2)
    points.switch(3, False)
    points.edit(3, "zero_grad")
    assert points.add("nan").number == 4
    assert [(each.number, each.enabled) for each in points.breakpoints] == [(1, True), (3, False), (4, True)]


def test_only_so_many_scripts_are_kept(tmp_path: Path) -> None:
    for number in range(SCRIPTS + 1):
        opened(tmp_path / f"{number}.py").add("nan")
    assert opened(tmp_path / "0.py").breakpoints == ()
    assert len(opened(tmp_path / "1.py").breakpoints) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"S": 3}',
        '{"S": [3, {}, {"phase": "x"}, {"line": "y"}, {"condition": "foo"}, {"evil": 1}]}',
        "\0",
    ],
)
def test_a_broken_file_gives_none_and_is_no_reason_to_complain(tmp_path: Path, kept: Path, content: str) -> None:
    script = (tmp_path / "a.py").resolve()
    kept.parent.mkdir()
    kept.write_text(content.replace("S", str(script)))
    points = opened(script)
    assert points.breakpoints == ()
    points.add("nan")
    assert len(opened(script).breakpoints) == 1
