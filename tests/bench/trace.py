"""What keeping the timeline costs, and how fast it is read, for a million steps: python tests/bench/trace.py [PARAMS]

Rows are told as a run tells them: 1,500 in each message, 20 messages a second at 30,000 steps a second.
"""

from __future__ import annotations

import math
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

from bptui.protocol.phase import Phase  # noqa: E402
from bptui.protocol.replies import Opened, Reply, Running  # noqa: E402
from bptui.protocol.rows import Rows  # noqa: E402
from bptui.protocol.snapshot import ProgramInfo  # noqa: E402
from bptui.trace.diff import BranchRef, Tolerance, first_difference  # noqa: E402
from bptui.trace.export import export  # noqa: E402
from bptui.trace.timeline import Timeline  # noqa: E402

STEPS = 1_000_000
MESSAGE = 1_500
RATE = 30_000


def message(first: int, params: int) -> Reply:
    places = range(first, first + MESSAGE)
    numbers = tuple(math.sin(place / 1e5) for place in places)
    rows = Rows(
        0, first, tuple(tuple(Phase)[place % 4] for place in places), tuple(place // 400 for place in places),
        tuple(place // 4 % 100 for place in places), numbers, tuple(f"w{each}" for each in range(params)),
        (numbers,) * params, (numbers,) * params,
    )  # fmt: skip
    return Reply(1, Running((rows,), ""))


def median(action: Callable[[], object], times: int = 15) -> float:
    """Milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3


def fill(timeline: Timeline, params: int) -> None:
    timeline.hear(Reply(1, Opened(ProgramInfo("bench.py", "", (), ()), "", "")))
    spent, worst, memory = 0.0, 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for first in range(0, STEPS, MESSAGE):
        told = message(first, params)
        began, clock = time.process_time(), time.perf_counter()
        timeline.hear(told)
        spent += time.process_time() - began
        worst = max(worst, time.perf_counter() - clock)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    share = spent / STEPS * RATE
    print(f"{STEPS:,} steps written in {spent:.1f} s of processor time: {share:.0%} of a core at {RATE:,}/s")
    print(f"slowest message {worst * 1e3:.0f} ms; memory grew by {grown / 1024:.1f} MB")


def main() -> None:
    params = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.bptrace"
        for kind, timeline in (("temporary", Timeline.temporary()), ("recorded", Timeline.create(path))):
            print(f"{kind}, {params} parameters:")
            fill(timeline, params)
            steps = timeline.last(0) + 1
            for name, action in {
                "row": lambda t=timeline: t.row(0, 777_777),
                "rows of a page (50)": lambda t=timeline: t.rows(0, 555_555, 555_605),
                "series of all, loss": lambda t=timeline, steps=steps: t.series(0, "loss", 0, steps, 200),
                "series of all, w0.grad": lambda t=timeline, steps=steps: t.series(0, "w0.grad", 0, steps, 200),
                "series of 50,000": lambda t=timeline: t.series(0, "w0", 300_000, 350_000, 200),
                "marks": lambda t=timeline: t.marks(0),
            }.items():
                print(f"  {name}: {median(action):.2f} ms")
            began = time.perf_counter()
            timeline.save(Path(folder) / "copy")
            print(f"  save: {time.perf_counter() - began:.2f} s")
            timeline.close()
        print(f"file: {path.stat().st_size / 1e6:.0f} MB")
        one, other = (BranchRef(name, Timeline.open(Path(folder) / name), 0) for name in ("run.bptrace", "copy"))
        began = time.perf_counter()
        assert first_difference(one, other, Tolerance()) is None
        print(f"diff of two that are the same: {time.perf_counter() - began:.1f} s")
        with sqlite3.connect(Path(folder) / "copy") as connection:
            connection.execute("UPDATE value SET value = value * 1.0000001 WHERE typeof(value) = 'real'")
        began = time.perf_counter()
        assert first_difference(one, other, Tolerance(1e-3)) is None
        print(f"diff of two that are never quite the same: {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        export(one.timeline, Path(folder) / "run.csv")
        print(f"export: {time.perf_counter() - began:.1f} s")
        print(f"open: {median(lambda: Timeline.open(path).close(), 3):.1f} ms")


if __name__ == "__main__":
    main()
