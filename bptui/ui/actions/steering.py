"""Gives the program its commands, one at a time and in order: no key is lost while it is busy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bptui.protocol.phase import StopReason
from bptui.protocol.replies import Compared, Evaluated, Payload, Refused, Stopped
from bptui.protocol.requests import Ask, Run
from bptui.protocol.snapshot import Snapshot
from bptui.ui.actions.play import Player
from bptui.ui.model.command_queue import CommandQueue, Later
from bptui.ui.model.requests import Requests, SessionState

UNFORESEEN = (StopReason.BREAKPOINT, StopReason.DATA_BREAKPOINT, StopReason.EXCEPTION, StopReason.PAUSE)
"""At such a stop a person wants to look: nothing that was typed before it moves the program on."""


class Steering:
    """Sends each command when the one before it is answered."""

    def __init__(
        self,
        requests: Requests,
        player: Player,
        snapshot: Callable[[], Snapshot | None],
        sent: Callable[[Ask], None],
        hear: Callable[[Ask, Payload], None],
    ) -> None:
        """`snapshot`: where the program stands.

        `sent` is told each request, and `hear` each answer with what was asked for.
        """
        self._player, self._snapshot = player, snapshot
        self.requests = requests
        """The table of what is in flight."""
        self._sent, self._hear = sent, hear
        self._queue = CommandQueue()
        self._dropped = 0
        """How many commands a person dropped while the present step runs: its stop says so too."""

    @property
    def queued(self) -> int:
        """How many commands wait for their turn."""
        return len(self._queue)

    @property
    def waiting(self) -> bool:
        """Whether a command that is given now has to wait."""
        dead = self.requests.state is SessionState.DEAD
        return not dead and (not self.requests.free or bool(self._queue))

    def give(self, what: Ask | Later, times: int = 1) -> bool:
        """Carry it out so often, as soon as all that was given before is done. False if there is no program."""
        if self.requests.state is SessionState.DEAD and not callable(what):
            return False
        self._player.stop()
        self._queue.add(what, times)
        self.go_on()
        return True

    def play(self, ask: Ask) -> None:
        """Ask for a step of playing, unless there is something else to do."""
        if self.requests.free and not self._queue:
            self._send(ask)

    def go_on(self) -> bool:
        """Carry out what waits, until the program is busy. Whether it is."""
        while self._queue and (self.requests.free or self.requests.state is SessionState.DEAD):
            snapshot = self._snapshot()
            what = self._queue.take(inside=snapshot is not None and snapshot.op is not None)
            ask = what() if callable(what) else what
            if ask is not None:
                self._send(ask)
        return self.requests.busy

    def drop(self) -> int:
        """Forget what waits. Returns how many commands that were."""
        dropped = self._queue.drop()
        self._dropped = self._dropped + dropped if self.requests.busy else 0
        return dropped

    def drop_behind(self, ask: Ask, payload: Payload) -> int:
        """Forget what must not follow that answer to that request.

        Returns how many commands that were, together with those that were dropped while it ran.
        """
        before, self._dropped = self._dropped, 0
        return before + self._drop_behind(ask, payload)

    def _drop_behind(self, ask: Ask, payload: Payload) -> int:
        if isinstance(payload, Refused) or (isinstance(payload, Evaluated) and payload.failed):
            return self._queue.drop()
        stop = payload.stop if isinstance(payload, Evaluated | Compared) else payload
        if not isinstance(stop, Stopped) or stop.snapshot.stop_reason not in UNFORESEEN:
            return 0
        return self._queue.drop_moves() + self._steps_left(ask, stop.snapshot)

    def _steps_left(self, ask: Ask, stop: Snapshot) -> int:
        """How many steps a run did not come to that was asked for so many; `_snapshot` is still where it began."""
        before = self._snapshot()
        if not isinstance(ask, Run) or ask.steps is None or before is None or self._player.playing:
            return 0
        return max(ask.steps - (stop.index - before.index), 0)

    def _send(self, ask: Ask) -> None:
        if self.requests.ask(ask, partial(self._hear, ask)):
            self._sent(ask)
