"""Zeroing compared over the wall: all rows of both ways come into the timeline."""

from __future__ import annotations

from bptui.protocol.phase import Phase
from bptui.protocol.replies import Compared, Payload, Reply, Running
from bptui.protocol.requests import Compare, Next, SetZeroing
from tests.engine_session import EngineSession


def test_over_the_wall_all_rows_of_both_ways_are_in_the_timeline() -> None:
    session = EngineSession()
    payloads: list[Payload] = []

    def hear(reply: Reply) -> None:
        payloads.append(reply.payload)

    session.start(hear)
    for ask in (Next(), Next(), Next(), SetZeroing(False), Compare(30)):
        session.send(ask)
    compared = payloads[-1]
    assert isinstance(compared, Compared)
    assert (compared.at, compared.stop.snapshot.index, compared.stop.snapshot.zeroing) == (3, 3, False)
    timeline = session.timeline
    for branch in (compared.on, compared.off):
        assert [row.index for row in timeline.rows(branch, 0, 100)] == list(range(34))
    phases = [[row.phase for row in timeline.rows(branch, 0, 100)] for branch in (compared.on, compared.off)]
    assert "zero_grad" in phases[0]
    assert "zero_grad" not in phases[1]
    printed = "".join(payload.printed for payload in payloads if isinstance(payload, Running)).splitlines()
    said = [line.split(":")[0].strip() for line in printed]
    turns = sum(phase is Phase.BACKWARD for way in phases for phase in way[4:])
    assert said.count("grad") == turns, "what both ways print, and nothing that is run again to come back"
    session.close()
