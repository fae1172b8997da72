"""A session that tells what the test tells it."""

from __future__ import annotations

from bptui.protocol.replies import Listener, Opened, Payload, Reply, Stopped
from bptui.protocol.requests import Ask, Open
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.trace.timeline import Timeline
from tests.ui.fakes.stops import BACKWARD, ENTRY, FORWARD, PROGRAM, TURN, UPDATE

ROWS = [stop.row() for stop in (*TURN, FORWARD, BACKWARD, UPDATE)]


class ToldSession:
    """Answers a request only when the test says what; and each at once if it was told beforehand what."""

    def __init__(self, *answers: Payload, program: ProgramInfo = PROGRAM, entry: Snapshot | None = ENTRY) -> None:
        """What the requests after opening are answered with, in turn. Without `entry` the script never starts."""
        self.asked: list[Ask] = []
        """All requests, in order."""
        self.pauses = self.restarts = self.closes = 0
        """How often that was asked for."""
        self._answers = list(answers)
        self._program, self._entry = program, entry
        self._listener: Listener | None = None
        self.timeline = Timeline.temporary()

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._open()

    def send(self, ask: Ask) -> int:
        self.asked.append(ask)
        if self._answers and not isinstance(ask, Open):
            self.reply(self._answers.pop(0))
        return len(self.asked)

    def reply(self, *payloads: Payload, number: int | None = None) -> None:
        """Answer the latest request, or that of this number."""
        assert self._listener is not None
        for payload in payloads:
            reply = Reply(number or len(self.asked), payload)
            self.timeline.hear(reply)
            self._listener(reply)

    def stop(self, *snapshots: Snapshot) -> None:
        """Answer the latest request with stops; the steps before each have run too."""
        for each in snapshots:
            since = self.timeline.last(each.branch) + 1
            self.reply(Stopped(each, Rows.of([*(row for row in ROWS if since <= row.index < each.index), each.row()])))

    def pause(self) -> None:
        self.pauses += 1

    def kill(self) -> None:
        raise AssertionError("the screen restarts")

    def restart(self) -> None:
        self.restarts += 1
        self._open()

    def close(self) -> None:
        self.closes += 1

    def _open(self) -> None:
        self.asked.append(Open(self._program.path))
        if self._entry is not None:
            self.reply(Opened(self._program, "3.11.9", "2.9.0"))
            self.stop(self._entry)
