"""The line mode's words for time, with real PyTorch at the other end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bptui.plain.commands import POINTS


@pytest.fixture
def say(tmp_path: Path) -> Any:
    """Type lines; what is printed, an object each."""

    def say(*lines: str, arguments: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "bptui", "--json", *arguments],
            input="\n".join(lines), capture_output=True, text=True, cwd=tmp_path, timeout=600, check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "XDG_STATE_HOME": str(tmp_path / "state")},
        )  # fmt: skip
        assert done.stderr == ""
        return [json.loads(line) for line in done.stdout.splitlines()]

    return say


def test_back_and_on_again_is_the_same_and_another_way_is_a_branch(say: Any) -> None:
    told = say("next 6", "back 2", "next 2", "goto 4", "zeroing off", "next 3", "branches", "goto 0:6")
    assert told[7]["index"] == 4
    assert told[7]["stop_reason"] == "goto"
    for before, after in zip(told[5:7], told[8:10], strict=True):
        assert (before["params"], before["loss"], before["ledger"]) == (after["params"], after["loss"], after["ledger"])
    assert told[-2]["branches"] == [
        {"branch": 0, "parent": None, "at": -1, "last": 6},
        {"branch": 1, "parent": 0, "at": 4, "last": 7},
    ]
    assert told[-3]["branch"] == 1
    assert told[-1]["params"] == told[6]["params"]


def test_breakpoints_stop_a_run_and_are_changed_in_words(say: Any) -> None:
    told = say("break loss > 6", "break nan", "continue", "break disable 1", "break remove 2", "reverse-continue")
    assert [each["break"] for each in told[2]["breakpoints"]] == ["loss > 6", "nan"]
    assert (told[3]["index"], told[3]["breakpoint"]) == (9, "breakpoint 1: loss > 6 (loss = 7.31594)")
    assert told[5]["breakpoints"] == [{"number": 1, "break": "loss > 6", "enabled": False, "message": "", "met": 1}]


@pytest.fixture
def remembering(tmp_path: Path) -> Any:
    """Pipe lines, with these options; what is printed, an object each, and what is on stderr."""

    def pipe(*lines: str, options: tuple[str, ...] = ()) -> tuple[list[dict[str, Any]], str]:
        done = subprocess.run(
            [sys.executable, "-m", "bptui", "--json", *options],
            input="\n".join(lines), capture_output=True, text=True, cwd=tmp_path, timeout=600, check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "XDG_STATE_HOME": str(tmp_path / "state")},
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    return pipe


def test_piped_commands_mean_the_same_whatever_was_set_before(remembering: Any) -> None:
    told, errors = remembering("break loss > 6", "watch w.item()", "continue", options=("--remembered",))
    assert (told[-1]["index"], errors) == (9, "")
    told, errors = remembering("continue", "restart")
    assert [each["stop_reason"] for each in told] == ["entry", "end", "entry"]
    assert "watches" not in told[1]
    assert errors.count("\n") == 1, "it is said once"
    assert "(1 breakpoint, 1 watch) " in errors
    assert "--remembered" in errors
    told, errors = remembering("break backward", "continue")
    assert told[-1]["phase"] == "forward"
    told, errors = remembering("continue", options=("--remembered",))
    assert (told[-1]["index"], errors) == (9, ""), "what a run without them set took nothing away"
    assert told[-1]["watches"] == {"w.item()": str(told[-1]["params"][0]["value"])}


def test_a_line_is_read_as_the_screen_reads_it(say: Any) -> None:
    told = say("next 2", "w.grad.item() * 2", "!next", "loss = 3", "nxt", "x")
    assert told[3] == {"value": "-4.0", "error": False, "changed": False}
    assert told[4]["value"].startswith("<built-in function next>")
    assert told[-2] == {
        "error": "There is no command 'nxt', and the script has no such name.", "hint": "help lists the commands.",
    }  # fmt: skip
    assert told[-1]["value"] == "1.0"


def test_several_steps_stop_at_a_breakpoint_as_in_gdb(say: Any) -> None:
    told = say("next 2", "break update", "next 9", "next 2", "break disable 1", "next 9")
    stops = [each["index"] for each in told if "index" in each]
    assert stops == [0, 1, 2, *range(3, 7), 7, 8, *range(9, 18)], "it stands before the update at 2 and at 6"
    assert [each["index"] for each in told if each.get("breakpoint")] == [6]


def test_python_is_evaluated_and_what_it_changed_is_undone(say: Any) -> None:
    told = say(
        "next 4", "eval type(w.grad.data)", "eval w.data.mul_(2)", "back", "set w = 1.5", "eval 1/0", "set lr = 1"
    )
    assert told[5] == {"value": "<class 'torch.Tensor'>", "error": False, "changed": False}
    assert told[6]["changed"]
    assert told[7]["edit"] == "w.data.mul_(2)"
    assert told[8]["params"] == told[4]["params"]
    assert told[9]["params"][0]["value"] == 1.5
    assert told[10] == {"value": "ZeroDivisionError: division by zero", "error": True, "changed": False}
    assert "lr" in told[11]["error"]


def test_watches_are_told_at_each_stop(say: Any) -> None:
    told = say("watch w.item() * 2", "watch foo", "next", "unwatch foo", "next", "unwatch bar")
    assert told[2]["watches"] == {"w.item() * 2": "2.0", "foo": "The script has no foo."}
    assert told[3]["watches"]["w.item() * 2"] == "2.0"
    assert list(told[5]["watches"]) == ["w.item() * 2"]
    assert told[6]["error"] == "bar is not watched."


def test_the_timeline_is_kept_opened_compared_and_written_as_a_table(say: Any, tmp_path: Path) -> None:
    told = say(
        "next 9", "compare zeroing 20", "plot", "save run.bptrace", "export run.csv", "export run.jsonl", "export x"
    )
    compared = next(each["compared"] for each in told if "compared" in each)
    assert compared == {"at": 9, "on": 0, "off": 1}
    plotted = next(each for each in told if "plot" in each)
    assert 0 < len(plotted["points"]) <= POINTS
    assert told[-1]["error"].startswith("x is to end with .csv or .jsonl")
    lines = (tmp_path / "run.csv").read_text().splitlines()
    assert lines[0] == "branch,index,phase,reason,epoch,sample,loss,edit,w,w.grad"
    records = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert len(records) == len(lines) - 1 == 30 + 20
    assert records[2]["params"] == {"w": {"value": 1.0, "grad": -2.0}}
    recorded = say("goto 5", "next", arguments=("run.bptrace",))
    assert recorded[1]["loss"] == told[5]["loss"]
    assert recorded[2]["params"] == told[6]["params"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("goto x", "To which step?"), ("goto 99", "There is no step 99"), ("back", "This is the entry"),
        ("break", "breakpoints"), ("break remove 7", "There is no breakpoint 7"), ("break +", "no place to stop"),
        ("plot foo", "There is no foo to plot"), ("save", "Save in which file?"), ("set", "Set what"),
        ("save /nowhere/x", "cannot be written"), ("eval", "Evaluate what?"), ("compare", "Only zeroing"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_sentence_and_the_next_line_is_read(say: Any, line: str, words: str) -> None:
    told = say(line, "next")
    assert words in json.dumps(told[1])
    assert told[2]["index"] == 1
