"""What is typed on the command line, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from textual.screen import Screen

from bptui.commands.parse import NotUnderstood, asked, read
from bptui.protocol.messages import Evaluate, Evaluated
from bptui.render.lists.evaluated import CHANGED, evaluated, evaluated_sheet
from bptui.render.stop.footer import refused
from bptui.render.text.fit import piece
from bptui.render.text.style import QUIET
from bptui.ui.base.messages import AskTyped, CommandChosen
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
        possible: Callable[[], Collection[str]],
        handlers: Mapping[str, Handler],
    ) -> None:
        """`possible`: the commands that can be carried out now, by id.

        `handlers`: by id, those that are neither one request nor what their key does.
        """
        self._screen, self._view, self._possible, self._handlers = screen, view, possible, handlers
        self._evaluating = ""

    def enter(self, text: str) -> None:
        """A line was entered."""
        self._view.line.keep(text)
        self._view.line.close()
        try:
            if text:
                self._obey(text)
        except NotUnderstood as error:
            self._view.say(refused(*error.args))

    def _obey(self, text: str) -> None:
        command, rest = read(text)
        if command is None or command.id == "eval":
            self._evaluate(rest)
            return
        request = asked(command, rest)
        if request is not None:
            self._screen.post_message(AskTyped(*request))
        elif command.id in self._handlers:
            self._handlers[command.id](rest)
        elif rest:
            raise NotUnderstood(f"{command.words[0] if command.words else command.label} takes nothing.", command.help)
        elif command.id not in self._possible():
            raise NotUnderstood(f"{command.label} is not possible now.", "")
        else:
            self._screen.post_message(CommandChosen(command.id))

    def _evaluate(self, text: str) -> None:
        if not text:
            raise NotUnderstood("Evaluate what?", "eval w.grad.norm()")
        self._evaluating = text
        self._screen.post_message(AskTyped(Evaluate(text)))

    def hear(self, told: Evaluated) -> None:
        """What was evaluated came: on the last line, or on a sheet if that is too narrow for it."""
        said = evaluated(told, self._evaluating, self._view.message_width)
        if said is not None:
            self._view.say(said)
        else:
            self._view.say(piece(CHANGED if told.stop is not None else "evaluated", QUIET))
            sheet = partial(evaluated_sheet, told, self._evaluating)
            self._screen.app.push_screen(SheetScreen("evaluated", sheet))
