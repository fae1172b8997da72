"""What a hostile script says in plain mode, in a trace and in what goes wrong: no terminal is sent it raw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bptui.plain.printers import Readable
from bptui.protocol.replies import Died, Refused, TapeShown
from tests import handmade_tapes
from tests.nasty import COMMANDS, UNSAFE, poisoned
from tests.ui.fakes import stops

SCRIPT = r"""
import sys, torch
evil = "".join(map(chr, range(0x20))).replace("\n", "") + "\x7f\x9b\u202e\u2066"
evil += "\x1b]0;PWNED\x07\x1b]52;c;PWNED\x1b\\\x1b[2J[red]x[/] [/"
class SGD(torch.optim.SGD):
    pass
SGD.__name__ = SGD.__qualname__ = evil.replace("\0", "")
w = torch.tensor([1.0], requires_grad=True)
optimizer = SGD([w], lr=0.01)
for epoch, name in enumerate([evil, evil + "\udc80", evil]):
    loss = (w - 2) ** 2
    print("printed", evil)
    print("warned", evil, file=sys.stderr)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if epoch == 1:
        raise ValueError(evil + "\udc80")
"""
WORDS = "\n".join([
    "next 3", "in 3", "tape", "out", "watch name", "watch optimizer",
    "break line 9 if name == '\x1b]0;PWNED\x07'", "break",
    "eval name", "eval optimizer", "eval \x1b]0;PWNED\x07", "set w = '\x1b[2J'", "nosuch\x1b]0;PWNED\x07",
    "plot \x1b[2J",
    "check", "continue", "next", "branches", "save copy.bptrace", "export run.csv",
])  # fmt: skip


def run(*arguments: str | Path, words: str, folder: Path) -> tuple[str, str]:
    """Standard output and error."""
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root, "XDG_STATE_HOME": str(folder / "state"), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "bptui", *map(str, arguments)], input=words, capture_output=True, encoding="utf-8",
        cwd=folder, timeout=300, check=False, env=env,
    )  # fmt: skip
    return done.stdout, done.stderr


def test_a_hostile_script_live_and_recorded(tmp_path: Path) -> None:
    (tmp_path / "evil\x1b]0;PWNED\x07.py").write_text(SCRIPT, encoding="utf-8")
    script = "evil\x1b]0;PWNED\x07.py"
    said, errors = run("--plain", "--record", "run.bptrace", script, "\x1b]0;PWNED\x07", words=WORDS, folder=tmp_path)
    assert "ValueError: " in said
    assert "[red]x[/] [/" in said
    assert not UNSAFE.search(said + errors)
    recorded, errors = run("--plain", "run.bptrace", words="next 3\nlast\ntape\nbreak", folder=tmp_path)
    assert "[red]x[/] [/" in recorded
    assert not UNSAFE.search(recorded + errors)
    told, errors = run("diff", "--text", "run.bptrace", "run.bptrace", words="", folder=tmp_path)
    assert not UNSAFE.search(told + errors)


def test_in_json_the_text_is_all_there_and_escaped(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(SCRIPT, encoding="utf-8")
    said, _errors = run("--json", "evil.py", words="continue", folder=tmp_path)
    assert not UNSAFE.search(said)
    failure = json.loads(said.splitlines()[-1])["failure"]
    assert "\x1b]0;PWNED\x07" in failure["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--plain", "there is\x1b]0;PWNED\x07 no.py"], ["\x1b]0;PWNED\x07.bptrace"], ["--\x1b]0;PWNED\x07"],
        ["--memory", "\x1b[2J", "linear"], ["--python", "\x1b[2J", "--plain", "linear"], ["diff", "\x1b[2J", "b"],
        ["diff", "--rtol", "\x1b[2J", "a", "b"], ["help", "\x1b[2J"], ["--plain", "half \udc80.py"],
    ],
    ids=ascii,
)  # fmt: skip
def test_complaints_quote_no_command_of_a_terminal(arguments: list[str], tmp_path: Path) -> None:
    said, errors = run(*arguments, words="", folder=tmp_path)
    assert errors
    assert not UNSAFE.search(said + errors)
    assert "Traceback" not in errors


@pytest.mark.parametrize("text", COMMANDS.values(), ids=COMMANDS)
def test_every_line_of_plain_mode_is_gated(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    printer = Readable()
    printer.stop(poisoned(stops.RAISED, text), poisoned(stops.PROGRAM, text))
    printer.error(Refused(text, text))
    printer.error(Died(text, text, text))
    printer.tape(TapeShown(1, poisoned(handmade_tapes.lecture(), text)), None)
    printer.show({}, [text])
    said = capsys.readouterr().out
    assert not UNSAFE.search(said)
    assert "PWNED" not in said


def test_tabs_stay_and_a_further_line_of_a_text_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    Readable().show({}, ["a\tb\nc"])
    assert capsys.readouterr().out == "a\tb\n    | c\n"
