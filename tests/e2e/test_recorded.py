"""A run that was recorded is gone through again without torch; a kill of either process leaves what was kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bptui.trace.timeline import Timeline

ROOT = Path(__file__).parents[2]
WITHOUT_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ImportError("there is no torch here")
sys.meta_path.insert(0, NoTorch())
from bptui.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
SUICIDE = """
import os, signal, torch
w = torch.tensor([1.0], requires_grad=True)
for epoch in range(1000):
    for x, y in [(1.0, 2.0), (2.0, 4.0)]:
        l = ((x * w - y) ** 2).sum()
        l.backward()
        if epoch == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        w.data = w.data - 0.01 * w.grad
        w.grad.zero_()
"""


def bptui(*arguments: str, words: str, code: str = "") -> list[dict[str, Any]]:
    """What the line mode prints for these words."""
    command = ["-c", code] if code else ["-m", "bptui"]
    done = subprocess.run(
        [sys.executable, *command, "--json", *arguments], input=words, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_recorded_run_shows_at_each_stop_what_the_live_one_showed(tmp_path: Path) -> None:
    path, words = tmp_path / "run.bptrace", "next 7\nepoch\ncontinue\n"
    live = bptui("--record", str(path), "linear", words=words)
    recorded = bptui(str(path), words=words, code=WITHOUT_TORCH)
    assert recorded == live


def test_going_back_in_a_recorded_run_shows_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    live = bptui("--record", str(path), "linear", words="next 7\n")
    recorded = bptui(str(path), words="next 7\nback 4\nnext\nfirst\nlast\n", code=WITHOUT_TORCH)
    went = {stop["index"]: {**stop, "printed": ""} for stop in live}
    back = [{**stop, "printed": "", "stop_reason": went[stop["index"]]["stop_reason"]} for stop in recorded[8:]]
    assert [stop["index"] for stop in back] == [3, 4, 0, 7]
    assert back == [went[stop["index"]] for stop in back]


def test_a_branch_is_recorded_with_what_was_typed(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    bptui("--record", str(path), "linear", words="next 12\nback 8\nset w = 3.0\nnext 4\n")
    timeline = Timeline.open(path)
    assert [(each.parent, each.at) for each in timeline.branches] == [(None, -1), (0, 4)]
    edited = timeline.row(1, 5)
    assert edited is not None
    assert (edited.edit, edited.param("w")[0]) == ("set w = 3.0", 3.0)


def test_a_debuggee_that_was_killed_leaves_a_trace_that_tells_so(tmp_path: Path) -> None:
    script, path = tmp_path / "train.py", tmp_path / "run.bptrace"
    script.write_text(SUICIDE)
    bptui("--record", str(path), str(script), words="next 3\ncontinue\n")
    timeline = Timeline.open(path)
    assert timeline.last(0) >= 3
    assert "SIGKILL" in timeline.died
    told = bptui(str(path), words="last\nnext\n", code=WITHOUT_TORCH)
    assert told[-1]["error"].startswith("The recording ends here. The program was killed by SIGKILL")


@pytest.mark.parametrize("words", ["next 9\n", "next 5\ncontinue\n"])
def test_a_debugger_that_was_killed_leaves_a_trace_of_every_stop_that_it_showed(tmp_path: Path, words: str) -> None:
    path = tmp_path / "run.bptrace"
    with subprocess.Popen(
        [sys.executable, "-m", "bptui", "--json", "--record", str(path), "linear"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(words)
        process.stdin.flush()
        stops = [json.loads(process.stdout.readline())]
        while stops[-1]["index"] < (9 if "continue" not in words else 120):
            stops.append(json.loads(process.stdout.readline()))
        os.kill(process.pid, signal.SIGKILL)
    assert len(list(tmp_path.iterdir())) > 1, "it was not closed"
    timeline = Timeline.open(path)
    assert timeline.last(0) == stops[-1]["index"]
    assert timeline.marks(0) == [stop["index"] for stop in stops]
