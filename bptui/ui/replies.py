"""The half of the main screen that listens: what the session tells goes to the panes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.text import Text
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.screen import Screen

from bptui.protocol.messages import (
    Ask,
    BreakpointsSet,
    Compared,
    Completed,
    CurveDrawn,
    Died,
    Evaluated,
    GradientsChecked,
    Inspected,
    Opened,
    Refused,
    Reply,
    Running,
    SeenAnew,
    Stopped,
    TapeShown,
    Tell,
    Uncut,
)
from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import ProgramInfo, Rows, Snapshot
from bptui.render.stop.footer import dead, refused, seen_anew
from bptui.render.stop.headway import headway
from bptui.render.stop.title import Progress, TimelinePosition
from bptui.session.live import Session
from bptui.ui.actions.commands import Commands
from bptui.ui.actions.inspect import InspectActions
from bptui.ui.actions.paint_batch import PaintBatch
from bptui.ui.actions.play import Player, Wait
from bptui.ui.base.messages import ReplyArrived
from bptui.ui.model.requests import Requests, SessionState, possible
from bptui.ui.model.rows import RowPages
from bptui.ui.panes.toosmall import TooSmall
from bptui.ui.panes.view import View


class ReplyHandler(Screen[None]):
    """Every pane hangs on `snapshot`."""

    AUTO_FOCUS = ""

    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False, always_update=True, init=False)
    """Where the program stands."""

    def __init__(self, session: Session, title: str, source: str, clock: Callable[[], float]) -> None:
        super().__init__()
        self._session = session
        self._requests = Requests(session)
        self._program_name = title
        self._view = View(source)
        self._program: ProgramInfo | None = None
        self._before: Snapshot | None = None
        """The stop before, with which the cards compare."""
        self._pages = RowPages(session.timeline)
        self._here = 0, 0
        """The branch and the row at which the program stands; inside a phase that has none yet, the one before."""
        self._param: str | None = None
        self._heard = 0
        """How much of what the script prints in this run is already in the console."""
        self._troubled = False
        """Whether it was told that the timeline is no longer kept."""
        self._together = PaintBatch(self)
        self._player = Player(self, self._play)
        self._wait = Wait(self, clock, self._show_state)
        self._place: Progress | None = None
        self._lookup = InspectActions(self, self._requests, self._view)
        self._commanding = Commands(self, self._requests, self._view, self._lookup, session.timeline, self._possible)

    def compose(self) -> ComposeResult:
        yield self._view
        yield TooSmall()

    def on_mount(self) -> None:
        self._show_state()
        self._view.say(Text("starting: PyTorch is imported, and the script runs up to its loop"))
        self._requests.start(self._reply_arrives)

    # ---- what the session tells

    def _reply_arrives(self, reply: Reply) -> None:
        """On the session's own thread."""
        self.post_message(ReplyArrived(reply))

    def on_reply_arrived(self, message: ReplyArrived) -> None:
        tell = self._requests.hear(message.reply)
        if tell is not None:
            self._hear(tell)
            if isinstance(tell, Stopped | Evaluated | SeenAnew | Compared):
                self._go_on()
            self._show_state()

    def _hear(self, tell: Tell) -> None:
        match tell:
            case Opened(program):
                self._open(program)
            case Uncut():
                self.app.refuse(tell)  # type: ignore[attr-defined]
            case Stopped():
                self._stop(tell)
            case SeenAnew(snapshot):
                self._wait.end()
                if (said := seen_anew(self.snapshot, snapshot)) is not None:
                    self._view.say(said)
                self.snapshot = snapshot
            case Evaluated():
                self._wait.end()
                if tell.stop is not None:
                    self._stop(tell.stop)
                self._commanding.hear(tell)
            case Compared():
                self._stop(tell.stop)
                self._commanding.hear(tell)
            case Completed() | BreakpointsSet():
                self._commanding.hear(tell)
            case Running():
                self._run_on(tell)
            case Refused(message, hint):
                self._wait.end()
                self._stop_playing()
                self._view.say(refused(message, hint))
            case CurveDrawn():
                self._view.curve.show_curve(tell)
                self._together.complete()
                self.call_after_refresh(self._ask_curve)  # it may want to see further
            case Inspected():
                self._lookup.hear_value(tell)
            case TapeShown():
                self._lookup.hear_tape(tell, self.snapshot, self._param)
            case GradientsChecked():
                self._lookup.hear_check(tell)
            case Died(message, printed, errors):
                self._wait.end()
                self._stop_playing()
                self._view.console.add(printed, errors)
                self._view.say(dead(message))
                self._lookup.hear_check(GradientsChecked((), None, message))

    def _open(self, program: ProgramInfo) -> None:
        self._program, self._program_name = program, program.name
        self._place, self._heard, self._here = None, 0, (0, 0)
        self.set_reactive(ReplyHandler.snapshot, None)
        self._pages.forget()
        self._view.open(program, self._pages)
        self._lookup.open()
        self._commanding.open(program.path)

    def _stop(self, stopped: Stopped) -> None:
        snapshot = stopped.snapshot
        brought = snapshot.stop_reason is StopReason.GOTO
        heard, self._heard = self._heard, 0
        if not brought:  # what it printed on the way there was printed then
            self._view.console.add(snapshot.printed[heard:], snapshot.errors, stopped.logged)
        if snapshot.failure is not None and not brought:
            self._view.console.add_failure(snapshot.failure)
        self._wait.end()
        self._before = self.snapshot
        self._here = snapshot.branch, snapshot.index - (snapshot.op is not None)
        self._new_rows(stopped.rows)
        self.snapshot = snapshot
        self._view.timeline.stop(self._here, brought)
        if self._requests.state is not SessionState.READY:
            self._stop_playing()
        self._view.say_stop(snapshot)
        self._tell_trouble()

    def _tell_trouble(self) -> None:
        """Once, in the console: the timeline's file can no longer be written."""
        if self._session.timeline.trouble and not self._troubled:
            self._troubled = True
            self._view.console.add("", f"{self._session.timeline.trouble}\n")

    def _go_on(self) -> None:
        """With the step that was remembered, or a curve that is still to be asked for."""
        again = self._requests.step_again()
        if again is not None:
            self._wait.begin(again, self._place)
        else:
            self._ask_curve()

    def _run_on(self, running: Running) -> None:
        self._heard += len(running.printed)
        self._view.console.add(running.printed, "", running.logged)
        if not running.rows:
            return
        last = running.rows[-1]
        self._here = last.branch, last.first + len(last) - 1
        self._new_rows(running.rows)
        self._view.timeline.run_on(self._here)
        self._view.curve.run_on(self._here)
        self._view.series.run_on(self._here)
        if self._place is not None:
            self._place = self._place.moved_to(last.epochs[-1], last.samples[-1])
        run = self._wait.ran(sum(map(len, running.rows)), self._place)
        if not self._player.playing:
            self._view.say(partial(headway, run))

    def _new_rows(self, stretches: tuple[Rows, ...]) -> None:
        """Before the panes draw themselves."""
        if stretches:
            self._pages.forget(min(each.first for each in stretches))
        for each in stretches:
            self._view.curve.add(each)

    def watch_snapshot(self, snapshot: Snapshot | None) -> None:
        """Each pane draws itself from it."""
        if snapshot is None or self._program is None:
            return
        self._place = Progress.of(snapshot)
        if snapshot.param(self._param) is None:
            self._param = snapshot.params[0].name if snapshot.params else None
        if self._ask_curve():  # first of all: the debuggee computes it while the panes draw
            self._together.hold()
        self._lookup.stopped(snapshot)
        self._view.show(self._program, snapshot, self._before, self._param)
        self._show_param_over_time(snapshot)

    def _show_param_over_time(self, snapshot: Snapshot) -> None:
        self._view.timeline.show_param(self._param, snapshot.loss_name)
        self._view.curve.show(snapshot, self._param, self._here)
        self._view.series.show(snapshot, self._here)

    def _ask_curve(self) -> bool:
        snapshot = self.snapshot
        if snapshot is None or not self._requests.idle or self._player.fast:
            return False
        ask = self._view.wants_curve(snapshot, self._param)
        if ask is not None:
            self._requests.draw_curve(ask)
        return ask is not None

    # ---- what it is doing

    def _state(self) -> SessionState:
        return SessionState.RUNNING if self._wait.words and self._requests.busy else self._requests.state

    def _show_state(self) -> None:
        state: str = self._state()
        if self._player.playing and self._requests.state is SessionState.READY:
            state = f"playing {self._player.pace.speed}/s"
        elif state is SessionState.RUNNING and self._wait.words:
            state = self._wait.words
        snapshot = self.snapshot
        inside = snapshot is not None and snapshot.op is not None
        if snapshot is not None and inside and state == SessionState.READY:
            state = f"inside {snapshot.phase}"
        zeroing = snapshot.zeroing if snapshot else None
        self._view.show_title(self._program_name, self._place, self._moment(), zeroing, str(state))
        self._view.show_keys(self._possible(), inside)

    def _moment(self) -> TimelinePosition:
        branch, index = self._here
        timeline = self._session.timeline
        return TimelinePosition(index, timeline.last(branch), branch, len(timeline.branches))

    def _possible(self) -> set[str]:
        return set(possible(self._state(), self.snapshot, self._player.playing))

    # ---- playing

    def _play(self, ask: Ask) -> None:
        if not self._requests.busy and self._requests.step(ask):
            self._wait.begin(ask, self._place)

    def _stop_playing(self) -> bool:
        played = self._player.stop()
        if played:
            self._show_state()
        return played
