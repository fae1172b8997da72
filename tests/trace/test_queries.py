"""The manual's own questions to a trace have answers, and its table names what is there."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bptui.manual import page
from bptui.trace.schema import APPLICATION, EXPECTED, VERSION
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import hear, opened, row, rows, running, stopped

SECTION = page("trace")
QUERIES = re.findall(r"""^sqlite3 run\.bptrace (["'])(.*)\1$""", SECTION, re.MULTILINE)


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    told = rows(1, 30)
    told[7] = replace(told[7], params=(("w", 1.0, math.nan),))
    hear(timeline, opened(), stopped(row(0)), running(told), stopped(row(30)))
    timeline.close()
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize("query", [query for _, query in QUERIES])
def test_a_query_of_the_manual_has_an_answer(trace: sqlite3.Connection, query: str) -> None:
    assert trace.execute(query).fetchall()


def test_the_manual_has_queries_and_names_every_table(trace: sqlite3.Connection) -> None:
    assert len(QUERIES) > 2
    tables = {name for (name,) in trace.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables <= EXPECTED.keys()
    named = {name for line in SECTION.splitlines() if line.startswith("| `") for name in re.findall("`(.*?)`", line)}
    assert tables <= named


def test_the_file_says_what_it_is(trace: sqlite3.Connection) -> None:
    assert trace.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    assert trace.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert f"0x{APPLICATION:x}" in SECTION
    assert trace.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_the_views_join_what_belongs_together(trace: sqlite3.Connection) -> None:
    assert trace.execute("SELECT idx, epoch, sample, loss FROM losses LIMIT 2").fetchall() == [
        (1, 0, 0, 100.0), (4, 0, 1, 50.0),
    ]  # fmt: skip
    assert trace.execute("SELECT branch, name, value, grad FROM numbers WHERE idx = 4").fetchall() == [
        (0, "w", 2.0, 0.5)
    ]
    assert trace.execute("SELECT idx FROM numbers WHERE grad = 'nan'").fetchall() == [(8,)]
