"""Commands named in a sentence: keys where a person presses keys, words where a person types."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import bptui
from bptui.commands.hints import about_failure, with_keys, with_words
from bptui.commands.table import BY_ID
from bptui.protocol.snapshot import Failure
from bptui.render.stop.footer import refused

ROOT = Path(bptui.__file__).parent
REFUSALS = {"StepRefused", "Refused", "Refusal", "NotUnderstood"}


@pytest.mark.parametrize(
    ("hint", "keys", "words"),
    [
        ("`next` goes on", "n goes on", "next goes on"),
        ("`in_back` or `back_run`", "S or C", "in-back or reverse-continue"),
        ("`goto` goes there", ":goto goes there", "goto goes there"),
        ("torch says `dim` is wrong", "torch says `dim` is wrong", "torch says `dim` is wrong"),
        ("nothing is named", "nothing is named", "nothing is named"),
    ],
)
def test_a_command_is_called_as_it_is_given(hint: str, keys: str, words: str) -> None:
    assert with_keys(hint) == keys
    assert with_words(hint) == words
    assert refused("No.", hint).plain.endswith(keys)


def hints() -> list[tuple[str, str]]:
    """Every hint of a refusal in the source, with where it stands."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS and len(node.args) > 1:
                texts = [each.value for each in ast.walk(node.args[1]) if isinstance(each, ast.Constant)]
                found += [(f"{path.name}:{node.lineno}", text) for text in texts if isinstance(text, str)]
    return found


def test_hints_name_commands_that_there_are_and_no_keys() -> None:
    assert len(hints()) > 20
    for where, hint in hints():
        assert not re.search(r"\b[Pp]ress\b", hint), where
        assert not re.match(r"[a-zA-Z] (runs|goes|leaves|steps|gets|computes)\b", hint), where
        for name in re.findall(r"`(\w+)`", hint):
            assert BY_ID[name].words, where


def test_what_the_script_raised_by_itself_has_no_hint_of_ours() -> None:
    assert about_failure(Failure("EOFError", "EOF when reading a line", 3, ""))
    assert not about_failure(Failure("EOFError", "Ran out of input", 3, ""))
    assert not about_failure(Failure("ValueError", "", 3, ""))
