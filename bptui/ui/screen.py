"""The main screen: keys to requests. See hearing.py for what the session tells."""

from __future__ import annotations

from rich.text import Text
from textual import events

from bptui.commands.parse import STEPS
from bptui.commands.table import BY_ID
from bptui.protocol.messages import Ask, GoTo, SetZeroing
from bptui.render.stop.footer import busy
from bptui.ui.actions.picture import keep_picture
from bptui.ui.base.keys import BINDINGS, action
from bptui.ui.base.messages import AskTyped, CommandChosen, LineChosen, ParamChosen, PictureWanted, RowChosen
from bptui.ui.model.requests import BACKWARDS, SessionState
from bptui.ui.panes.commandline import CandidatesWanted, LineEntered
from bptui.ui.replies import ReplyHandler
from bptui.ui.screens.help import HelpScreen


class MainScreen(ReplyHandler):
    """Every key ends in `Talk`."""

    BINDINGS = BINDINGS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greyed out is what makes no sense now. A phase that cannot run may still be asked for: PyTorch says why."""
        command = str(parameters[0]) if action == "step" else action
        if command not in BY_ID or command in self._possible() or command in ("pause", "command"):
            return True
        standing = self.snapshot is not None and self._state() not in (
            SessionState.STARTING,
            SessionState.RUNNING,
            SessionState.DEAD,
        )
        return True if command in STEPS and command not in BACKWARDS and standing else None

    async def give(self, command: str) -> None:
        """Carry out a command, if it can be now; one that has no key may want to know more."""
        each = BY_ID[command]
        if each.keys or not each.argument:
            await self.run_action(action(command))
        elif command in self._possible():
            self._open_line(f"{each.words[0]} ")

    async def on_command_chosen(self, message: CommandChosen) -> None:
        await self.give(message.command)

    def action_step(self, command: str) -> None:
        """One request, named by its command."""
        self._step(STEPS[command])

    def _step(self, ask: Ask, times: int = 1) -> None:
        self._stop_playing()
        if self._requests.step(ask, times):
            self._wait.begin(ask, self._place)

    # ---- typing

    def action_command(self) -> None:
        """Type on the command line."""
        self._open_line()

    def _open_line(self, text: str = "") -> None:
        self._stop_playing()
        if self._state() in (SessionState.STARTING, SessionState.RUNNING):
            self._view.say(busy())
        else:
            self._view.open_line(text)
            self._show_state()

    def on_line_left(self) -> None:
        self._view.close_line()
        self._show_state()

    def on_line_entered(self, message: LineEntered) -> None:
        self._commanding.enter(message.text)

    def on_candidates_wanted(self, message: CandidatesWanted) -> None:
        self._commanding.complete(message.line, message.text)

    def on_ask_typed(self, message: AskTyped) -> None:
        """A line may have been typed while the program began to run."""
        if self._requests.busy:
            self._view.say(busy())
        else:
            self._step(message.ask, message.times)

    def action_breakpoints(self) -> None:
        self._commanding.list_breakpoints()

    def action_branches(self) -> None:
        self._commanding.list_branches(self._here[0])

    def on_line_chosen(self, message: LineChosen) -> None:
        if self._program is not None:
            self._commanding.stopping.toggle_line(message.line)

    # ---- commands of their own

    def action_zeroing(self) -> None:
        if self.snapshot is not None:
            self._step(SetZeroing(not self.snapshot.zeroing))

    def action_pause(self) -> None:
        """Also clears what the last line says of a refusal."""
        played = self._stop_playing()
        if (
            not self._requests.pause()
            and not played
            and self._requests.state in (SessionState.READY, SessionState.BREAKPOINT)
        ):
            assert self.snapshot is not None
            self._view.say_stop(self.snapshot)

    def action_play(self) -> None:
        if not self._stop_playing():
            self._player.start()
            self._show_state()

    def action_faster(self) -> None:
        self._change_pace(1)

    def action_slower(self) -> None:
        self._change_pace(-1)

    def _change_pace(self, by: int) -> None:
        self._player.change(by)
        if not self._player.playing:
            self._view.say(Text(f"p plays at {self._player.pace.speed} steps a second"))
        self._show_state()

    def action_restart(self) -> None:
        self._stop_playing()
        self._wait.end()
        self._requests.restart()
        self._view.say(Text("starting again from the initial state"))
        self._show_state()

    async def action_quit(self) -> None:
        await self.app.action_quit()

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen())

    def action_inspect(self) -> None:
        """Look into what the focused pane shows."""
        assert self.snapshot is not None
        self._lookup.inspect(self.snapshot, self._param)

    def action_tape(self) -> None:
        """Show the tape in the curve's place, or the curve again."""
        self._lookup.switch(self._view.tape, self.snapshot)
        self._ask_curve()

    def action_plot(self) -> None:
        """Show a number over the steps in the curve's place, or the curve again."""
        self._lookup.switch(self._view.series, self.snapshot)
        if self._view.series.display:
            self._view.series.focus()
        self._ask_curve()

    def on_picture_wanted(self, message: PictureWanted) -> None:
        """Keep the screen as a picture. The line on which that was typed went the same way, before."""
        self.call_after_refresh(lambda: self._view.say(keep_picture(self.app, message.name)))

    def action_check(self) -> None:
        """Compare autograd's gradients with central differences."""
        self._lookup.check()

    def on_param_chosen(self, message: ParamChosen) -> None:
        self._param = message.name
        if self.snapshot is not None:
            self._view.show_param(self.snapshot, self._before, self._param)
            self._show_param_over_time(self.snapshot)
            self._ask_curve()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Go there, unless the program stands there."""
        if self.snapshot is not None and ((message.branch, message.index) != self._here or self.snapshot.op):
            self._step(GoTo(message.index, message.branch))

    def action_pane(self, id: str) -> None:
        """Focus a pane."""
        pane = self.query_one(f"#{id}")
        if id == "curve":
            pane = self._view.beside
        if pane.can_focus:
            self._turn_to(pane.id)
            pane.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._turn_to(event.widget.id)
        if self._view.line not in (*event.widget.ancestors,):
            self._view.line.close()

    def _turn_to(self, id: str | None) -> None:
        """Where there is room for only one row of panes, show the one that was asked for."""
        if id in ("source", "curve", "tape", "series", "timeline", "console"):
            self.set_class(id in ("timeline", "console"), "-below")
