"""What the screen asked the session, and which answers still matter. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum

from bptui.protocol.phase import StopReason
from bptui.protocol.replies import Compared, Died, Evaluated, Listener, Opened, Payload, Reply, Running, Stopped, Uncut
from bptui.protocol.requests import (
    Ask,
    Back,
    Compare,
    Do,
    DrawCurve,
    Evaluate,
    GoTo,
    Next,
    Run,
    RunBack,
    SetValue,
    SetZeroing,
    Step,
)
from bptui.protocol.snapshot import Snapshot
from bptui.session.live import Session

Hear = Callable[[Payload], None]
"""Called with what answers a request: each `Running` of a run on the way, and at last the answer."""

STEPS = (Next, Do, Step, Run, Back, RunBack, GoTo, Compare, Evaluate, SetValue, SetZeroing)
"""The requests that the program itself carries out: one at a time. All others are answered beside them."""


class SessionState(str, Enum):
    """What the program is doing, in the title bar's words."""

    STARTING = "starting"
    READY = "ready"
    RUNNING = "running"
    BREAKPOINT = "breakpoint"
    PAUSED = "paused"
    EXCEPTION = "exception"
    ENDED = "ended"
    DEAD = "dead"

    def __str__(self) -> str:
        return self.value


STATES = {
    StopReason.ENTRY: SessionState.READY,
    StopReason.STEP: SessionState.READY,
    StopReason.BREAKPOINT: SessionState.BREAKPOINT,
    StopReason.DATA_BREAKPOINT: SessionState.BREAKPOINT,
    StopReason.PAUSE: SessionState.PAUSED,
    StopReason.EXCEPTION: SessionState.EXCEPTION,
    StopReason.END: SessionState.ENDED,
}
ALWAYS = {"help", "quit", "restart", "faster", "slower"}
TYPED = {"breakpoints", "watch", "unwatch", "eval", "set"}
BACKWARDS = {"back", "back_run", "first"}
"""The commands that need something to go back to."""


def state_at(snapshot: Snapshot) -> SessionState:
    """What the program is doing at this stop. One that it was brought to says only by its facts what it was."""
    if snapshot.stop_reason is not StopReason.GOTO:
        return STATES[snapshot.stop_reason]
    if snapshot.failure is not None:
        return SessionState.EXCEPTION
    return SessionState.ENDED if snapshot.next is None and snapshot.op is None else SessionState.READY


@dataclass(frozen=True)
class InFlight:
    """A request that is not answered yet."""

    ask: Ask
    hear: Hear

    @property
    def kind(self) -> type:
        """Of each kind only the latest request matters."""
        return Step if isinstance(self.ask, STEPS) else type(self.ask)


class Requests:
    """The table of requests in flight: each with the function that gets its answer."""

    def __init__(self, session: Session, hear: Hear) -> None:
        """`hear` gets the replies to no request of ours: a program was opened, is at its entry stop, or is gone."""
        self._session, self._hear = session, hear
        self.state = SessionState.STARTING
        """As of the last answer: a step in flight does not show here."""
        self._opened = False
        self._in_flight: dict[int, InFlight] = {}
        """By number."""

    def awaits(self, kind: type) -> bool:
        """Whether a request of that kind is in flight."""
        return any(each.kind is kind for each in self._in_flight.values())

    @property
    def busy(self) -> bool:
        """Whether a step is in flight."""
        return self.awaits(Step)

    @property
    def free(self) -> bool:
        """Whether the program stands still and can be asked for a step."""
        return not self.busy and self.state not in (SessionState.STARTING, SessionState.DEAD)

    def start(self, listener: Listener) -> None:
        """Open the script."""
        self._session.start(listener)

    def ask(self, ask: Ask, hear: Hear) -> bool:
        """Ask; an earlier request of its kind no longer matters. False if there is no program to ask."""
        if not self._opened or self.state is SessionState.DEAD:
            return False
        asked = InFlight(ask, hear)
        self._forget(asked.kind)
        self._in_flight[self._session.send(ask)] = asked
        return True

    def pause(self) -> bool:
        """Pause what runs; False if nothing does."""
        if not self.busy and self.state is not SessionState.STARTING:
            return False
        self._session.pause()
        return True

    def restart(self) -> None:
        """Begin again; what is still to be answered no longer matters."""
        self._in_flight.clear()
        self.state, self._opened = SessionState.STARTING, False
        self._session.restart()

    def take(self, reply: Reply) -> None:
        """Hand a reply to the function that waits for it; drop it if a later request of its kind was made since."""
        payload = reply.payload
        if isinstance(payload, Opened | Died | Uncut):
            self._in_flight.clear()
            self.state = SessionState.DEAD if isinstance(payload, Died) else SessionState.STARTING
            self._opened = isinstance(payload, Opened)
            self._hear(payload)
            return
        asked = self._in_flight.get(reply.number)
        entry = isinstance(payload, Stopped) and self._opened and self.state is SessionState.STARTING
        if asked is None and not entry:
            return
        if asked is not None and not isinstance(payload, Running):
            del self._in_flight[reply.number]
        stop = payload.stop if isinstance(payload, Evaluated | Compared) else payload
        if isinstance(stop, Stopped):
            self.state = state_at(stop.snapshot)
            self._forget(DrawCurve)  # it is for the stop before
        (self._hear if asked is None else asked.hear)(payload)

    def _forget(self, kind: type) -> None:
        self._in_flight = {number: each for number, each in self._in_flight.items() if each.kind is not kind}


def possible(state: SessionState, snapshot: Snapshot | None, playing: bool) -> Collection[str]:
    """The commands that can be carried out now, by id."""
    now = set(ALWAYS)
    if playing or state in (SessionState.STARTING, SessionState.RUNNING):
        now |= {"pause"}
    if playing:
        now |= {"play"}
    if state is SessionState.DEAD:
        now |= {"command"}
    if snapshot is not None:
        now |= {"plot", "export"}
    if snapshot is None or state in (SessionState.STARTING, SessionState.RUNNING, SessionState.DEAD):
        return now
    now |= {"inspect", "tape", "check", "goto", "last", "branches", "command", *TYPED}
    if snapshot.index > 0:
        now |= BACKWARDS
    if snapshot.op is not None:
        now |= {"in", "in_back", "over", "up", "out"}
    if state is not SessionState.ENDED:
        now |= {
            "compare",
            "zeroing",
            "next",
            "sample",
            "epoch",
            "continue",
            "play",
            "in",
            "over",
            *map(str, snapshot.possible),
        }
    return now
