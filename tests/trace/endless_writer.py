"""Writes a recording without end, until it is killed: python endless_writer.py FILE. Says each step once it is kept."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

from bptui.trace.timeline import Timeline  # noqa: E402
from tests.trace.small_runs import hear, opened, row, rows, running, stopped  # noqa: E402

timeline = Timeline.create(Path(sys.argv[1]))
hear(timeline, opened(), stopped(row(0)))
print(0, flush=True)
for message in count():
    first = 1 + message * 40
    hear(timeline, running(rows(first, first + 39)), stopped(row(first + 39)))
    print(first + 39, flush=True)
