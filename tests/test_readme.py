"""The README says what the code says: its tables come from the table of commands and from the fields of a record."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bptui.commands.table import COMMANDS, Command
from bptui.plain.records import snapshot_record
from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import Failure, Snapshot
from bptui.protocol.tape import Op

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SIGNS = {"plus,equals_sign": "+", "minus": "-", "question_mark": "?"}


def keys(command: Command) -> str:
    return " ".join(f"`{SIGNS.get(key, key)}`" for key in command.keys)


KEYS = ["| key | command | |", "| --- | --- | --- |"] + [f"| {keys(c)} | {c.label} | {c.help} |" for c in COMMANDS]

WORDS = ["| word | |", "| --- | --- |"] + [
    f"| `{c.words[0]}{f' {c.argument}'.rstrip()}` | {c.help} |".replace("on|off", r"on\|off")
    for c in COMMANDS
    if c.words
]


@pytest.mark.parametrize(("name", "table"), [("keys", KEYS), ("words", WORDS)])
def test_the_tables_are_those_of_the_commands(name: str, table: list[str]) -> None:
    written = re.search(f"<!-- {name} -->\n(.*?)\n<!-- end -->", README, re.DOTALL)
    assert written is not None
    assert written[1].splitlines() == table


def test_every_field_of_a_record_is_documented() -> None:
    snapshot = Snapshot(
        0, None, None, StopReason.EXCEPTION, 0, 0, 1, 1, 0, (), 0, None, None, (), (), True, (), None, (), "", "", "e",
        Failure("", "", 1, ""),
    )  # fmt: skip
    step = Op(0, 1, "", -1, -1, "", None, "", (), (), (), (), (), (), "opaque")
    assert set(re.findall("`(.*?)`", README[README.index("`op` holds") : README.index("Its stops have")])) >= set(
        snapshot_record(replace(snapshot, op=step))["op"]
    )
    snapshot = replace(snapshot, op=step)
    rows = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `")]
    documented = [name for row in rows for name in re.findall("`(.*?)`", row)]
    assert [name for name in documented if name in snapshot_record(snapshot)] == list(snapshot_record(snapshot))


def test_its_picture_and_files_exist() -> None:
    for path in re.findall(r"\]\(([^):]+)\)|`((?:tests|\.ci)/[\w/.]+)`", README):
        assert (ROOT / (path[0] or path[1])).exists(), path
