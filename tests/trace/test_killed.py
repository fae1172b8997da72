"""A kill -9 of the writer at any moment leaves a file that opens, with all that was kept before it."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bptui.trace import files
from bptui.trace.errors import NotATrace
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import row, same, snapshot

WRITER = Path(__file__).parent / "endless_writer.py"


def killed(path: Path, after: float) -> int:
    """Let a process write there, and kill it. Returns the last step that it knew to be kept."""
    with subprocess.Popen([sys.executable, str(WRITER), str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline()]
        time.sleep(after)
        process.kill()
        said += process.stdout.read().splitlines(keepends=True)
    return int([line for line in said if line.endswith("\n")][-1])


def check(path: Path, known: int) -> None:
    timeline = Timeline.open(path)
    last = timeline.last(0)
    assert last >= known
    assert same(timeline.rows(0, 0, last + 1)[-50:], [row(index) for index in range(max(0, last - 49), last + 1)])
    stop = timeline.marks(0)[-1]
    assert stop >= known
    assert same(timeline.snapshot(0, stop), snapshot(row(stop)))
    timeline.close()


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_a_random_moment_it_opens_with_all_that_was_kept(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "run.bptrace"
    known = killed(path, random.Random(seed).uniform(0.0, 0.8))
    left = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    check(path, known)
    assert path.read_bytes() == left["run.bptrace"]
    check(path, known)  # looking at it has changed nothing
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    check(path, known)


def test_it_opens_where_nothing_can_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir()
    path = folder / "run.bptrace"
    known = killed(path, 0.3)
    for each in folder.iterdir():
        each.chmod(0o444)
    folder.chmod(0o555)
    try:
        check(path, known)
        assert not any(name.name.endswith("copy") for name in folder.iterdir())
    finally:
        folder.chmod(0o755)


def test_where_sqlite_cannot_read_beside_the_log_a_copy_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = tmp_path / "run.bptrace", files._reading
    known = killed(path, 0.3)

    def reading(file: Path, more: str = "") -> sqlite3.Connection:
        if not more:
            raise sqlite3.OperationalError("unable to open database file")
        return read(file, more)

    monkeypatch.setattr(files, "_reading", reading)
    check(path, known)
    sqlite3.connect(path).execute("PRAGMA journal_mode = DELETE").connection.close()
    check(path, known)


def test_a_copy_without_its_log_is_a_trace_of_what_is_in_it_or_refused(tmp_path: Path) -> None:
    path, copy = tmp_path / "run.bptrace", tmp_path / "copy.bptrace"
    killed(path, 0.3)
    shutil.copyfile(path, copy)
    try:
        timeline = Timeline.open(copy)
    except NotATrace:
        return
    last = timeline.last(0)
    assert same(timeline.row(0, last), row(last) if last >= 0 else None)


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    with subprocess.Popen([sys.executable, str(WRITER), str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for _ in range(5):
                check(path, int(process.stdout.readline()))
        finally:
            process.kill()
