"""The manual says what the code says: its tables come from the table of commands and from the fields of a record."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bptui.commands.table import COMMANDS, Command
from bptui.manual import FOLDER, TOPICS, page, title
from bptui.plain.records import snapshot_record
from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import Failure, Snapshot
from bptui.protocol.tape import Op

SIGNS = {"plus,equals_sign": "+", "minus": "-", "question_mark": "?"}


def keys(command: Command) -> str:
    return " ".join(f"`{SIGNS.get(key, key)}`" for key in command.keys)


KEYS = ["| key | command | |", "| --- | --- | --- |"] + [f"| {keys(c)} | {c.label} | {c.help} |" for c in COMMANDS]

WORDS = ["| word | |", "| --- | --- |"] + [
    f"| `{c.words[0]}{f' {c.argument}'.rstrip()}` | {c.help} |".replace("on|off", r"on\|off")
    for c in COMMANDS
    if c.words
]


def test_every_page_is_a_topic_with_a_title() -> None:
    assert sorted(TOPICS) == sorted(path.stem for path in FOLDER.glob("*.md"))
    assert all(page(topic).startswith("# ") and title(topic) for topic in TOPICS)


def test_what_is_no_topic_has_no_page() -> None:
    with pytest.raises(KeyError):
        page("../README")


@pytest.mark.parametrize(("topic", "name", "table"), [("keys", "keys", KEYS), ("plain", "words", WORDS)])
def test_the_tables_are_those_of_the_commands(topic: str, name: str, table: list[str]) -> None:
    written = re.search(f"<!-- {name} -->\n(.*?)\n<!-- end -->", page(topic), re.DOTALL)
    assert written is not None
    assert written[1].splitlines() == table


def test_every_field_of_a_record_is_documented() -> None:
    plain = page("plain")
    snapshot = Snapshot(
        0, None, None, StopReason.EXCEPTION, 0, 0, 1, 1, 0, (), 0, None, None, (), (), True, (), None, (), "", "", "e",
        Failure("", "", 1, ""),
    )  # fmt: skip
    step = Op(0, 1, "", -1, -1, "", None, "", (), (), (), (), (), (), "opaque")
    assert set(re.findall("`(.*?)`", plain[plain.index("`op` holds") : plain.index("Its stops have")])) >= set(
        snapshot_record(replace(snapshot, op=step))["op"]
    )
    snapshot = replace(snapshot, op=step)
    rows = [line.split("|")[1] for line in plain.splitlines() if line.startswith("| `")]
    documented = [name for row in rows for name in re.findall("`(.*?)`", row)]
    assert [name for name in documented if name in snapshot_record(snapshot)] == list(snapshot_record(snapshot))


def test_every_file_that_the_page_for_engineers_names_exists() -> None:
    files = [str(path) for room in ("bptui", "tests") for path in (FOLDER.parents[1] / room).rglob("*")]
    named = re.findall(r"[`/ ]((?:\w+/)*\w+\.(?:py|tcss))\b", page("inside"))
    assert len(named) > 20
    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files)] == []


def test_links_between_pages_lead_somewhere() -> None:
    links = [link for topic in TOPICS for link in re.findall(r"\]\(([^)]+)\)", page(topic))]
    assert all((FOLDER / link.partition("#")[0]).is_file() for link in links if not link.startswith("http"))
