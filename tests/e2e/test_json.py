"""`bptui --json` end to end: real processes, real torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "bptui" / "lessons" / "linear.py"

WORKERS = """
import random, sys, time
import torch
from torch.utils.data import DataLoader, TensorDataset

data = TensorDataset(torch.randn(16, 3), torch.randn(16, 1))
loader = DataLoader(data, batch_size=4, shuffle=True, num_workers=1)

if __name__ == "__main__":
    print(__name__, __file__, sys.argv[1:], random.random())
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters())
    for epoch in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())
        print("lr", optimizer.param_groups[0]["lr"], file=sys.stderr)
"""


def bptui(words: str, *arguments: str | Path, status: int = 0) -> list[dict[str, Any]]:
    """What `bptui --json` prints for these words."""
    done = subprocess.run(
        [sys.executable, "-m", "bptui", "--json", *arguments], input=words, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == status, done.stderr
    assert done.stderr == ""
    return [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]


def test_the_lecture_step_by_step_and_with_gradients_that_accumulate() -> None:
    stops = bptui("next 4\nzeroing off\nsample\nbackward\nforward 2\nbackward\nepoch\nrestart\nnext 2\n")
    w = [stop["params"][0]["value"] for stop in stops if "params" in stop]
    grad = [stop["params"][0]["grad"] for stop in stops if "params" in stop]
    assert (w[:5], grad[:5]) == ([1.0, 1.0, 1.0, 1.0199999809265137, 1.0199999809265137], [None, None, -2.0, -2.0, 0.0])
    assert stops[1]["values"] == {"x": 1.0, "y": 2.0, "y_pred": 1.0}
    assert stops[2]["printed"].startswith("\tgrad: 1.0 2.0 -2.0\n")
    second = stops[6]
    assert second["ledger"][0]["contributions"] == [{"epoch": 0, "sample": 1, "value": -7.840000152587891}]
    assert second["params"][0]["grad"] == -7.840000152587891
    assert "backward through the graph a second time" in stops[7]["error"]
    assert stops[-3:][0] == stops[0]
    assert stops[-3:][1:] == stops[1:3]


@pytest.mark.parametrize("words", ["continue\nnext", "next 999\nnext"])
def test_the_lesson_prints_what_it_prints_when_run_plainly(words: str) -> None:
    plain = subprocess.run([sys.executable, LESSON], capture_output=True, text=True, check=True)
    *stops, ended = bptui(words, LESSON)
    assert "".join(stop["printed"] for stop in stops) == plain.stdout
    assert stops[-1]["stop_reason"] == "end"
    assert ended["error"] == "The script has ended."


def test_a_script_with_workers_runs_as_main_and_restarts_with_the_same_random_numbers(tmp_path: Path) -> None:
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    stops = bptui("continue\nrestart\ncontinue\n", script, "--flag", "x")
    assert stops[0]["printed"].startswith(f"__main__ {script} ['--flag', 'x'] 0.")
    assert stops[1]["printed"].count("\n") == 2
    assert stops[1]["errors"] == "lr 0.001\n" * 2
    assert stops[2:] == stops[:2]


def test_a_loss_that_is_not_finite_is_valid_json(tmp_path: Path) -> None:
    script = tmp_path / "diverging.py"
    script.write_text(
        "import torch\nw = torch.tensor([3e38], requires_grad=True)\nbig = torch.full((9, 9), float('-inf'))\n"
        "for x in [10.0, float('nan')]:\n    loss = (w * x).sum()\n    loss.backward()\n    w.grad = None\n"
    )
    stops = bptui("next\nsample\nnext", script)
    assert (stops[1]["loss"], stops[3]["loss"], stops[3]["values"]["x"]) == ("inf", "nan", "nan")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        pytest.param("for x in [1]:\n    loss = f(x\n", "line 2: ", id="a syntax error"),
        pytest.param("print('no training here')\n", "", id="nothing to step"),
    ],
)
def test_a_script_that_cannot_be_stepped_is_refused_in_one_sentence(tmp_path: Path, source: str, sentence: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "bptui", "--json", script], input="next", capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"bptui: {sentence}")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_setup_that_raises_is_an_exception_stop(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\nw = torch.ones(1, requires_grad=True)\n1 / 0\n"
        "for x in [1]:\n    loss = w * x\n    loss.backward()\n"
    )
    (stop,) = bptui("", script)
    assert stop["stop_reason"] == "exception"
    assert (stop["failure"]["type"], stop["failure"]["line"]) == ("ZeroDivisionError", 3)


def test_a_death_in_the_script_is_told_with_phase_and_line(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, torch\nw = torch.ones(1, requires_grad=True)\nfor x in [1, 2]:\n    loss = w * x\n"
        "    loss.backward()\n    print('words', end='', flush=True); os._exit(7)\n"
    )
    died = bptui("next 9", script, status=1)[-1]
    assert died == {"error": "The program exited with status 7 during backward, line 5.", "printed": "words"}


def test_files_that_the_script_left_open_are_flushed_when_it_is_left(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import atexit, sys, torch\nlog = open(sys.argv[1], 'w')\natexit.register(print, 'bye', file=log)\n"
        "w = torch.ones(1, requires_grad=True)\n"
        "for x in [1, 2]:\n    loss = w * x\n    print(x, file=log)\n    loss.backward()\n"
    )
    log = tmp_path / "log"
    bptui("next 3\nquit", script, log)
    deadline = time.monotonic() + 300
    while not log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert log.read_text() == "1\n2\nbye\n"


def test_another_python_needs_no_bptui_but_torch(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "bptui", "--json", "--python", bare / "bin" / "python"],
        input="",
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.returncode == 2
    assert "PyTorch is not installed in" in done.stderr
    assert str(bare) in done.stderr


def test_inside_a_phase_each_op_and_node_is_an_object_and_the_tape_has_them_all() -> None:
    told = bptui("in 3\nout\nin 4\nin-back\nout\ntape\nin\nzero_grad\nin-back\n")
    ops = [stop["op"] for stop in told if "op" in stop]
    assert [op["name"] for op in ops] == [
        "mul", "sub", "pow", "PowBackward0", "SubBackward0", "MulBackward0", "AccumulateGrad", "MulBackward0", "mul",
    ]  # fmt: skip
    assert {"name", "inputs", "output", "line", "upstream", "local", "downstream"} <= ops[0].keys()
    assert ops[0]["inputs"] == {"w": 1.0, "x": 1.0}
    assert ops[0]["output"] == {"y_pred": 1.0}
    assert ops[5]["local"] == {"d(y_pred)/d(w)": {"formula": "d(x·w)/dw = x = 1", "value": 1.0}}
    assert ops[6]["downstream"] == {"w.grad": -2.0}
    grads = [stop["params"][0]["grad"] for stop in told[5:10]]
    assert grads == [None, None, None, -2.0, None], "it stays old until it is added, also on the way back"
    tape = next(each["tape"] for each in told if "tape" in each)
    assert [value["name"] for value in tape["values"]] == ["w", "y_pred", "%2", "l"]
    assert [value["grad"] for value in tape["values"]] == [-2.0, -2.0, -2.0, 1.0]
    assert [stop["index"] for stop in told if "index" in stop] == [0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 4]
    assert told[-1]["error"] == "The program is not inside a phase."
