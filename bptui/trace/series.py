"""A number over the steps, thinned out for a plot: the smallest and the largest of each bucket of steps.

Few steps are read one by one, many from `summary`, which holds both for every 256 steps: so a plot of a million steps
takes a few milliseconds, and can be drawn anew while the program runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from bptui.trace.lineage import Segment
from bptui.trace.numbers import number
from bptui.trace.schema import CHUNK, LOSS

BucketPoint = tuple[int, float, float]
"""Index of the first step of a bucket, and the smallest and largest number in it."""

_STEPS = {
    "loss": "SELECT idx, loss FROM step WHERE branch = ? AND idx >= ? AND idx < ? AND phase = 'forward'"
    " AND typeof(loss) = 'real'",
    "value": "SELECT idx, value FROM value WHERE branch = ? AND idx >= ? AND idx < ? AND param = ?"
    " AND typeof(value) = 'real'",
    "grad": "SELECT idx, grad FROM value WHERE branch = ? AND idx >= ? AND idx < ? AND param = ?"
    " AND typeof(grad) = 'real'",
}
_BUCKETS = "SELECT idx, min({column}), max({column}) FROM ({steps}) GROUP BY idx / {width}"
_CHUNKS = """
SELECT min(chunk) * {chunk}, min({low}), max({high}) FROM summary
WHERE branch = ? AND chunk >= ? AND chunk < ? AND param = ? AND {low} IS NOT NULL GROUP BY chunk / {width}
"""


def series(
    connection: sqlite3.Connection, segments: list[Segment], param: int, grad: bool, points: int
) -> list[BucketPoint]:
    """At most about that many points over these segments; `param` is a key, or LOSS.

    Raises:
        NotATrace: the file holds something else than numbers there.
    """
    if not segments:
        return []
    width = bucket_width(segments, points)
    found: list[BucketPoint] = []
    for segment in segments:
        found += _within(connection, segment, param, grad, width)
    return _merged(found, width)


def bucket_width(segments: list[Segment], points: int) -> int:
    """How many steps a bucket has, where there are to be about that many points over these segments."""
    steps = segments[-1].stop - segments[0].start if segments else 0
    width = max(1, -(-steps // max(points, 1)))
    return width if width < CHUNK else -(-width // CHUNK) * CHUNK


def _within(connection: sqlite3.Connection, segment: Segment, param: int, grad: bool, width: int) -> list[BucketPoint]:
    first, last = -(-segment.start // CHUNK), segment.stop // CHUNK  # whole chunks
    if width < CHUNK or first >= last:
        return _of_steps(connection, segment.key, segment.start, segment.stop, param, grad, width)
    return [
        *_of_steps(connection, segment.key, segment.start, first * CHUNK, param, grad, width),
        *_of_chunks(connection, segment.key, first, last, param, grad, width),
        *_of_steps(connection, segment.key, last * CHUNK, segment.stop, param, grad, width),
    ]


def _of_steps(
    connection: sqlite3.Connection, key: int, start: int, stop: int, param: int, grad: bool, width: int
) -> list[BucketPoint]:
    column = "loss" if param == LOSS else "grad" if grad else "value"
    asked = _BUCKETS.format(column=column, steps=_STEPS[column], width=width)
    return _points(connection.execute(asked, (key, start, stop) if param == LOSS else (key, start, stop, param)))


def _of_chunks(
    connection: sqlite3.Connection, key: int, first: int, last: int, param: int, grad: bool, width: int
) -> list[BucketPoint]:
    low, high = ("grad_low", "grad_high") if grad else ("low", "high")
    asked = _CHUNKS.format(low=low, high=high, chunk=CHUNK, width=width // CHUNK)
    return _points(connection.execute(asked, (key, first, last, param)))


def _points(found: Iterable[tuple[int, object, object]]) -> list[BucketPoint]:
    points = []
    for index, low, high in found:
        smallest, largest = number(low), number(high)
        if smallest is not None and largest is not None:
            points.append((index, smallest, largest))
    return points


def _merged(points: list[BucketPoint], width: int) -> list[BucketPoint]:
    """Buckets that two sources share, as one."""
    merged: list[BucketPoint] = []
    for point in points:
        if merged and merged[-1][0] // width == point[0] // width:
            index, low, high = merged[-1]
            merged[-1] = index, min(low, point[1]), max(high, point[2])
        else:
            merged.append(point)
    return merged
