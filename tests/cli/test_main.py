"""The command line: what it opens, what it refuses, and that it never shows a traceback of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bptui import __version__
from bptui.cli import main as cli

ROOT = Path(__file__).parents[2]


def bptui(*arguments: str, words: str = "") -> subprocess.CompletedProcess[str]:
    """Runs `python -m bptui` away from a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "bptui", *arguments], input=words, capture_output=True, text=True, cwd=ROOT
    )


def test_version() -> None:
    assert bptui("--version").stdout == f"bptui {__version__}\n"


def test_help_has_examples_and_the_keys_of_the_table() -> None:
    text = bptui("--help").stdout
    assert "bptui train.py --lr 0.1" in text
    assert "a zeroing" in text


def test_lessons_lists_them_with_their_first_line() -> None:
    assert any(line.startswith("linear ") and "y = x * w" in line for line in bptui("lessons").stdout.splitlines())


def test_the_screen_without_a_terminal_is_refused_in_a_sentence() -> None:
    done = bptui()
    assert done.returncode == 2
    assert done.stderr == "bptui: the screen needs a terminal; without one, use --plain or --json.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nope.py"], "there is no script nope.py, and no lesson of that name; bptui lessons lists the lessons."),
        (["{tmp}"], "{tmp} is a directory, not a script."),
        (["{tmp}/package"], "{tmp}/package is a directory: name the script in it, such as {tmp}/package/__main__.py."),
        (
            ["{tmp}/latin.py"],
            "{tmp}/latin.py cannot be read: Non-UTF-8 code starting with '\\xe9' on line 1, but no encoding declared. "
            "It looks like latin-1: then the first line `# -*- coding: latin-1 -*-` helps, or saving it as UTF-8.",
        ),
        (["--python", "/no/python", "linear"], "--python /no/python: there is no such program."),
        (["--record", "{tmp}/latin.py", "linear"], "{tmp}/latin.py is there already; name another file, or remove it."),
        (["--record", "{tmp}/no/a", "linear"], "{tmp}/no/a cannot be written: No such file or directory."),
        (
            ["{tmp}/no.bptrace"],
            "there is no file {tmp}/no.bptrace.",
        ),
        (["{tmp}/not.bptrace"], "{tmp}/not.bptrace is not a trace of bptui: it is no SQLite file."),
        (
            ["--record", "a", "{tmp}/not.bptrace"],
            "{tmp}/not.bptrace is a recorded run: nothing runs, so --record makes no sense.",
        ),
        (["{tmp}/not.bptrace", "1"], "{tmp}/not.bptrace is a recorded run: it takes no arguments."),
    ],
)
def test_what_cannot_be_opened_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'")
    (tmp_path / "not.bptrace").write_text("hello")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").touch()
    assert cli.main(["--plain", *(argument.format(tmp=tmp_path) for argument in arguments)]) == 2
    assert capsys.readouterr().err == f"bptui: {sentence.format(tmp=tmp_path)}\n"


def test_an_unknown_option_is_refused_and_shows_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["--colour"])
    assert exit_.value.code == 2
    assert "usage: bptui" in capsys.readouterr().err


@pytest.mark.parametrize("memory", ["0", "-1", "x", "1.5"])
def test_memory_is_a_whole_number_of_megabytes(capsys: pytest.CaptureFixture[str], memory: str) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--memory", memory])
    assert "is not a number of megabytes" in capsys.readouterr().err


def test_a_file_wins_over_a_lesson_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli._find("linear") == cli.LESSONS / "linear.py"
    Path("linear").touch()
    assert cli._find("linear") == Path("linear")


def test_plain_and_json_together_are_json() -> None:
    done = bptui("--plain", "--json", "linear", words="next\n")
    assert done.returncode == 0
    assert [json.loads(line)["index"] for line in done.stdout.splitlines()] == [0, 1]


def test_a_lesson_that_there_is_not_is_said_and_one_that_there_is_is_told() -> None:
    done = bptui("lessons", "nosuch")
    assert (done.returncode, done.stderr) == (2, "bptui: there is no lesson nosuch; bptui lessons lists them.\n")
    (line,) = bptui("lessons", "linear").stdout.splitlines()
    assert line.startswith("linear ")
