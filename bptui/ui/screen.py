"""The main screen: keys to requests, and what the session tells to the panes."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from bptui.commands import BY_ID
from bptui.protocol.messages import (
    CurveDrawn,
    Died,
    Do,
    Inspected,
    Next,
    Opened,
    Refused,
    Reply,
    Run,
    Running,
    SetZeroing,
    Stopped,
    Tell,
    Uncut,
    ZeroingSet,
)
from bptui.protocol.phase import Goal
from bptui.protocol.snapshot import Program, Row, Snapshot
from bptui.render.footer import dead, explained, failed, refused
from bptui.render.title import Place
from bptui.session import Session
from bptui.ui.help import HelpScreen
from bptui.ui.inspector import InspectorScreen
from bptui.ui.keys import BINDINGS
from bptui.ui.messages import CommandChosen, ParamChosen, ReplyArrived
from bptui.ui.panes.card import Card
from bptui.ui.play import Meter, Pace
from bptui.ui.talk import STEPS, State, Talk, possible
from bptui.ui.together import Together
from bptui.ui.view import View

SLOW = 0.15
"""A step that takes longer (in seconds) is shown as running; a shorter one would only flicker."""
WORDY = 3
"""At most so many lines for what went wrong."""
SMALLEST = (60, 20)
ZEROING = {
    True: "zeroing is on: next runs zero_grad",
    False: "zeroing is off: next passes over zero_grad, and gradients accumulate",
}
GOALS = {"sample": Goal.SAMPLE, "epoch": Goal.EPOCH, "continue": Goal.END}


class MainScreen(Screen[None]):
    """Every pane hangs on `snapshot`; every key ends in `Talk`."""

    AUTO_FOCUS = ""
    BINDINGS = BINDINGS

    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False, always_update=True, init=False)
    """Where the program stands."""

    def __init__(self, session: Session, title: str, source: str, clock: Callable[[], float]) -> None:
        super().__init__()
        self._session = session
        self._talk = Talk(session)
        self._program_name = title
        self._view = View(source)
        self._program: Program | None = None
        self._before: Snapshot | None = None
        """The stop before, with which the cards compare."""
        self._rows: list[Row] = []
        self._param: str | None = None
        self._heard = 0
        """How much of what the script prints in this run is already in the console."""
        self._together = Together(self)
        self._pace, self._meter = Pace(), Meter(clock)
        self._player: Timer | None = None
        self._patience: Timer | None = None
        self._busy_state: str | None = None
        """The state as the title says it, while something runs long enough to be shown."""
        self._place: Place | None = None
        self._inspector: InspectorScreen | None = None

    def compose(self) -> ComposeResult:
        yield self._view
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        self._show_state()
        self._view.say(Text("starting: PyTorch is imported, and the script runs up to its loop"))
        self._talk.start(self._reply_arrives)

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        least = "{}x{}".format(*SMALLEST)
        self.query_one("#too-small", Static).update(f"bptui needs at least {least}; this terminal is {width}x{height}")

    # ---- what the session tells

    def _reply_arrives(self, reply: Reply) -> None:
        """On the session's own thread."""
        self.post_message(ReplyArrived(reply))

    def on_reply_arrived(self, message: ReplyArrived) -> None:
        tell = self._talk.hear(message.reply)
        if tell is not None:
            self._hear(tell)
            if isinstance(tell, Stopped):
                self._go_on()
            self._show_state()

    def _hear(self, tell: Tell) -> None:
        match tell:
            case Opened(program):
                self._open(program)
            case Uncut():
                self.app.refuse(tell)  # type: ignore[attr-defined]
            case Stopped(snapshot, rows):
                self._stop(snapshot, rows)
            case ZeroingSet(snapshot):
                self._answered()
                self.snapshot = snapshot
                self._view.say(Text(ZEROING[snapshot.zeroing]))
            case Running(rows, printed):
                self._run_on(rows, printed)
            case Refused(message, hint):
                self._answered()
                self._stop_playing()
                self._view.say(refused(message, hint), WORDY)
            case CurveDrawn():
                self._view.curve.show_curve(tell)
                self._together.complete()
                self.call_after_refresh(self._ask_curve)  # it may want to see further
            case Inspected():
                if self._inspector is not None:
                    self._inspector.show(tell)
            case Died(message, _status, printed, errors):
                self._answered()
                self._stop_playing()
                self._view.console.add(printed, errors)
                self._view.say(dead(message), WORDY)

    def _open(self, program: Program) -> None:
        self._program, self._program_name, self._rows, self._place = program, program.name, [], None
        self.set_reactive(MainScreen.snapshot, None)
        self._view.open(program)

    def _stop(self, snapshot: Snapshot, rows: tuple[Row, ...]) -> None:
        self._view.console.add(snapshot.printed[self._heard :], snapshot.errors)
        if snapshot.failure is not None:
            self._view.console.add_failure(snapshot.failure)
        self._answered()
        self._rows += rows
        self._before = self.snapshot
        self.snapshot = snapshot
        self._show_rows()
        if self._talk.state is not State.READY:
            self._stop_playing()
        failure = snapshot.failure
        if failure is not None:
            self._view.say(failed(failure), WORDY)
        else:
            self._view.say(explained(snapshot.explain))

    def _go_on(self) -> None:
        """With the step that was remembered, or a curve that is still to be asked for."""
        if self._talk.step_again():
            self._await()
        else:
            self._ask_curve()

    def _run_on(self, rows: tuple[Row, ...], printed: str) -> None:
        self._rows += rows
        self._heard += len(printed)
        self._view.console.add(printed, "")
        if rows:
            self._show_rows()
            self._view.curve.show_rows()
            rate = self._meter.count(len(rows))
            self._busy_state = f"running {rate:,} steps/s" if rate is not None else "running"
            self._place = self._place_of(rows[-1])

    def _place_of(self, row: Row) -> Place | None:
        snapshot = self.snapshot
        if snapshot is None or self._place is None:
            return None
        done = self._place.consumed
        if snapshot.samples is not None and row.sample is not None:
            done = (row.epoch or 0) * snapshot.samples + row.sample
        return Place(row.epoch, row.sample, done, self._place.total)

    def watch_snapshot(self, snapshot: Snapshot | None) -> None:
        """Each pane draws itself from it."""
        if snapshot is None or self._program is None:
            return
        self._place = Place.of(snapshot)
        if snapshot.param(self._param) is None:
            self._param = snapshot.params[0].name if snapshot.params else None
        if self._ask_curve():  # first of all: the debuggee computes it while the panes draw
            self._together.hold()
        self._view.show(self._program, snapshot, self._before, self._param)
        self._view.show_curve_of(snapshot, self._param, self._rows)

    def _show_rows(self) -> None:
        self._view.show_rows(self._rows, self._param, self.snapshot.loss_name if self.snapshot else None)

    def _ask_curve(self) -> bool:
        snapshot = self.snapshot
        if snapshot is None or not self._talk.idle or (self._player is not None and self._pace.fast):
            return False
        ask = self._view.wants_curve(snapshot, self._param)
        if ask is not None:
            self._talk.draw_curve(ask)
        return ask is not None

    # ---- what it is doing

    def _state(self) -> State:
        return State.RUNNING if self._busy_state and self._talk.busy else self._talk.state

    def _show_state(self) -> None:
        state: str = self._state()
        if self._player is not None and self._talk.state is State.READY:
            state = f"playing {self._pace.speed}/s"
        elif state is State.RUNNING and self._busy_state:
            state = self._busy_state
        snapshot = self.snapshot
        self._view.show_title(self._program_name, self._place, snapshot.zeroing if snapshot else None, str(state))
        self._view.show_keys(self._possible())

    def _possible(self) -> set[str]:
        return set(possible(self._state(), self.snapshot, self._player is not None))

    def _await(self) -> None:
        """A step is in flight."""
        self._heard = 0
        self._meter.start()
        self._patience = self.set_timer(SLOW, self._is_slow)

    def _is_slow(self) -> None:
        if self._talk.busy and self._busy_state is None:
            self._busy_state = "running"
            self._show_state()

    def _answered(self) -> None:
        self._busy_state = None
        if self._patience is not None:
            self._patience.stop()
            self._patience = None

    # ---- commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greyed out is what makes no sense now. A phase that cannot run may still be asked for: PyTorch says why."""
        if action not in BY_ID:
            return True
        if action in STEPS | {"zeroing"} and self.snapshot is not None and self._talk.state is not State.DEAD:
            return True if self._state() is not State.RUNNING and self._talk.state is not State.STARTING else None
        return True if action in self._possible() or action == "pause" else None

    def give(self, command: str) -> None:
        """Carry out a command, if it can be now."""
        if self.check_action(command, ()):
            getattr(self, f"action_{command}")()

    def on_command_chosen(self, message: CommandChosen) -> None:
        self.give(message.command)

    def _step(self, ask: Next | Do | Run | SetZeroing) -> None:
        self._stop_playing()
        if self._talk.step(ask):
            self._await()

    def action_next(self) -> None:
        self._step(Next())

    def _action_phase(self, command: str) -> None:
        phase = BY_ID[command].phase
        assert phase is not None
        self._step(Do(phase))

    def action_forward(self) -> None:
        self._action_phase("forward")

    def action_backward(self) -> None:
        self._action_phase("backward")

    def action_update(self) -> None:
        self._action_phase("update")

    def action_zero_grad(self) -> None:
        self._action_phase("zero_grad")

    def action_zeroing(self) -> None:
        if self.snapshot is not None:
            self._step(SetZeroing(not self.snapshot.zeroing))

    def action_sample(self) -> None:
        self._step(Run(Goal.SAMPLE))

    def action_epoch(self) -> None:
        self._step(Run(Goal.EPOCH))

    def action_continue(self) -> None:
        self._step(Run(Goal.END))

    def action_pause(self) -> None:
        """Also clears what the last line says of a refusal."""
        played = self._stop_playing()
        if not self._talk.pause() and not played and self.snapshot is not None and self._talk.state is State.READY:
            self._view.say(explained(self.snapshot.explain))

    def action_play(self) -> None:
        if not self._stop_playing():
            self._player = self.set_interval(self._pace.interval, self._play)
            self._play()
        self._show_state()

    def _play(self) -> None:
        if not self._talk.busy and self._talk.step(self._pace.ask):
            self._await()

    def _stop_playing(self) -> bool:
        player, self._player = self._player, None
        if player is not None:
            player.stop()
            self._show_state()
        return player is not None

    def action_faster(self) -> None:
        self._change_pace(1)

    def action_slower(self) -> None:
        self._change_pace(-1)

    def _change_pace(self, by: int) -> None:
        self._pace.change(by)
        if self._player is not None:
            self._player.stop()
            self._player = self.set_interval(self._pace.interval, self._play)
        else:
            self._view.say(Text(f"p plays at {self._pace.speed} steps a second"))
        self._show_state()

    def action_restart(self) -> None:
        self._stop_playing()
        self._answered()
        self._talk.restart()
        self._view.say(Text("starting again from the initial state"))
        self._show_state()

    async def action_quit(self) -> None:
        await self.app.action_quit()

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen())

    def action_inspect(self) -> None:
        """Look into what the focused card shows."""
        assert self.snapshot is not None
        names = [name for card in self.query(Card) for name in card.names]
        focused = self.focused
        start = focused.names[0] if isinstance(focused, Card) and focused.names else self._param
        if start in names:
            self._inspector = InspectorScreen(names, start, self._talk.inspect)
            self.app.push_screen(self._inspector, self._inspected)

    def _inspected(self, _result: None) -> None:
        self._inspector = None

    def on_param_chosen(self, message: ParamChosen) -> None:
        self._param = message.name
        if self.snapshot is not None:
            self._view.show_param(self.snapshot, self._before, self._param)
            self._view.show_curve_of(self.snapshot, self._param, self._rows)
            self._show_rows()
            self._ask_curve()

    def action_pane(self, id: str) -> None:
        """Focus a pane."""
        pane = self.query_one(f"#{id}")
        if pane.can_focus:
            self._turn_to(id)
            pane.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._turn_to(event.widget.id)

    def _turn_to(self, id: str | None) -> None:
        """Where there is room for only one row of panes, show the one that was asked for."""
        if id in ("source", "curve", "timeline", "console"):
            self.set_class(id in ("timeline", "console"), "-below")
