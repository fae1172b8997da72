"""The line mode's words for time as a person reads them, with real PyTorch at the other end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bptui.commands.table import COMMANDS

Type = Callable[..., list[str]]


@pytest.fixture
def typed(tmp_path: Path) -> Type:
    """Type lines; the lines that are printed, but for what the lesson itself prints."""

    def typed(*lines: str, as_json: bool = False, options: tuple[str, ...] = ()) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "bptui", "--json" if as_json else "--plain", *options],
            input="\n".join(lines), capture_output=True, encoding="utf-8", cwd=tmp_path, timeout=600, check=False,
            env={
                **os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "XDG_STATE_HOME": str(tmp_path / "state"),
                "PYTHONUTF8": "1",
            },
        )  # fmt: skip
        assert done.stderr == ""
        assert done.returncode == 0
        return [line for line in done.stdout.splitlines() if not line.startswith("    | ")]

    return typed


def test_breakpoints_are_listed_after_each_change_and_a_stop_says_which_was_met(typed: Type) -> None:
    told = typed(
        "break",
        "break update",
        "break line 9999",
        "break disable 1",
        "break edit 1 backward",
        "next 9",
        options=("--remembered",),
    )
    assert told[1:4] == ["no breakpoints", "breakpoint 1: update", "breakpoint 1: update"]
    assert told[4].startswith("breakpoint 2: line 9999; The script has no line 9999")
    assert "breakpoint 1 (off): update" in told
    assert "breakpoint 1 (off): backward" in told
    told = typed("break enable 1", "continue", options=("--remembered",))
    assert told[1] == "breakpoint 1: backward"
    assert told[-2].startswith("#1 forward")
    assert told[-1] == "    breakpoint 1: before backward, line 26"


def test_breakpoints_and_watches_are_still_there_after_a_restart(typed: Type) -> None:
    told = typed("break update", "watch w.item()", "restart", "continue")
    assert told[-3].startswith("#2 backward")
    assert told[-2:] == ["    breakpoint 1: before update, line 30", "    w.item() = 1.0"]


def test_a_logpoint_speaks_before_the_stop_and_stops_nothing(typed: Type) -> None:
    told = typed('break update hits 2 log "w is {w.item():.2f}"', "epoch")
    assert told[2:-1] == ["w is 1.02", "w is 1.10"]
    assert told[-1].startswith("#12 zero_grad")
    logpoint = 'break update hits 2 log "w is {w.item():.2f}"'
    records = [json.loads(line) for line in typed(logpoint, "epoch", as_json=True)]
    assert records[2:-1] == [{"log": "w is 1.02"}, {"log": "w is 1.10"}]


def test_a_plot_is_a_table_of_the_branch_on_which_the_program_stands(typed: Type) -> None:
    told = typed("plot", "next 4", "plot w.grad", "goto 2", "set w = 3.0", "plot w")
    assert told[1] == "there is no loss yet"
    table = told.index("    step         lowest        highest  w.grad")
    assert told[table + 1 : table + 4] == [
        f"{step:>8} {grad:>14} {grad:>14}" for step, grad in ((2, -2), (3, -2), (4, 0))
    ]
    assert told[-5].endswith("highest  w, branch 1")
    assert [line.split() for line in told[-4:]] == [["0", "1", "1"], ["1", "1", "1"], ["2", "1", "1"], ["3", "3", "3"]]


def test_branches_say_where_they_leave_and_a_comparison_says_how_both_ended(typed: Type) -> None:
    told = typed("next 4", "compare zeroing 16", "branches")
    on, off = (line.partition(", loss ") for line in told if line.startswith("zeroing "))
    assert (on[0], off[0]) == ("zeroing on: branch 0, to step 20", "zeroing off: branch 1, to step 20")
    (loss, _, place), (other, _, there) = (each[2].partition(" at ") for each in (on, off))
    assert (place, there) == ("epoch 1 sample 1", "epoch 1 sample 1")  # of the last sample to which both came
    assert float(loss) != float(other)
    assert told[-2:] == ["branch 0: to step 20", "branch 1: to step 20, leaves branch 0 behind step 4"]


def test_python_answers_as_its_prompt_does_and_a_tab_is_a_space_too(typed: Type) -> None:
    assert typed("eval\tx = 3", "eval [x,  1]", "eval 'a\\nb'", "eval print('said')")[-2] == "'a\\nb'"


SLIPS = {
    "break": "no breakpoints",
    "break remove": "error: Which one? break remove 1; break lists them",
    "break edit 7 update": "error: There is no breakpoint 7. break lists them",
    "unwatch w": "error: Nothing is watched. watch w.grad.norm() would be",
    "watch": "no watches",
    "set lr": "error: Set what to which value? set lr = 0.1",
    "first 2": "error: first takes nothing, so not '2'. Go to the first stop.",
    "back x": "error: back takes a number from 1, not 'x'. back [N]",
    "plot v": "error: There is no v to plot. there is loss, w, w.grad",
    "command": "error: There is no command 'command', and the script has no such name. help lists the commands.",
}
"""Lines, and what is said to each."""


def test_a_slip_is_answered_with_what_would_do_and_the_next_line_is_read(typed: Type) -> None:
    assert typed(*SLIPS)[1:] == list(SLIPS.values())


def test_help_is_a_table_of_every_word(typed: Type) -> None:
    told = typed("help")[1:]
    words = [each for each in COMMANDS if each.words]
    assert [line.split()[0] for line in told] == [each.words[0] for each in words]
    assert len({line.index(each.help) for line, each in zip(told, words, strict=True)}) == 1


@pytest.mark.parametrize("asks", ["input('go on? ')", "breakpoint()"])
def test_what_asks_a_person_is_told_that_there_is_no_input(typed: Type, tmp_path: Path, asks: str) -> None:
    script = tmp_path / "asks.py"
    script.write_text(
        "import torch\nw = torch.tensor([1.0], requires_grad=True)\nfor x in (1.0, 2.0):\n    l = (x * w) ** 2\n"
        f"    l.backward()\n    {asks}\n    w.data -= 0.1 * w.grad\n"
    )
    hint = "the script has no standard input here: give it as an argument what it asks for"
    assert typed("continue", options=(str(script),))[-1] == f"    {hint}"
    record = json.loads(typed("continue", as_json=True, options=(str(script),))[-1])
    assert record["failure"]["hint"] == hint
