"""What is no whole trace of ours is refused in one sentence, and nothing that is in it is ever executed."""

from __future__ import annotations

import io
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bptui.cli import main as cli
from bptui.protocol.replies import Payload, Refused, Stopped
from bptui.protocol.requests import GoTo
from bptui.trace.errors import NotATrace
from bptui.trace.recorded import RecordedSession
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import hear, opened, row, rows, stopped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), stopped(row(0)), stopped(row(400), rows(1, 400)))
    timeline.close()
    return path


def refusal(path: Path) -> str:
    with pytest.raises(NotATrace) as reason:
        Timeline.open(path)
    said = str(reason.value)
    assert said.startswith(str(path))
    assert said.endswith(".")
    assert "\n" not in said
    return said.removeprefix(f"{path} ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a trace of bptui: it is no SQLite file."),
        (b"print('hello')\n" * 99, "is not a trace of bptui: it is no SQLite file."),
        (b"SQLite format", "is not a whole trace: it was cut off."),
        (b"SQLite format 3\0" + b"\0" * 20, "is not a whole trace: it was cut off."),
        (b"SQLite format 3\0" + b"\0" * 4000, "is an SQLite file, but not a trace of bptui."),
    ],
    ids=["empty", "a script", "a few bytes", "half a header", "a header"],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "run.bptrace"
    path.write_bytes(content)
    assert refusal(path) == sentence


def test_what_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.bptrace") == "cannot be read: No such file or directory."
    assert refusal(tmp_path) == "cannot be read: Is a directory."


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE step (branch, idx)")
    assert refusal(path) == "is an SQLite file, but not a trace of bptui."


def test_a_newer_format_is_refused_with_both_versions(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    assert refusal(path) == "was made by a newer bptui: its format is 2, and this one reads 1."


CHANGES = {
    "a table is missing": "DROP TABLE step",
    "a view stands for a table": "DROP TABLE value; CREATE VIEW value AS WITH RECURSIVE n(idx) AS"
    " (SELECT 0 UNION ALL SELECT idx + 1 FROM n) SELECT 0 AS branch, idx, 1 AS param, 1.0 AS value, 0 AS grad FROM n",
    "a table has another column": "ALTER TABLE step ADD COLUMN more",
    "a table has generated columns": "DROP TABLE snapshot; CREATE TABLE snapshot (branch INTEGER NOT NULL, idx INTEGER"
    " NOT NULL, json TEXT AS (hex(zeroblob(1000000000))), PRIMARY KEY (branch, idx))",
    "a comment hides a column": "DROP TABLE param; CREATE TABLE param (id INTEGER PRIMARY KEY, run INTEGER NOT NULL,"
    " name TEXT NOT NULL /* */ DEFAULT 1)",
    "no run": "DELETE FROM run",
    "a broken program": 'UPDATE run SET blocks = \'[{"is": "Snapshot"}]\'',
    "a program that is no JSON": "UPDATE run SET argv = 'import os'",
    "JSON that is too deep": "UPDATE run SET blocks = replace(hex(zeroblob(50000)), '00', '[')",
    "a branch without a parent": "INSERT INTO branch VALUES (7, 1, 1, 5, 3)",
    "a branch that is its own parent": "INSERT INTO branch VALUES (7, 1, 1, 1, 3)",
    "a branch twice": "INSERT INTO branch VALUES (7, 1, 0, NULL, -1)",
    "a branch with text for numbers": "UPDATE branch SET at = 'x'",
    "too many branches": "INSERT INTO branch WITH RECURSIVE n(i) AS"
    " (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100001) SELECT i, 1, i, 0, 1 FROM n",
    "steps that begin late": "DELETE FROM step WHERE idx < 5",
    "a step beyond all": "UPDATE step SET idx = 1 << 60 WHERE idx = 400",
    "steps at words": "INSERT INTO step (branch, idx, reason) VALUES (0, 'z', 'step')",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_trace_that_was_made_to_do_harm_is_refused(path: Path, change: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(change)
    connection.close()
    refusal(path)


def harmless(path: Path, change: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(change)
    connection.close()


def test_a_persons_own_views_and_indexes_do_no_harm(path: Path) -> None:
    harmless(path, "CREATE VIEW best AS SELECT min(loss) FROM losses; CREATE INDEX fast ON step (loss)")
    assert Timeline.open(path).last(0) == 400


def test_a_trigger_never_runs(path: Path) -> None:
    harmless(path, "CREATE TRIGGER t AFTER INSERT ON step BEGIN DELETE FROM run; END")
    before = path.read_bytes()
    timeline = Timeline.open(path)
    hear(timeline, stopped(row(401)))
    timeline.rows(0, 0, 999)
    timeline.close()
    assert path.read_bytes() == before


DAMAGES: dict[str, str] = {
    "an unknown phase": "UPDATE step SET phase = 'sideways' WHERE idx = 200",
    "an unknown reason": "UPDATE step SET reason = x'00' WHERE idx = 200",
    "text for a number": "UPDATE step SET loss = 'os.system' WHERE idx = 200",
    "a blob for a number": "UPDATE value SET grad = zeroblob(9) WHERE idx = 200",
    "a float for a count": "UPDATE step SET sample = 1.5 WHERE idx = 200",
    "a missing step": "DELETE FROM step WHERE idx = 200",
    "a snapshot that is none": 'INSERT OR REPLACE INTO snapshot VALUES (0, 200, \'{"is": "Open", "path": "x"}\')',
    "a snapshot of another step": "INSERT INTO snapshot SELECT 0, 200, json FROM snapshot WHERE idx = 400",
    "a snapshot that is a number": "INSERT INTO snapshot VALUES (0, 200, 7)",
    "a snapshot that is bytes": "INSERT INTO snapshot VALUES (0, 200, x'80ff')",
    "a snapshot that is no text": "INSERT INTO snapshot VALUES (0, 200, CAST(x'80ff' AS TEXT))",
    "a snapshot too deep": "INSERT INTO snapshot VALUES (0, 200, replace(hex(zeroblob(50000)), '00', '['))",
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_damage_at_a_step_is_a_sentence_there_and_the_rest_is_read(path: Path, change: str) -> None:
    harmless(path, change)
    told: list[Payload] = []
    session = RecordedSession(path)
    session.start(lambda reply: told.append(reply.payload))
    session.send(GoTo(200))
    refused = told[-1]
    assert isinstance(refused, Refused)
    assert str(path) in refused.message
    assert "\n" not in refused.message
    session.send(GoTo(100))
    assert isinstance(told[-1], Stopped)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_trace_is_refused(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    assert refusal(path) == "is not a whole trace: it was cut off."


def look_at_everything(path: Path) -> None:
    """It is read, or refused in a sentence."""
    try:
        _look_at_everything(path)
    except NotATrace as sentence:
        said = str(sentence)
        if "\n" in said:
            pytest.fail(said)


def _look_at_everything(path: Path) -> None:
    timeline = Timeline.open(path)
    try:
        timeline.rows(0, 0, 500)
        timeline.marks(0)
        for what in ("loss", "w", "w.grad"):
            timeline.series(0, what, 0, 500, 9)
        for index in timeline.marks(0):
            timeline.snapshot(0, index)
    finally:
        timeline.close()


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_anywhere_are_read_or_refused_and_nothing_else(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 10, 300))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)
    look_at_everything(path)


@pytest.mark.parametrize("beside", ["-wal", "-journal"])
def test_rubbish_beside_a_trace_does_no_harm(path: Path, beside: str) -> None:
    Path(f"{path}{beside}").write_bytes(os.urandom(5000))
    look_at_everything(path)


def copied(path: Path, name: str) -> Path:
    return Path(shutil.copyfile(path, path.with_name(name)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.write_text("x"), "run.bptrace is not a trace of bptui: it is no SQLite file."),
        (lambda path: copied(path, "run.py"), ""),
    ],
    ids=["named as one", "of another name"],
)
def test_the_command_line_says_so_or_opens_it(
    path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], Path | None],
    said: str,
) -> None:
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    opened = change(path)
    status = cli.main(["--plain", opened.name if isinstance(opened, Path) else path.name])
    assert (status, capsys.readouterr().err) == ((2, f"bptui: {said}\n") if said else (0, ""))
