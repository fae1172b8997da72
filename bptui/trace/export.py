"""The timeline as a table for other programs: CSV, or JSON Lines. A step is a line; however long it is, it streams."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bptui.protocol.snapshot import Row
from bptui.trace.errors import CannotRecord
from bptui.trace.timeline import Timeline

PAGE = 2000
"""So many steps are read at once."""
KINDS = (".csv", ".jsonl")
"""What a file's name may end with."""


def export(timeline: Timeline, path: Path) -> int:
    """Write every step of every branch. Returns how many.

    Raises:
        CannotRecord: the name ends otherwise, or the file cannot be written.
    """
    if path.suffix not in KINDS:
        raise CannotRecord(f"{path} is to end with {' or '.join(KINDS)}.")
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            return _csv(timeline, file) if path.suffix == ".csv" else _json_lines(timeline, file)
    except OSError as error:
        raise CannotRecord(f"{path} cannot be written: {error.strerror}.") from None


def steps(timeline: Timeline) -> Iterator[Row]:
    """Every step once, branch by branch."""
    for branch in timeline.branches:
        last = timeline.last(branch.number)
        for start in range(branch.at + 1, last + 1, PAGE):
            yield from timeline.rows(branch.number, start, min(start + PAGE, last + 1))


def _csv(timeline: Timeline, file: Any) -> int:
    writer, count = csv.writer(file), 0
    names = timeline.params
    numbers = [label for name in names for label in (name, f"{name}.grad")]
    writer.writerow(["branch", "index", "phase", "reason", "epoch", "sample", "loss", "edit", *numbers])
    for row in steps(timeline):
        known = {name: (value, grad) for name, value, grad in row.params}
        values = [number for name in names for number in known.get(name, (None, None))]
        writer.writerow([*_place(row).values(), row.loss, row.edit, *values])
        count += 1
    return count


def _json_lines(timeline: Timeline, file: Any) -> int:
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
