"""The line mode over a session whose script is a module of functions: what is read, what is printed, how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bptui.cli import main as cli
from bptui.manual import page
from bptui.plain.mode import LineMode

SCRIPT = """
import os
def setup(): print("hello", *argv)
def forward(): print("f"); os.write(2, b"warned\\n")
def backward(): print("b")
def update(): print("u")
"""


class Input(io.StringIO):
    """Lines of input, which may be made only when they are read."""

    def __init__(self, lines: str | Iterator[str]) -> None:
        super().__init__()
        self._lines = iter(lines.splitlines()) if isinstance(lines, str) else lines

    def __next__(self) -> str:
        return next(self._lines)


Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fake_debuggee: None
) -> Run:
    """Runs `bptui --json` on a script with that input; what it printed, and `status` on the function."""

    def run(source: str, words: str | Iterator[str], *argv: str, status: int = 0) -> list[dict[str, Any]]:
        script = tmp_path / "script.py"
        script.write_text(source)
        monkeypatch.setattr("sys.stdin", Input(words))
        assert cli.main(["--json", str(script), *argv]) == status
        return [json.loads(line, parse_constant=pytest.fail) for line in capsys.readouterr().out.splitlines()]

    return run


def test_the_entry_stop_comes_first_and_then_one_object_for_each_step(run_json: Run) -> None:
    stops = run_json(SCRIPT, "next\nforward\n", "--lr", "1")
    assert [stop["index"] for stop in stops] == [0, 1, 2]
    assert [stop["stop_reason"] for stop in stops] == ["entry", "step", "step"]
    assert [stop["phase"] for stop in stops] == [None, "forward", "forward"]
    assert [stop["printed"] for stop in stops] == ["hello --lr 1\n", "f\n", "f\n"]
    assert stops[1]["errors"] == "warned\n"
    assert "errors" not in stops[0]


def test_a_number_repeats_and_a_letter_will_do(run_json: Run) -> None:
    assert [stop["phase"] for stop in run_json(SCRIPT, "n 3\nb 2")[1:]] == [
        "forward", "backward", "update", "backward", "backward",
    ]  # fmt: skip


def test_a_run_prints_only_the_stop_where_it_ends_with_all_that_was_printed(run_json: Run) -> None:
    stops = run_json(SCRIPT, "continue\nnext 5\n")
    assert [stop.get("index") for stop in stops] == [0, 8, None]
    assert stops[1]["stop_reason"] == "end"
    assert stops[1]["printed"] == "f\nb\nu\n" * 2
    assert stops[2]["error"] == "The script has ended."


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("next x", "next takes a number from 1, not 'x'."),
        ("next 0", "next takes a number from 1, not '0'."),
        ("next 2 3", "next takes a number from 1, not '2 3'."),
        ("zeroing maybe", "zeroing is on or off, not 'maybe'."),
        ("continue 2", "continue takes nothing, so not '2'."),
        ("restart now", "restart takes nothing, so not 'now'."),
    ],
)
def test_what_is_not_understood_is_an_error_and_the_next_line_is_read(run_json: Run, words: str, error: str) -> None:
    _, refused, step = run_json(SCRIPT, f"{words}\n\nnext")
    assert refused["error"] == error
    assert refused["hint"]
    assert step["index"] == 1


def test_zeroing_shows_the_same_stop_again_without_what_it_printed(run_json: Run) -> None:
    stops = run_json(SCRIPT, "next\nzeroing off\nzeroing\n")
    assert [stop["index"] for stop in stops] == [0, 1, 1, 1]
    assert [stop["zeroing"] for stop in stops] == [True, True, False, True]
    assert [stop["printed"] for stop in stops][2:] == ["", ""]


def test_restart_begins_again_with_the_entry_stop(run_json: Run) -> None:
    stops = run_json(SCRIPT, "next 2\nrestart\nnext\nquit\nnext\n")
    assert [stop["index"] for stop in stops] == [0, 1, 2, 0, 1]
    assert stops[0] == stops[3]


def test_an_exception_ends_a_repetition_and_is_told(run_json: Run) -> None:
    stops = run_json("def backward(): raise ValueError('no')", "next 4\nnext\n")
    assert [stop["stop_reason"] for stop in stops] == ["entry", "step", "exception", "step"]
    assert stops[2]["failure"]["type"] == "ValueError"
    assert stops[2]["failure"]["message"] == "no"


def test_a_death_is_an_error_with_the_last_words_and_the_exit_status_is_1(run_json: Run) -> None:
    died = "The program exited with status 3 during backward, line 2."
    source = "import os\ndef backward(): os.write(1, b'last words'); os._exit(3)"
    _, _, death, refused = run_json(source, "next 9\nnext\n", status=1)
    assert death == {"error": died, "printed": "last words"}
    assert refused["error"] == died
    assert run_json(source, "next 9\nrestart\n")[-1]["stop_reason"] == "entry"


def test_a_death_while_nothing_was_asked_is_told(run_json: Run, tmp_path: Path) -> None:
    def words() -> Iterator[str]:
        yield "next"
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
        yield "next"

    source = "import os\ndef setup():\n    with open(argv[0], 'w') as file: file.write(str(os.getpid()))"
    _, step, *errors = run_json(source, words(), str(tmp_path / "pid"), status=1)
    assert step["index"] == 1
    assert {error["error"] for error in errors} == {"The program was killed by SIGTERM between two steps."}


def test_a_script_that_cannot_be_cut_gives_one_sentence_and_status_2(
    run_json: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "uncut.py"
    script.write_text("# cannot cut")
    assert cli.main(["--json", str(script)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "bptui: line 7: this cannot be cut\n"


def test_ctrl_c_pauses_what_runs(run_json: Run, tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    def press() -> None:
        while not begun.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    source = "import time\nsteps = 10**9\ndef forward(): open(argv[0], 'w').close(); time.sleep(0.001)"
    stops = run_json(source, "continue\nnext", str(begun))
    presser.join()
    assert [stop["stop_reason"] for stop in stops] == ["entry", "pause", "step"]


def test_help_with_a_topic_is_a_page_of_the_manual(run_json: Run) -> None:
    _, manual, nosuch = run_json(SCRIPT, "help time\nhelp nosuch")
    assert manual == {"manual": "time", "text": page("time")}
    assert nosuch["error"] == "There is no topic 'nosuch' in the manual."


def test_help_lists_the_words(run_json: Run) -> None:
    (_, words) = run_json(SCRIPT, "help")
    assert words["help"]["next [N]"].startswith("Run the phase that comes next")


def test_ctrl_c_kills_what_does_not_react_and_says_so_before(
    run_json: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, pressed = tmp_path / "begun", threading.Semaphore(0)
    react = LineMode._ctrl_c

    def seen(mode: LineMode, times: int) -> None:
        react(mode, times)
        pressed.release()

    monkeypatch.setattr(LineMode, "_ctrl_c", seen)
    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)

    def press() -> None:
        while not begun.exists():
            time.sleep(0.01)
        for _ in range(4):
            os.kill(os.getpid(), signal.SIGINT)
            pressed.acquire()  # two signals at once would be one

    presser = threading.Thread(target=press)
    presser.start()
    source = (
        "import signal, time\ndef forward():\n    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        "    open(argv[0], 'w').close(); time.sleep(10**6)"
    )
    stops = run_json(source, "next\nrestart\n", str(begun))
    presser.join()
    assert stops[1]["error"].startswith("The program was killed, as you asked, during forward")
    assert stops[2]["stop_reason"] == "entry"
    assert said.getvalue() == "bptui: the script does not react; once more kills it, and restart begins again.\n"
