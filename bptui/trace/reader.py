"""Reads rows and snapshots back. What a file says is checked: it may have been damaged, or written by anybody."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from bptui.protocol.codec import ProtocolError, decode, encode
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.rows import Branch, Row
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.trace.errors import NotATrace
from bptui.trace.lineage import Lineage, Segment
from bptui.trace.numbers import number

MOST_BRANCHES = 100_000
"""More than anybody goes; a file that has more is not read."""

_PHASES: dict[object, Phase | None] = {None: None, **{phase.value: phase for phase in Phase}}
_REASONS: dict[object, StopReason] = {reason.value: reason for reason in StopReason}


def latest_run(connection: sqlite3.Connection) -> tuple[int, ProgramInfo]:
    """The key of the latest run and its program.

    Raises:
        NotATrace: there is none, or it cannot be understood.
    """
    found = connection.execute("SELECT id, path, source, argv, blocks FROM run ORDER BY id DESC LIMIT 1").fetchone()
    if found is None:
        raise NotATrace("it is empty: nothing was recorded")
    try:
        key, path, source, argv, blocks = found
        program = {"is": "ProgramInfo", "path": path, "source": source, "argv": json.loads(argv)}
        return key, decode(encode({**program, "blocks": json.loads(blocks)}), ProgramInfo)
    except (ProtocolError, ValueError, TypeError, RecursionError) as error:
        raise NotATrace(f"its program is damaged: {error}") from None


def lineage_of(connection: sqlite3.Connection, run: int) -> Lineage:
    """The branches of a run, with their ends.

    Raises:
        NotATrace: they make no tree.
    """
    lineage = Lineage()
    asked = "SELECT id, number, parent, at FROM branch WHERE run = ? ORDER BY number LIMIT ?"
    branches: list[Branch] = []
    keys: dict[int, int] = {}
    for key, *fields in connection.execute(asked, (run, MOST_BRANCHES + 1)):
        branch = Branch(*fields)
        known = branch.parent is None if branch.number == 0 else branch.parent in keys
        complete = all(isinstance(each, int) for each in (key, branch.number, branch.at))
        if not (complete and known) or branch.number in keys or branch.at < -1 or len(keys) == MOST_BRANCHES:
            raise NotATrace("its branches are damaged")
        branches.append(branch)
        keys[branch.number] = key
    lineage = Lineage(tuple(branches), keys)
    (size,) = connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()
    for branch in branches:
        first, last = connection.execute(
            "SELECT (SELECT min(idx) FROM step WHERE branch = ?1), (SELECT max(idx) FROM step WHERE branch = ?1)",
            (keys[branch.number],),
        ).fetchone()
        if last is not None:
            if not (isinstance(last, int) and first == branch.at + 1 and last < first + size):
                raise NotATrace("its steps are damaged")
            lineage.ends[branch.number] = last
    return lineage


def params_of(connection: sqlite3.Connection, run: int) -> dict[str, int]:
    """The parameters of a run: their keys by name, in the order in which they appeared."""
    found = connection.execute("SELECT name, id FROM param WHERE run = ? ORDER BY id", (run,))
    return {str(name): int(key) for name, key in found}


def read_rows(
    connection: sqlite3.Connection, segments: list[Segment], names: dict[int, str], branches: dict[int, int]
) -> list[Row]:
    """The rows of these segments. `names` and `branches` are by their keys.

    Raises:
        NotATrace: the file holds something else there.
    """
    rows: list[Row] = []
    for segment in segments:
        there = (segment.key, segment.start, segment.stop)
        params: dict[int, list[tuple[str, float | None, float | None]]] = {}
        for index, param, value, grad in connection.execute(
            "SELECT idx, param, value, grad FROM value WHERE branch = ? AND idx >= ? AND idx < ?", there
        ):
            if (name := names.get(param)) is not None:
                params.setdefault(index, []).append((name, number(value), number(grad)))
        for index, *fields, edit in connection.execute(
            "SELECT idx, phase, reason, epoch, sample, loss, edit FROM step WHERE branch = ? AND idx >= ? AND idx < ?",
            there,
        ):
            numbers = tuple(params.get(index, ()))
            rows.append(Row(index, *_step(*fields), numbers, branches[segment.key], str(edit or "")))
    return rows


def _step(
    phase: object, reason: object, epoch: object, sample: object, loss: object
) -> tuple[Phase | None, StopReason, int | None, int | None, float | None]:
    if phase not in _PHASES or reason not in _REASONS:
        raise NotATrace(f"it has a step of an unknown kind, {str(phase)[:40]!r} with {str(reason)[:40]!r}")
    return _PHASES[phase], _REASONS[reason], _count(epoch), _count(sample), number(loss)


def _count(cell: Any) -> int | None:
    if cell is not None and not isinstance(cell, int):
        raise NotATrace("it holds something else where a count must be")
    return cell


def read_snapshot(connection: sqlite3.Connection, key: int, index: int) -> Snapshot | None:
    """The snapshot that is kept of a step; None if there is none.

    Raises:
        NotATrace: it is damaged.
    """
    found = connection.execute("SELECT json FROM snapshot WHERE branch = ? AND idx = ?", (key, index)).fetchone()
    if found is None:
        return None
    try:
        snapshot = decode(found[0], Snapshot)
    except ProtocolError as error:
        raise NotATrace(f"its snapshot of step {index} is damaged: {error}") from None
    if snapshot.index != index:
        raise NotATrace(f"its snapshot of step {index} is that of another step")
    return snapshot
