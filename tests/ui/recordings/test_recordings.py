"""The recordings say what the engine says today."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.protocol.codec import encode
from bptui.protocol.replies import Opened, Stopped
from bptui.trace.timeline import Timeline
from tests.ui.recordings.record import RECORDINGS, record, recording


def content(path: Path) -> list[bytes]:
    """The script, all steps, and all that is known of those at which the program stood; not when and by which torch."""
    timeline = Timeline.open(path)
    assert timeline.program is not None
    said = [encode(Opened(timeline.program, "", ""))]
    for branch in timeline.branches:
        rows = timeline.rows(branch.number, 0, timeline.last(branch.number) + 1)
        said += [repr(row).encode() for row in rows]
        for index in timeline.marks(branch.number):
            snapshot = timeline.snapshot(branch.number, index)
            assert snapshot is not None
            said.append(encode(Stopped(snapshot, ())))
    timeline.close()
    return said


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_what_the_engine_says_today(name: str, tmp_path: Path) -> None:
    stale = "stale: python -m tests.ui.recordings.record makes the recordings anew"
    assert content(recording(name)) == content(record(name, tmp_path)), stale
