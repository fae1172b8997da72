"""The breakpoints of a script: the words that change them, what the debuggee is told, and what is remembered."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bptui.commands.breakpoints import as_typed
from bptui.commands.parse import NotUnderstood
from bptui.model.breakpoints import SCRIPTS, BreakpointModel
from bptui.protocol.breakpoint import BreakpointState
from bptui.protocol.requests import SetBreakpoints

WRITTEN = [
    "backward",
    "line 25",
    "epoch 3 sample 2",
    "backward if loss > 10",
    "change w.grad",
    "exploding 100",
    "update log {w}",
]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of this test alone."""
    monkeypatch.setattr("bptui.model.breakpoints.breakpoints_file", lambda: tmp_path / "state" / "breakpoints.json")
    return tmp_path / "state" / "breakpoints.json"


class Told:
    """What the debuggee and the person are told."""

    def __init__(self, *, remembers: bool = True) -> None:
        self.asked: list[tuple[list[str], bool]] = []
        self.said: list[str] = []
        self.model = BreakpointModel(self._ask, self.said.append, remembers=remembers)

    def _ask(self, ask: SetBreakpoints, quietly: bool) -> None:
        self.asked.append(([as_typed(each) for each in ask.breakpoints], quietly))


def opened(path: Path) -> BreakpointModel:
    points = BreakpointModel(lambda ask, quietly: None, lambda text: None)
    points.open(str(path))
    return points


def test_they_are_there_again_at_the_next_start_of_the_same_script(tmp_path: Path) -> None:
    points = opened(tmp_path / "a.py")
    for text in WRITTEN:
        points.add(text)
    points.switch(2, False)
    points.remove(3)
    points.edit(1, "update")
    again = opened(tmp_path / "a.py")
    assert [as_typed(each) for each in again.breakpoints] == ["update", "line 25", *WRITTEN[3:]]
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


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = opened(tmp_path / "a.py")
    points.add("backward")
    before = kept.read_text()

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    points.add("nan")
    assert [as_typed(each) for each in points.breakpoints] == ["backward", "nan"]
    assert kept.read_text() == before
    assert json.loads(before)
    assert os.listdir(kept.parent) == [kept.name]


def test_each_change_is_told_to_the_debuggee_and_said_in_words(tmp_path: Path) -> None:
    told = Told()
    told.model.open(str(tmp_path / "a.py"))
    assert told.asked == []
    for words in ("update", "line 25 if loss > 1", "disable 1", "edit 2 backward", "enable 1", "remove 1"):
        told.model.type(words)
    assert told.said == [
        "breakpoint 1: update", "breakpoint 2: line 25 if loss > 1", "breakpoint 1 is off", "breakpoint 2: backward",
        "breakpoint 1 is on", "breakpoint 1 is gone",
    ]  # fmt: skip
    assert told.asked[-1] == (["backward"], False)
    assert len(told.asked) == 6
    assert [(each.point.number, each.text) for each in told.model.listed] == [(2, "backward")]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("remove", "Which one?"), ("edit", "Which one?"), ("remove 7", "There is no breakpoint 7."),
        ("disable x", "There is no breakpoint x."), ("edit 1 +", "no place to stop"), ("+", "no place to stop"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_and_nothing_is_told(tmp_path: Path, words: str, sentence: str) -> None:
    told = Told()
    told.model.open(str(tmp_path / "a.py"))
    told.model.type("update")
    with pytest.raises(NotUnderstood, match=sentence):
        told.model.type(words)
    assert len(told.asked) == 1
    assert [each.text for each in told.model.listed] == ["update"]


def test_a_new_debuggee_is_told_quietly_and_what_became_of_each_begins_anew(tmp_path: Path) -> None:
    told = Told()
    told.model.open(str(tmp_path / "a.py"))
    told.model.type("update")
    told.model.hear([BreakpointState(1, False, "never", 0)])
    (listed,) = told.model.listed
    assert listed.state is not None
    told.model.open(str(tmp_path / "a.py"))
    assert told.asked[-1] == (["update"], True)
    (listed,) = told.model.listed
    assert listed.state is None


def test_what_does_not_remember_says_how_many_it_passed_over_and_leaves_them_as_they_are(tmp_path: Path) -> None:
    before = Told()
    before.model.open(str(tmp_path / "a.py"))
    before.model.type("update")
    before.model.type("nan")
    piped = Told(remembers=False)
    piped.model.open(str(tmp_path / "a.py"))
    assert piped.model.breakpoints == ()
    assert piped.model.passed_over == 2
    assert piped.asked == []
    piped.model.type("backward")
    piped.model.open(str(tmp_path / "a.py"))
    assert piped.asked[-1] == (["backward"], True), "after a restart those of this run are there again"
    assert [as_typed(each) for each in opened(tmp_path / "a.py").breakpoints] == ["update", "nan"]
