"""What the session tells goes to the panes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.text import Text
from textual.screen import Screen

from bptui.protocol.phase import StopReason
from bptui.protocol.replies import (
    BreakpointsSet,
    Compared,
    CurveDrawn,
    Died,
    Evaluated,
    GradientsChecked,
    Opened,
    Payload,
    Refused,
    Running,
    SeenAnew,
    Stopped,
    Uncut,
)
from bptui.protocol.requests import Ask, DrawCurve, Evaluate, SetBreakpoints, SetWatches
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.render.stop import cards
from bptui.render.stop.footer import dead, refused, seen_anew
from bptui.render.stop.headway import headway
from bptui.render.stop.title import Progress, TimelinePosition
from bptui.session.live import Session
from bptui.ui.actions.commands import Commands
from bptui.ui.actions.inspect import InspectActions
from bptui.ui.actions.paint_batch import PaintBatch
from bptui.ui.actions.play import Player, Wait
from bptui.ui.actions.steering import Steering
from bptui.ui.base.messages import RepliesArrived
from bptui.ui.model.inbox import Inbox
from bptui.ui.model.requests import Requests, SessionState, possible
from bptui.ui.model.rows import RowPages
from bptui.ui.panes.view import View


class ReplyHandler:
    """Knows where the program stands, and hands each pane its facts. The screen asks it; it never asks the screen."""

    def __init__(
        self,
        screen: Screen[None],
        session: Session,
        view: View,
        title: str,
        clock: Callable[[], float],
        carry_out: Callable[[str], bool],
    ) -> None:
        """`title` is shown until the program has a name.

        `carry_out` does what a command's key does, by the command's id; False if that is not possible now.
        """
        self._screen, self._session, self._view, self._program_name = screen, session, view, title
        self._inbox = Inbox(lambda: screen.post_message(RepliesArrived()))
        self.requests = Requests(session, self._hear_program)
        self.program: ProgramInfo | None = None
        self.snapshot: Snapshot | None = None
        """Where the program stands; None until it is at its entry."""
        self.param: str | None = None
        """The parameter that the cards, the curve and the timeline show."""
        self.here = 0, 0
        """The branch and the row at which the program stands; inside a phase that has none yet, the one before."""
        self.asking = False
        """Whether the last line asks something: how far a run has come is not said meanwhile."""
        self._undrawn = 0
        """How many steps of a run came that no pane shows yet."""
        self._place: Progress | None = None
        self._pages = RowPages(session.timeline)
        self._console_has = 0
        """How much of what the script prints in this run is already in the console."""
        self._trouble_said = False
        """Whether it was said that the timeline is no longer kept."""
        self._paint_batch = PaintBatch(screen)
        self.player = Player(screen, lambda ask: self.steering.play(ask))
        self._wait = Wait(screen, clock, self.show_state)
        self.steering = Steering(
            self.requests,
            self.player,
            lambda: self.snapshot,
            lambda ask: self._wait.begin(ask, self._place),
            self._hear_step,
        )
        self.inspect = InspectActions(screen, self.requests, view, self)
        self.commands = Commands(
            screen, view, self.steering, self.inspect, session.timeline, self._ask_beside, carry_out
        )

    def start(self) -> None:
        """Open the script."""
        self.show_state()
        self._view.say(Text("starting: PyTorch is imported, and the script runs up to its loop"))
        self.requests.start(self._inbox.put)

    def restart(self) -> None:
        """Begin again from the initial state."""
        dropped = self.steering.drop()
        self.player.stop()
        self._wait.end()
        self.requests.restart()
        self._view.say(Text("starting again from the initial state"), dropped)
        self.show_state()

    def take(self) -> None:
        """Hear all that the session told meanwhile.

        Where a run is is state: nothing that it printed is lost, but of the places that it passed only the latest is
        drawn.
        """
        for reply in self._inbox.take():
            if not isinstance(reply.payload, Running):
                self._draw_run()
            self.requests.take(reply)
        self._draw_run()
        self.show_state()

    # ---- answers to what was asked beside the steps

    def _ask_beside(self, ask: SetBreakpoints | SetWatches, quietly: bool) -> None:
        """Tell the debuggee which there are now. `quietly`: a refusal need not be said."""
        self.requests.ask(ask, partial(self._hear_beside, quietly))

    def _hear_beside(self, quietly: bool, payload: Payload) -> None:
        match payload:
            case BreakpointsSet(states):
                self.commands.breakpoints.hear(states)
            case SeenAnew(snapshot):
                self._see_anew(snapshot)
            case Refused(message, hint) if not quietly:
                self._view.say(refused(message, hint))

    def _hear_curve(self, payload: Payload) -> None:
        if isinstance(payload, CurveDrawn):
            self._view.curve.show_curve(payload)
            self._paint_batch.complete()
            self._screen.call_after_refresh(self.ask_curve)  # it may want to see further

    # ---- the program begins, and is gone

    def _hear_program(self, payload: Payload) -> None:
        match payload:
            case Opened(program):
                self._open(program)
            case Stopped():
                self._stop(payload)
                self._go_on()
            case Uncut():
                self._screen.app.refuse(payload)  # type: ignore[attr-defined]
            case Died(message, printed, errors):
                self._wait.end()
                self.player.stop()
                self._view.console.add(printed, errors)
                self._view.say(dead(message), self.steering.drop())
                self.inspect.hear_check(GradientsChecked((), None, message))

    def _open(self, program: ProgramInfo) -> None:
        self.program, self._program_name = program, program.name
        self.snapshot, self._place, self._console_has, self.here = None, None, 0, (0, 0)
        self._pages.forget()
        self._view.open(program, self._pages)
        self.inspect.open()
        self.commands.open(program.path)

    # ---- steps

    def _hear_step(self, ask: Ask, payload: Payload) -> None:
        if isinstance(payload, Running):
            self._run_on(payload)
            return
        self._wait.end()
        self.asking = False  # what is said now takes the question's place
        dropped = self.steering.drop_behind(ask, payload)
        match payload:
            case Stopped():
                self._stop(payload, dropped)
            case SeenAnew(snapshot):
                self._see_anew(snapshot)
            case Evaluated():
                if payload.stop is not None:
                    self._stop(payload.stop)
                assert isinstance(ask, Evaluate)
                self.commands.hear_evaluated(ask.text, payload, dropped)
            case Compared():
                self._stop(payload.stop)
                self.commands.hear_compared(payload)
            case Refused(message, hint):
                self.player.stop()
                self._view.say(refused(message, hint), dropped)
        self._go_on()

    def _go_on(self) -> None:
        """With what waits for its turn, or a curve that is still to be asked for."""
        if not self.steering.go_on():
            self.ask_curve()

    def _see_anew(self, snapshot: Snapshot) -> None:
        """The same stop, with zeroing on or off, or with other watches."""
        if (said := seen_anew(self.snapshot, snapshot)) is not None:
            self._view.say(said)
        self._show(snapshot)

    def _stop(self, stopped: Stopped, dropped: int = 0) -> None:
        """The program stands there now. `dropped`: so many commands that were typed before are not carried out."""
        snapshot = stopped.snapshot
        brought = snapshot.stop_reason is StopReason.GOTO
        there, self._console_has = self._console_has, 0
        if not brought:  # what it printed on the way there was printed then
            self._view.console.add(snapshot.printed[there:], snapshot.errors, stopped.logged)
        if snapshot.failure is not None and not brought:
            self._view.console.add_failure(snapshot.failure)
        self.here = snapshot.branch, snapshot.index - (snapshot.op is not None)
        self._new_rows(stopped.rows)
        self._show(snapshot)
        self._view.timeline.stop(self.here, brought)
        if self.requests.state is not SessionState.READY:
            self.player.stop()
        self._view.say_stop(snapshot, dropped)
        self._say_trouble()

    def _say_trouble(self) -> None:
        """Once, in the console: the timeline's file can no longer be written."""
        if self._session.timeline.trouble and not self._trouble_said:
            self._trouble_said = True
            self._view.console.add("", f"{self._session.timeline.trouble}\n")

    def _run_on(self, running: Running) -> None:
        self._console_has += len(running.printed)
        self._view.console.add(running.printed, "", running.logged)
        if not running.rows:
            return
        last = running.rows[-1]
        self.here = last.branch, last.first + len(last) - 1
        self._new_rows(running.rows)
        if self._place is not None:
            self._place = self._place.moved_to(last.epochs[-1], last.samples[-1])
        self._undrawn += sum(map(len, running.rows))

    def _draw_run(self) -> None:
        """How far a run has come, if it has come any further."""
        steps, self._undrawn = self._undrawn, 0
        if not steps:
            return
        self._view.timeline.run_on(self.here)
        self._view.curve.run_on(self.here)
        self._view.series.run_on(self.here)
        run = self._wait.ran(steps, self._place)
        if not self.player.playing and not self.asking:
            self._view.say(partial(headway, run))

    def _new_rows(self, stretches: tuple[Rows, ...]) -> None:
        """Before the panes draw themselves."""
        if stretches:
            self._pages.forget(min(each.first for each in stretches))
        for each in stretches:
            self._view.curve.add(each)

    # ---- what the panes show

    def _show(self, snapshot: Snapshot) -> None:
        """Each pane draws itself from it."""
        self.snapshot = snapshot
        if self.program is None:
            return
        self._place = Progress.of(snapshot)
        if snapshot.param(self.param) is None:
            self.param = snapshot.params[0].name if snapshot.params else None
        if self.ask_curve():  # first of all: the debuggee computes it while the panes draw
            self._paint_batch.hold()
        self.inspect.stopped(snapshot)
        self._view.show(self.program, snapshot, self.param)
        self._show_param_over_time(snapshot)

    def choose_param(self, name: str) -> None:
        """Show that parameter."""
        self.param = name
        if self.snapshot is not None:
            self._view.show_param(self.snapshot, name)
            self._show_param_over_time(self.snapshot)
            self.ask_curve()

    def _show_param_over_time(self, snapshot: Snapshot) -> None:
        self._view.timeline.show_param(self.param, snapshot.loss_name)
        no_loss = "" if self.program is None or snapshot.loss is not None else cards.no_loss(self.program, snapshot)
        self._view.curve.show(snapshot, self.param, self.here, no_loss)
        self._view.series.show(snapshot, self.here)

    def ask_curve(self) -> bool:
        """Ask for the curve that the pane wants, if there is time. Whether that was done."""
        snapshot, busy = self.snapshot, self.steering.waiting or self.requests.awaits(DrawCurve)
        if snapshot is None or busy or self.requests.state is SessionState.DEAD or self.player.fast:
            return False
        ask = self._view.wants_curve(snapshot, self.param)
        return ask is not None and self.requests.ask(ask, self._hear_curve)

    # ---- what it is doing

    @property
    def state(self) -> SessionState:
        """A step in flight shows only once it takes long."""
        return SessionState.RUNNING if self._wait.words and self.requests.busy else self.requests.state

    def show_state(self) -> None:
        """In the title, and which keys do something now."""
        state: str = self.state
        if self.player.playing and self.requests.state is SessionState.READY:
            state = f"playing {self.player.pace.speed}/s"
        elif state is SessionState.RUNNING and self._wait.words:
            state = self._wait.words
        snapshot = self.snapshot
        inside = snapshot is not None and snapshot.op is not None
        if snapshot is not None and inside and state == SessionState.READY:
            state = f"inside {snapshot.phase}"
        if self.steering.queued:
            state = f"{state} · {self.steering.queued} queued"
        zeroing = snapshot.zeroing if snapshot else None
        self._view.show_title(self._program_name, self._place, self._moment(), zeroing, str(state))
        self._view.show_keys(self.possible(), inside)

    @property
    def steps(self) -> int:
        """How many steps the timeline holds, of all branches: what a restart would lose."""
        timeline = self._session.timeline
        return sum(timeline.last(each.number) - max(each.at, 0) for each in timeline.branches)

    def _moment(self) -> TimelinePosition:
        branch, index = self.here
        timeline = self._session.timeline
        return TimelinePosition(index, timeline.last(branch), branch, len(timeline.branches))

    def possible(self) -> set[str]:
        """The commands that can be carried out now, by id."""
        return set(possible(self.state, self.snapshot, self.player.playing))
