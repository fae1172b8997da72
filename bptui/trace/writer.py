"""Writes what a session tells, one commit for each message."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import repeat

from bptui import __version__
from bptui.protocol.codec import encode
from bptui.protocol.phase import StopReason
from bptui.protocol.replies import Compared, Died, Evaluated, Opened, Reply, Running, Stopped
from bptui.protocol.rows import Branch, Rows
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.trace.lineage import Lineage
from bptui.trace.numbers import Cell, cells
from bptui.trace.schema import CHUNK, LOSS

FIRST = Branch(0, None, -1)
"""The branch that every run begins on."""
_BIG = 1 << 62
"""Larger counts than this do not fit into SQLite, and no script has them."""

_Column = tuple[int, list[Cell], list[Cell]]
"""A parameter's key, or LOSS; its numbers, and its gradients."""
_STEP = "INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_VALUE = "INSERT OR REPLACE INTO value VALUES (?, ?, ?, ?, ?)"
_SUMMARY = """
INSERT INTO summary VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    low = ifnull(min(low, excluded.low), ifnull(low, excluded.low)),
    high = ifnull(max(high, excluded.high), ifnull(high, excluded.high)),
    grad_low = ifnull(min(grad_low, excluded.grad_low), ifnull(grad_low, excluded.grad_low)),
    grad_high = ifnull(max(grad_high, excluded.grad_high), ifnull(grad_high, excluded.grad_high))
"""


class Writer:
    """Appends to one store. One thread at a time."""

    def __init__(self, connection: sqlite3.Connection, keeps_runs: bool) -> None:
        """`keeps_runs`: a restart leaves what was before it in the file."""
        self._connection, self._keeps_runs = connection, keeps_runs
        self.program: ProgramInfo | None = None
        self.lineage = Lineage()
        """As far as it is written: readers on other threads go by it."""
        self._lineage = self.lineage
        """With what is being written."""
        self.params: dict[str, int] = {}
        """Each parameter's key in the store."""
        self._run = 0
        self._keys = 0
        """How many branches there are, over all runs."""
        self._printed = 0
        """How many characters of what a run at full speed prints are written already."""
        self._at = 0, 0
        """Branch and index of the latest row."""

    def hear(self, reply: Reply) -> None:
        """Keep what is worth keeping of it.

        Raises:
            sqlite3.Error: it cannot be written; nothing of it was.
        """
        payload = reply.payload
        if isinstance(payload, Evaluated | Compared):
            if payload.stop is None:
                return
            payload = payload.stop
        if not isinstance(payload, Opened | Running | Stopped | Died) or not (self._run or isinstance(payload, Opened)):
            return
        before = self.program, self.params, self._run, self._keys
        self._lineage = self.lineage.copy()
        self._connection.execute("BEGIN")
        try:
            self._write(payload)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self.program, self.params, self._run, self._keys = before
            raise
        self.lineage = self._lineage

    def _write(self, payload: Opened | Running | Stopped | Died) -> None:
        match payload:
            case Opened():
                self._open(payload)
            case Died():
                self._connection.execute("UPDATE run SET died = ? WHERE id = ?", (_text(payload.message), self._run))
                self._output("stdout", payload.printed)
                self._output("stderr", payload.errors)
            case Running():
                self._append(payload)
                self._output("stdout", payload.printed)
                self._printed += len(payload.printed)
            case Stopped():
                self._append(payload)
                self._stop(payload.snapshot)

    def _open(self, opened: Opened) -> None:
        if not self._keeps_runs:
            for table in ("run", "branch", "step", "param", "value", "snapshot", "output", "summary"):
                self._connection.execute(f"DELETE FROM {table}")
            self._run = self._keys = 0
        self._run += 1
        program = opened.program
        blocks = encode(program.blocks).decode()
        began = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
        self._connection.execute(
            "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                *(self._run, _text(program.path), _text(program.source), json.dumps(program.argv), blocks),
                *(opened.python, opened.torch, __version__, began),
            ),
        )
        self.program, self._lineage, self.params, self._printed = program, Lineage(), {}, 0
        self._branch(FIRST)

    def _branch(self, branch: Branch) -> None:
        if not self._lineage.knows(branch.number):
            self._connection.execute(
                "INSERT INTO branch VALUES (?, ?, ?, ?, ?)",
                (self._keys, self._run, branch.number, branch.parent, branch.at),
            )
            self._lineage = self._lineage.with_branch(branch, self._keys)
            self._keys += 1

    def _append(self, payload: Running | Stopped) -> None:
        for branch in payload.branches:
            self._branch(branch)
        for rows in payload.rows:
            if len(rows):
                self._rows(rows)
        self._output("log", payload.logged)

    def _rows(self, rows: Rows) -> None:
        key = self._lineage.keys[rows.branch]
        stop = rows.first + len(rows)
        indexes = range(rows.first, stop)
        reasons: Iterable[str] = repeat("step")
        if rows.reasons:
            known = dict(rows.reasons)
            reasons = [known[each].value if each in known else "step" for each in indexes]
        edits: Iterable[str | None] = repeat(None)
        if rows.edits:
            texts = dict(rows.edits)
            edits = [_text(texts[each]) if texts.get(each) else None for each in indexes]
        phases = [None if phase is None else phase._value_ for phase in rows.phases]
        losses = cells(rows.losses)
        epochs, samples = map(_counts, (rows.epochs, rows.samples))
        steps = zip(repeat(key), indexes, phases, reasons, epochs, samples, losses, edits)
        self._connection.executemany(_STEP, steps)
        forwards = [loss if phase == "forward" else None for loss, phase in zip(losses, phases, strict=True)]
        columns: list[_Column] = [(LOSS, forwards, [])]
        for name, values, grads in zip(rows.names, rows.values, rows.grads, strict=True):
            param = self._param(name)
            column = param, cells(values), cells(grads)
            self._connection.executemany(_VALUE, zip(repeat(key), indexes, repeat(param), *column[1:]))
            columns.append(column)
        self._connection.executemany(_SUMMARY, _summaries(key, rows.first, columns))
        ends = self._lineage.ends
        ends[rows.branch] = max(ends.get(rows.branch, -1), stop - 1)
        self._at = key, stop - 1

    def _param(self, name: str) -> int:
        key = self.params.get(name)
        if key is None:
            key = self._connection.execute(
                "INSERT INTO param (run, name) VALUES (?, ?)", (self._run, _text(name))
            ).lastrowid
            assert key is not None
            self.params = {**self.params, name: key}  # replaced, since readers on other threads go through it
        return key

    def _stop(self, snapshot: Snapshot) -> None:
        if snapshot.op is not None or not self._lineage.knows(snapshot.branch):
            return  # inside a phase: the step is not over
        self._at = self._place(snapshot)
        self._output("stdout", snapshot.printed[self._printed :])
        self._output("stderr", snapshot.errors)
        self._printed = 0
        self._connection.execute(
            "UPDATE step SET reason = ? WHERE branch = ? AND idx = ? AND reason = 'step' AND ? NOT IN ('step', 'goto')",
            (snapshot.stop_reason._value_, *self._at, snapshot.stop_reason._value_),
        )  # the row may have been told while it still ran
        was_there = snapshot.stop_reason is StopReason.GOTO
        self._connection.execute(
            f"INSERT OR {'IGNORE' if was_there else 'REPLACE'} INTO snapshot VALUES (?, ?, ?)",
            (*self._at, encode(self._as_it_was(snapshot)).decode()),
        )

    def _place(self, snapshot: Snapshot) -> tuple[int, int]:
        """The branch that holds the step where the program stands, by key, and its index."""
        segments = self._lineage.segments(snapshot.branch, snapshot.index, snapshot.index + 1)
        return (segments[0].key if segments else self._lineage.keys[snapshot.branch]), snapshot.index

    def _as_it_was(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot of a step that was gone to, as one of the step itself."""
        if snapshot.stop_reason is not StopReason.GOTO:
            return snapshot
        found = self._connection.execute("SELECT reason FROM step WHERE branch = ? AND idx = ?", self._at).fetchone()
        return replace(snapshot, stop_reason=StopReason(found[0]) if found else StopReason.STEP)

    def _output(self, stream: str, text: str) -> None:
        if text:
            self._connection.execute(
                "INSERT INTO output (branch, idx, stream, text) VALUES (?, ?, ?, ?)", (*self._at, stream, _text(text))
            )


def _summaries(key: int, first: int, columns: list[_Column]) -> Iterator[tuple[object, ...]]:
    """Lines of `summary` for new steps from `first` on."""
    count = len(columns[0][1])
    place = 0
    while place < count:
        chunk = (first + place) // CHUNK
        end = min(count, (chunk + 1) * CHUNK - first)
        for param, values, grads in columns:
            low, high = _extent(values[place:end])
            grad_low, grad_high = _extent(grads[place:end])
            yield key, chunk, param, low, high, grad_low, grad_high
        place = end


def _extent(column: list[Cell]) -> tuple[float | None, float | None]:
    numbers = [each for each in column if each.__class__ is float]
    return (min(numbers), max(numbers)) if numbers else (None, None)


def _counts(column: tuple[int | None, ...]) -> Iterable[int | None]:
    return [None if each is None or each > _BIG else each for each in column]


def _text(text: str) -> str:
    """Text that can be written: a lone surrogate, as in a file name that is no UTF-8, cannot."""
    return text.encode(errors="backslashreplace").decode()
