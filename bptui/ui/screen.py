"""The main screen: keys, clicks and typed lines become commands. See replies.py for what the session tells."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from bptui.commands.parse import STEPS
from bptui.commands.table import BY_ID, sign
from bptui.protocol.requests import Ask, GoTo, SetZeroing
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.words import counted
from bptui.render.stop.footer import refused, restart_asks
from bptui.session.live import Session
from bptui.ui.actions.picture import keep_picture
from bptui.ui.base.keys import BINDINGS
from bptui.ui.base.messages import CommandChosen, LineChosen, ParamChosen, PictureWanted, RowChosen
from bptui.ui.model.requests import BACKWARDS, SessionState
from bptui.ui.panes.commandline import CandidatesWanted
from bptui.ui.panes.toosmall import TooSmall
from bptui.ui.panes.view import View
from bptui.ui.replies import ReplyHandler
from bptui.ui.screens.help import HelpScreen

MANY = 10
"""So many steps are lost to a restart without being asked for."""
UNQUEUED = {"pause", "command", "help", "quit", "restart", "faster", "slower"}
"""The commands that are carried out at once also while the program is busy."""
RESTART = BY_ID["restart"].keys


class MainScreen(Screen[None]):
    """Every key ends in `Steering`, which gives the commands to the program in order."""

    AUTO_FOCUS = ""
    BINDINGS = BINDINGS

    def __init__(
        self, session: Session, title: str, source: str, clock: Callable[[], float], leave: Callable[[], None]
    ) -> None:
        """`leave` ends the app."""
        super().__init__()
        self._session, self._leave = session, leave
        self._view = View(source, self._enter)
        self._replies = ReplyHandler(self, session, self._view, title, clock, self._carry_out_typed)
        self._steering = self._replies.steering

    @property
    def snapshot(self) -> Snapshot | None:
        """Where the program stands."""
        return self._replies.snapshot

    def compose(self) -> ComposeResult:
        yield self._view
        yield TooSmall()

    def on_mount(self) -> None:
        self._replies.start()

    def on_replies_arrived(self) -> None:
        self._replies.take()

    # ---- which commands can be given, and how

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greyed out is what makes no sense now. A phase that cannot run may still be asked for: PyTorch says why.

        While the program is busy nothing is greyed out: what is typed then waits for its turn, and who knows what will
        make sense by then.
        """
        command = str(parameters[0]) if action == "step" else action
        if command not in BY_ID or command in UNQUEUED or self._steering.waiting:
            return True
        if command in self._replies.possible():
            return True
        has_program = self.snapshot is not None and self._replies.state is not SessionState.DEAD
        return True if command in STEPS and command not in BACKWARDS and has_program else None

    def carry_out(self, command: str) -> bool:
        """Do what the command's key does. False if that is not possible now."""
        step = command in STEPS
        if not self.check_action("step" if step else command, (command,) if step else ()):
            return False
        if step:
            self.action_step(command)
        else:
            getattr(self, f"action_{command}")()
        return True

    def _carry_out_typed(self, command: str) -> bool:
        """As its key, but whoever types `restart` and enter means it."""
        if command == "restart":
            self._replies.restart()
            return True
        return self.carry_out(command)

    def give(self, command: str) -> None:
        """Carry out a command, if it can be now; one that has no key wants to know more."""
        each = BY_ID[command]
        if each.keys or not each.argument:
            self.carry_out(command)
        else:
            self._open_line(f"{each.words[0]} ")

    def on_command_chosen(self, message: CommandChosen) -> None:
        self._replies.asking = self._replies.asking and message.command == "restart"
        self.give(message.command)

    def key_pressed(self, key: str) -> None:
        """Told of each key before it does anything: only the key of a restart says yes to it."""
        self._replies.asking = self._replies.asking and key in RESTART

    def _give(self, what: Ask | Callable[[], Ask | None], times: int = 1) -> None:
        """To the program, when it is its turn."""
        self._steering.give(what, times)
        self._replies.show_state()

    def _look(self, command: str, look: Callable[[Snapshot], None]) -> None:
        """At once, as soon as there is a program to look into."""

        def look_now() -> None:
            if self.snapshot is not None and self._replies.requests.state is not SessionState.DEAD:
                look(self.snapshot)
            else:
                self._view.say(refused(f"{BY_ID[command].label} is not possible now.", ""))

        if self.snapshot is not None:
            look_now()
        else:
            self._give(look_now)

    def action_step(self, command: str) -> None:
        """One request, named by its command."""
        self._give(STEPS[command])

    def action_zeroing(self) -> None:
        self._give(lambda: None if self.snapshot is None else SetZeroing(not self.snapshot.zeroing))

    # ---- typing

    def action_command(self) -> None:
        """Type on the command line."""
        self._open_line()

    def _open_line(self, text: str = "") -> None:
        self._replies.player.stop()
        self._view.open_line(text)
        self._replies.show_state()

    def on_line_left(self) -> None:
        self._view.close_line()
        self._replies.show_state()

    def _enter(self, text: str) -> None:
        self._replies.commands.enter(text)
        self._replies.show_state()

    def on_candidates_wanted(self, message: CandidatesWanted) -> None:
        self._replies.commands.complete(message.line, message.text)

    def on_picture_wanted(self, message: PictureWanted) -> None:
        """Keep the screen as a picture. The line on which that was typed went the same way, before."""
        self.call_after_refresh(lambda: self._view.say(keep_picture(self.app, message.name)))

    # ---- pausing, playing, beginning again

    def action_pause(self) -> None:
        """Forget what waits and pause what runs; else clear what the last line says of a refusal."""
        dropped = self._steering.drop()
        played = self._replies.player.stop()
        paused = self._replies.requests.pause()
        snapshot, state = self.snapshot, self._replies.requests.state
        if snapshot is not None and (dropped or not (paused or played)):
            if state in (SessionState.READY, SessionState.BREAKPOINT) or dropped:
                self._view.say_stop(snapshot, dropped)
        elif dropped:
            self._view.say(Text("starting"), dropped)
        self._replies.show_state()

    def action_play(self) -> None:
        if not self._replies.player.stop():
            self._give(self._play)
        self._replies.show_state()

    def _play(self) -> None:
        self._replies.player.start()

    def action_faster(self) -> None:
        self._change_pace(1)

    def action_slower(self) -> None:
        self._change_pace(-1)

    def _change_pace(self, by: int) -> None:
        player = self._replies.player
        player.change(by)
        if not player.playing:
            self._view.say(Text(f"p plays at {counted(player.pace.speed, 'step')} a second"))
        self._replies.show_state()

    def action_restart(self) -> None:
        """Begin again. Where much would be lost by a slip, the first time only asks."""
        steps = self._replies.steps
        meant = self._replies.asking or steps <= MANY or self._replies.requests.state is SessionState.DEAD
        self._replies.asking = not meant
        if meant:
            self._replies.restart()
        else:
            self._view.say(restart_asks(steps, sign(RESTART[0])))

    def action_quit(self) -> None:
        self._leave()

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen())

    # ---- looking into what is there

    def action_inspect(self) -> None:
        """Look into what the focused pane shows."""
        self._look("inspect", lambda snapshot: self._replies.inspect.inspect(snapshot, self._replies.param))

    def action_check(self) -> None:
        """Compare autograd's gradients with central differences."""
        self._look("check", lambda _snapshot: self._replies.inspect.check())

    def action_tape(self) -> None:
        """Show the tape in the curve's place, or the curve again."""

        def switch(snapshot: Snapshot) -> None:
            self._replies.inspect.switch(self._view.tape, snapshot)
            self._replies.ask_curve()

        self._look("tape", switch)

    def action_plot(self) -> None:
        """Show a number over the steps in the curve's place, or the curve again."""

        def switch() -> None:
            self._replies.inspect.switch(self._view.series, self.snapshot)
            if self._view.series.display:
                self.set_focus(self._view.series)
            self._replies.ask_curve()

        if self.snapshot is not None:
            switch()
        else:
            self._give(switch)

    def action_breakpoints(self) -> None:
        self._look("breakpoints", lambda _snapshot: self._replies.commands.list_breakpoints())

    def action_branches(self) -> None:
        self._look("branches", lambda _snapshot: self._replies.commands.list_branches(self._replies.here[0]))

    def on_line_chosen(self, message: LineChosen) -> None:
        if self._replies.program is not None:
            self._replies.commands.breakpoints.toggle_line(message.line)

    def on_param_chosen(self, message: ParamChosen) -> None:
        self._replies.choose_param(message.name)

    def on_row_chosen(self, message: RowChosen) -> None:
        """Go there, unless the program stands there."""
        there = (message.branch, message.index)
        if self.snapshot is not None and (there != self._replies.here or self.snapshot.op or self._steering.waiting):
            self._give(GoTo(message.index, message.branch))

    # ---- panes

    def action_pane(self, id: str) -> None:
        """Focus a pane."""
        pane = self.query_one(f"#{id}")
        if id == "curve":
            pane = self._view.beside
        if pane.can_focus:
            self._turn_to(pane.id)
            self.set_focus(pane)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Told a little later: by now the line may have been opened."""
        self._turn_to(event.widget.id)
        if self.focused is not None and self._view.line not in (*self.focused.ancestors,):
            self._view.line.close()

    def _turn_to(self, id: str | None) -> None:
        """Where there is room for only one row of panes, show the one that was asked for."""
        if id in ("source", "curve", "tape", "series", "timeline", "console"):
            self.set_class(id in ("timeline", "console"), "-below")
