"""Text of a script that has line ends cannot pass for a line of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.plain.printers import Readable
from bptui.protocol.replies import Refused
from tests.plain.test_gated import run

FAKE = "2 backward: w.grad -2 -> 0"
SCRIPT = f"""
import torch

class Odd:
    def __repr__(self):
        return "odd\\n{FAKE}"

w = torch.tensor([1.0], requires_grad=True)
odd, said = Odd(), "a\\r{FAKE}"
for x in (1.0, 2.0):
    loss = (w * x - 2) ** 2
    if x == 2.0:
        raise ValueError("wrong\\n{FAKE}\\u2028{FAKE}")
    loss.backward()
    w.data = w.data - 0.01 * w.grad.data
    w.grad.data.zero_()
"""
WORDS = "eval odd\nwatch odd\neval print(odd)\nnext 9\neval 1 / 0\neval odd.missing\n"


def test_nothing_that_a_script_says_begins_like_a_stop(tmp_path: Path) -> None:
    script = tmp_path / "odd.py"
    script.write_text(SCRIPT, encoding="utf-8")
    output, _errors = run("--plain", script, words=WORDS, folder=tmp_path)
    lines = output.splitlines()
    assert "odd" in lines, "the first line of what was asked for stays as it is"
    imitated = [line for line in lines if FAKE in line]
    assert len(imitated) >= 4
    assert all(line.startswith(("    | ", "    ! ", "error: ")) for line in imitated), imitated


def test_an_error_of_several_lines_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    Readable().error(Refused(f"mat1 and mat2\n{FAKE}", ""))
    assert capsys.readouterr().out.splitlines() == ["error: mat1 and mat2", f"    | {FAKE}"]
