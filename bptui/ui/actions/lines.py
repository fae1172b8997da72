"""What is typed on the command line, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from textual.screen import Screen

from bptui.commands.parse import NotUnderstood, asked, check_alone, no_command, read
from bptui.protocol.replies import Evaluated
from bptui.protocol.requests import Ask, Evaluate
from bptui.render.lists.evaluated import CHANGED, evaluated, evaluated_sheet
from bptui.render.stop.footer import refused
from bptui.render.text.fit import piece
from bptui.render.text.style import QUIET
from bptui.ui.actions.steering import Steering
from bptui.ui.panes.view import View
from bptui.ui.screens.sheet import SheetScreen

Handler = Callable[[str], None]
"""Carries out a command with what stands behind its word."""


class LineRunner:
    """Reads lines. What is no command is evaluated."""

    def __init__(
        self,
        screen: Screen[None],
        view: View,
        steering: Steering,
        handlers: Mapping[str, Handler],
        carry_out: Callable[[str], bool],
    ) -> None:
        """`handlers`: by id, the commands that are neither one request nor what their key does.

        `carry_out` does what a command's key does; False if that is not possible now.
        """
        self._screen, self._view, self._steering = screen, view, steering
        self._handlers, self._carry_out = handlers, carry_out

    def enter(self, text: str) -> None:
        """A line was entered. It is read at once, and carried out when it is its turn."""
        self._view.line.keep(text)
        self._view.line.close()
        if text:
            self._refusing(lambda: self._run(text))

    def _refusing(self, run: Callable[[], None]) -> None:
        try:
            run()
        except NotUnderstood as error:
            self._view.say(refused(*error.args))

    def _run(self, text: str) -> None:
        command, rest = read(text)
        if command is None or command.id == "eval":
            if not rest:
                raise NotUnderstood("Evaluate what?", "eval w.grad.norm()")
            self._ask(Evaluate(rest))
            return
        request = asked(command, rest)
        if request is not None:
            self._ask(*request)
        elif command.id == "help":  # also while the program is busy
            self._handlers[command.id](rest)
        elif command.id in self._handlers:
            self._steering.give(lambda: self._refusing(lambda: self._handlers[command.id](rest)))
        else:
            check_alone(command, rest)
            if not self._carry_out(command.id):
                raise NotUnderstood(f"{command.label} is not possible now.", "")

    def _ask(self, ask: Ask, times: int = 1) -> None:
        if not self._steering.give(ask, times):
            raise NotUnderstood("The program is gone.", "`restart` begins again from the initial state")

    def hear_evaluated(self, text: str, result: Evaluated, dropped: int) -> None:
        """What that text gave came: on the last line, or on a sheet if that is too narrow for it."""
        shown = evaluated(result, text, self._view.message_width)
        if result.failed and (slip := no_command(text, result.text)) is not None:
            self._view.say(refused(*slip.args), dropped)
        elif shown is not None:
            self._view.say(shown, dropped)
        else:
            self._view.say(piece(CHANGED if result.stop is not None else "evaluated", QUIET), dropped)
            self._screen.app.push_screen(SheetScreen("evaluated", partial(evaluated_sheet, result, text)))
