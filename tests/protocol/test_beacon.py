"""What one side writes into the shared memory the other reads."""

from __future__ import annotations

import pytest

from bptui.protocol.beacon import Beacon, beacon_file
from bptui.protocol.phase import Phase


def test_a_new_beacon_is_idle() -> None:
    beacon = Beacon(beacon_file())
    assert str(beacon.place) == "between two steps"
    assert beacon.reported == (0, 0)


@pytest.mark.parametrize(
    ("phase", "line", "said"),
    [
        (Phase.BACKWARD, 12, "during backward, line 12"),
        (Phase.ZERO_GRAD, 4_000_000, "during zero_grad, line 4000000"),
        (None, 7, "outside the loop, line 7"),
        (None, 0, "outside the loop"),
    ],
)
def test_the_other_side_reads_what_was_running(phase: Phase | None, line: int, said: str) -> None:
    file = beacon_file()
    writer, reader = Beacon(file), Beacon(file)
    writer.running(phase, line)
    writer.report(5, 2**40)
    assert str(reader.place) == said
    assert reader.reported == (5, 2**40)
    writer.idle()
    assert str(reader.place) == "between two steps"
    assert reader.reported == (5, 2**40)
