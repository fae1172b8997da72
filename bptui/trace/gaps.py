"""Where a number over the steps is nan: one step for each bucket of them, found without looking at the others."""

from __future__ import annotations

import sqlite3

from bptui.trace.lineage import Segment
from bptui.trace.schema import LOSS

_NEXT = {
    "loss": "SELECT min(idx) FROM step INDEXED BY nan_loss"
    " WHERE branch = ? AND idx >= ? AND idx < ? AND loss = 'nan' AND phase = 'forward'",
    "value": "SELECT min(idx) FROM value INDEXED BY nan_value"
    " WHERE branch = ? AND idx >= ? AND idx < ? AND param = ? AND value = 'nan'",
    "grad": "SELECT min(idx) FROM value INDEXED BY nan_grad"
    " WHERE branch = ? AND idx >= ? AND idx < ? AND param = ? AND grad = 'nan'",
}


def gaps(connection: sqlite3.Connection, segments: list[Segment], param: int, grad: bool, points: int) -> list[int]:
    """The first such step of each of about that many buckets; `param` is a key, or LOSS."""
    if not segments:
        return []
    width = max(1, -(-(segments[-1].stop - segments[0].start) // max(points, 1)))
    asked = _NEXT["loss" if param == LOSS else "grad" if grad else "value"]
    found: list[int] = []
    for segment in segments:
        start = segment.start
        while start < segment.stop:
            there = (segment.key, start, segment.stop)
            (index,) = connection.execute(asked, there if param == LOSS else (*there, param)).fetchone()
            if not isinstance(index, int):
                break
            found.append(index)
            start = (index // width + 1) * width
    return found
