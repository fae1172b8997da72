"""A timeline as a table: every step of every branch once, floats to the bit, and nobody's data overwritten."""

from __future__ import annotations

import csv
import json
import math
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bptui.protocol.rows import Branch
from bptui.trace import export as module
from bptui.trace.errors import CannotRecord
from bptui.trace.export import export
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import hear, opened, row, rows, running


@pytest.fixture
def timeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Timeline]:
    """Twelve steps, the later ones with another parameter, and a branch of three from step 8 on; in small pages."""
    monkeypatch.setattr(module, "PAGE", 5)
    timeline = Timeline.temporary()
    told = rows(0, 12)
    told[4] = replace(told[4], loss=math.nan)
    told[5] = replace(told[5], loss=-math.inf, edit='w = "1,5"')
    later = [replace(each, params=(*each.params, ("b", 0.1, None))) for each in told[7:]]
    branch = [row(index, 1) for index in range(9, 12)]
    hear(timeline, opened(), running([*told[:7], *later]), running(branch, branches=(Branch(1, 0, 8),)))
    yield timeline
    timeline.close()


def test_csv_has_a_line_for_each_step_and_two_columns_for_each_parameter(timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    assert export(timeline, path) == 15
    with path.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0])[8:] == ["w", "w.grad", "b", "b.grad"]
    assert [(each["branch"], each["index"]) for each in table[10:]] == [
        ("0", "10"), ("0", "11"), ("1", "9"), ("1", "10"), ("1", "11"),
    ]  # fmt: skip
    assert (table[0]["phase"], table[0]["reason"], table[0]["loss"]) == ("", "entry", "")
    assert [each["loss"] for each in table[4:6]] == ["nan", "-inf"]
    assert table[5]["edit"] == 'w = "1,5"'
    assert [float(each["loss"]) for each in table[6:12]] == [row(index).loss for index in range(6, 12)]
    assert [(each["b"], each["b.grad"]) for each in table[6:8]] == [("", ""), ("0.1", "")]


def test_json_lines_are_strict_json_with_the_words_of_plain_mode(timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    assert export(timeline, path) == 15

    def refuse(word: str) -> None:
        raise ValueError(word)

    table = [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]
    assert table[1] == {
        "branch": 0, "index": 1, "phase": "forward", "reason": "step", "epoch": 0, "sample": 0, "loss": 100.0,
        "edit": "", "params": {"w": {"value": 1.0, "grad": None}},
    }  # fmt: skip
    assert [each["loss"] for each in table[4:6]] == ["nan", "-inf"]
    assert [each["loss"] for each in table[6:12]] == [row(index).loss for index in range(6, 12)]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_earlier_export_is_replaced_and_nothing_else(timeline: Timeline, tmp_path: Path, kind: str) -> None:
    path, data = tmp_path / f"run.{kind}", tmp_path / f"data.{kind}"
    export(timeline, path)
    whole = path.read_bytes()
    hear(timeline, running([row(12)]))
    assert export(timeline, path) == 16
    assert len(path.read_bytes()) > len(whole)
    data.write_text("x,y\n1,2\n")
    with pytest.raises(CannotRecord, match=f"data.{kind} is there already and was not exported by bptui"):
        export(timeline, data)
    assert data.read_text() == "x,y\n1,2\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, data.name])


def test_what_cannot_be_written_is_a_sentence(timeline: Timeline, tmp_path: Path) -> None:
    with pytest.raises(CannotRecord, match=r"run\.txt is to end with \.csv or \.jsonl\."):
        export(timeline, tmp_path / "run.txt")
    with pytest.raises(CannotRecord, match="cannot be written: No such file or directory"):
        export(timeline, tmp_path / "no" / "run.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(CannotRecord, match="cannot be written: Is a directory"):
        export(timeline, tmp_path / "folder.csv")


def test_the_file_has_the_rights_of_any_new_one(timeline: Timeline, tmp_path: Path) -> None:
    export(timeline, tmp_path / "run.csv")
    (tmp_path / "any").touch()
    assert stat.S_IMODE(os.stat(tmp_path / "run.csv").st_mode) == stat.S_IMODE(os.stat(tmp_path / "any").st_mode)


def test_a_damaged_trace_is_not_exported_by_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 5)
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), running(rows(0, 30)))
    timeline.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM step WHERE idx BETWEEN 10 AND 19")
    connection.close()
    with pytest.raises(CannotRecord, match=r"run\.bptrace is damaged: step 10 of branch 0 is missing\."):
        export(Timeline.open(path), tmp_path / "run.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["run.bptrace"]
