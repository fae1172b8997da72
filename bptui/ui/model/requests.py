"""What the screen asked the session, and which answers still matter. No Textual in here."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from bptui.protocol.messages import (
    Ask,
    Back,
    BreakpointsSet,
    CheckGradients,
    Compare,
    Compared,
    Completed,
    CurveDrawn,
    Died,
    Do,
    DrawCurve,
    Evaluated,
    GradientsChecked,
    Inspect,
    Inspected,
    Next,
    Opened,
    Refused,
    Reply,
    Run,
    RunBack,
    Running,
    SeenAnew,
    ShowTape,
    Step,
    Stopped,
    TapeShown,
    Tell,
)
from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import Snapshot
from bptui.session.live import Listener, Session
from bptui.ui.model.side_requests import Aside, Asides


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


STANDING = {
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


def standing(snapshot: Snapshot) -> SessionState:
    """What the program is doing at this stop. One that it was brought to says only by its facts what it was."""
    if snapshot.stop_reason is not StopReason.GOTO:
        return STANDING[snapshot.stop_reason]
    if snapshot.failure is not None:
        return SessionState.EXCEPTION
    return SessionState.ENDED if snapshot.next is None and snapshot.op is None else SessionState.READY


class Requests:
    """One step at a time is in flight; beside it at most one curve and one value to look into."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.state = SessionState.STARTING
        """As of the last answer: a step in flight does not show here."""
        self._opened = False
        self._step: int | None = None
        self._ran = False
        self._again: Ask | None = None
        self._times = 0
        """How often `_again` is to be asked for."""
        self._curve: int | None = None
        self._value: int | None = None
        self._tape: int | None = None
        self._check: int | None = None
        self._asides = Asides(session)

    @property
    def busy(self) -> bool:
        """Whether a step is in flight."""
        return self._step is not None

    @property
    def idle(self) -> bool:
        """Whether there is time for a curve."""
        free = not self.busy and not self._again and self._curve is None
        return free and self.state not in (SessionState.STARTING, SessionState.DEAD)

    def start(self, listener: Listener) -> None:
        """Open the script."""
        self._session.start(listener)

    def step(self, ask: Ask, times: int = 1) -> bool:
        """Ask for a step; False if one is in flight. Then one more is remembered: a held key never queues up.

        `times`: how often, one after the other, until one of them does not simply run.
        """
        if self.state in (SessionState.STARTING, SessionState.DEAD):
            return False
        if self._step is not None:
            if isinstance(ask, Next | Do | Step | Back) and not self._ran and self._again is None:
                self._again, self._times = ask, 1
            return False
        if times > 1:
            self._again, self._times = ask, times - 1
        self._ran = isinstance(ask, Run | RunBack | Compare)
        self._step = self._session.send(ask)
        return True

    def step_again(self) -> Ask | None:
        """Ask for the remembered step, if there is one; what was asked for."""
        again = self._again
        self._times -= 1
        if self._times <= 0:
            self._again = None
        return again if again is not None and self.step(again) else None

    def aside(self, ask: Aside, quietly: bool = False) -> None:
        """Ask for something beside the steps, if there is a program. `quietly`: a refusal need not be said."""
        if self._opened and self.state is not SessionState.DEAD:
            self._asides.ask(ask, quietly)

    def draw_curve(self, ask: DrawCurve) -> None:
        """Ask for a curve."""
        self._curve = self._session.send(ask)

    def ask_tape(self) -> None:
        """Ask for the tape, unless that is being answered."""
        if self._tape is None and self.state not in (SessionState.STARTING, SessionState.DEAD):
            self._tape = self._session.send(ShowTape())

    def check(self) -> None:
        """Ask for a gradient check."""
        self._check = self._session.send(CheckGradients())

    def inspect(self, name: str) -> None:
        """Ask for a value."""
        self._value = self._session.send(Inspect(name))

    def pause(self) -> bool:
        """Pause what runs; False if nothing does."""
        self._again = None
        if self._step is None and self.state is not SessionState.STARTING:
            return False
        self._session.pause()
        return True

    def restart(self) -> None:
        """Begin again; what is still to be answered no longer matters."""
        self._forget()
        self.state, self._opened = SessionState.STARTING, False
        self._session.restart()

    def hear(self, reply: Reply) -> Tell | None:
        """What was told, unless it was overtaken."""
        tell = reply.tell
        if isinstance(tell, Opened):
            self._forget()
            self.state, self._opened = SessionState.STARTING, True
        elif isinstance(tell, Died):
            self._forget()
            self.state = SessionState.DEAD
        elif reply.number in self._asides:
            return self._asides.hear(reply)
        elif isinstance(tell, BreakpointsSet | Completed):
            return None
        elif isinstance(tell, Inspected) or (isinstance(tell, Refused) and reply.number == self._value):
            if reply.number != self._value:
                return None
            self._value = None
            return tell if isinstance(tell, Inspected) else Inspected("", (), f"{tell.message}\n{tell.hint}")
        elif isinstance(tell, CurveDrawn):
            if reply.number != self._curve:
                return None
            self._curve = None
        elif isinstance(tell, TapeShown) or (isinstance(tell, Refused) and reply.number == self._tape):
            if reply.number != self._tape:
                return None
            self._tape = None
            return tell if isinstance(tell, TapeShown) else None
        elif isinstance(tell, GradientsChecked) or (isinstance(tell, Refused) and reply.number == self._check):
            if reply.number != self._check:
                return None
            self._check = None
            if isinstance(tell, GradientsChecked):
                return tell
            return GradientsChecked((), None, " ".join((tell.message, tell.hint)).strip())
        elif isinstance(tell, Stopped | Running | Refused | SeenAnew | Evaluated | Compared):
            return self._stood(reply.number, tell)
        return tell

    def _stood(self, number: int, tell: Stopped | Running | Refused | SeenAnew | Evaluated | Compared) -> Tell | None:
        entry = isinstance(tell, Stopped) and self._opened and self.state is SessionState.STARTING
        if number == self._curve and isinstance(tell, Refused):
            self._curve = None
        if number != self._step and not entry:
            return None
        stop = tell.stop if isinstance(tell, Evaluated | Compared) else tell
        if isinstance(stop, Stopped):
            self.state = standing(stop.snapshot)
            self._curve = None  # it is for the stop before
        if not isinstance(tell, Running):
            self._step = None
        if isinstance(tell, Refused) or self.state is not SessionState.READY:
            self._again = None
        return tell

    def _forget(self) -> None:
        self._step = self._curve = self._value = self._tape = self._check = None
        self._asides.forget()
        self._ran, self._again = False, None


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
