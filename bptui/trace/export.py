"""The timeline as a table for other programs: CSV, or JSON Lines. A step is a line; however long it is, it streams."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from bptui.protocol.rows import Row
from bptui.trace import files
from bptui.trace.errors import CannotRecord, NotATrace
from bptui.trace.timeline import Timeline

PAGE = 2000
"""So many steps are read at once."""
COLUMNS = ("branch", "index", "phase", "reason", "epoch", "sample", "loss", "edit")
"""The first columns; then come two for each parameter."""
KINDS = {".csv": ",".join(COLUMNS), ".jsonl": f'{{"{COLUMNS[0]}": '}
"""What a file's name may end with, and how such a file begins."""


def export(timeline: Timeline, path: Path) -> int:
    """Write every step of every branch. Returns how many. It takes the place of an earlier export, and of nothing else.

    Raises:
        CannotRecord: the name ends otherwise, or the file cannot be written.
    """
    if path.suffix not in KINDS:
        raise CannotRecord(f"{path} is to end with {' or '.join(KINDS)}.")
    _check_replaceable(path)
    with files.instead_of(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        return _csv(timeline, file) if path.suffix == ".csv" else _json_lines(timeline, file)


def _check_replaceable(path: Path) -> None:
    """Somebody's data may have that name."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            start = file.read(len(KINDS[path.suffix]))
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotRecord(f"{path} cannot be written: {error.strerror}.") from None
    if start and start != KINDS[path.suffix]:
        raise CannotRecord(f"{path} is there already and was not exported by bptui, so it is not overwritten.")


def steps(timeline: Timeline) -> Iterator[Row]:
    """Every step once, branch by branch.

    Raises:
        NotATrace: some are missing.
    """
    for branch in timeline.branches:
        last = timeline.last(branch.number)
        for start in range(branch.at + 1, last + 1, PAGE):
            rows = timeline.rows(branch.number, start, min(start + PAGE, last + 1))
            if not rows:
                raise NotATrace(f"{timeline.path} is damaged: step {start} of branch {branch.number} is missing.")
            yield from rows


def _csv(timeline: Timeline, file: TextIO) -> int:
    writer, count = csv.writer(file), 0
    names = timeline.params
    writer.writerow([*COLUMNS, *(label for name in names for label in (name, f"{name}.grad"))])
    for row in steps(timeline):
        known = {name: (value, grad) for name, value, grad in row.params}
        values = [number for name in names for number in known.get(name, (None, None))]
        writer.writerow([*_place(row).values(), row.loss, row.edit, *values])
        count += 1
    return count


def _json_lines(timeline: Timeline, file: TextIO) -> int:
    count = 0
    for row in steps(timeline):
        params = {name: {"value": _plain(value), "grad": _plain(grad)} for name, value, grad in row.params}
        record = {**_place(row), "loss": _plain(row.loss), "edit": row.edit, "params": params}
        file.write(json.dumps(record, allow_nan=False) + "\n")
        count += 1
    return count


def _place(row: Row) -> dict[str, Any]:
    return {
        "branch": row.branch, "index": row.index, "phase": row.phase and row.phase.value,
        "reason": row.stop_reason.value, "epoch": row.epoch, "sample": row.sample,
    }  # fmt: skip


def _plain(number: float | None) -> float | str | None:
    """Strict JSON has no words for nan and inf: they are strings, as in plain mode."""
    return number if number is None or math.isfinite(number) else str(number)
