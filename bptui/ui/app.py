"""The app: themes, the command palette, and one main screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from bptui.commands.table import COMMANDS, called
from bptui.protocol.replies import Uncut
from bptui.render.text.fit import piece
from bptui.session.live import Session
from bptui.ui.base.settings import remember_theme, remembered_theme
from bptui.ui.base.themes import DARK, LIGHT, variables_for
from bptui.ui.panes.toosmall import SMALLEST
from bptui.ui.screen import MainScreen

WIDTHS = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (80, "-normal"), (110, "-wide")]
HEIGHTS = [(0, "-flat"), (SMALLEST[1], "-short"), (30, "-tall")]
"""From how many cells on the screen has which class, for the stylesheet."""
UNCUT = 2
"""The exit status when the script cannot be stepped."""


class BptuiApp(App[None]):
    """The screen of bptui."""

    TITLE = "bptui"
    CSS_PATH = "bptui.tcss"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
        Binding("ctrl+c", "pause", "pause", show=False, system=True),
    ]

    def __init__(
        self, session: Session, *, title: str, source: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """For that session; title and source are shown until the session has opened the script."""
        super().__init__()
        self._session = session
        self._main = MainScreen(session, title, source, clock, self._leave)
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        chosen = remembered_theme()
        self.theme = chosen if chosen in self.available_themes else DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The variables of ours that Textual's own themes lack."""
        return variables_for(self.current_theme)

    def get_default_screen(self) -> Screen[None]:
        """The one main screen."""
        return self._main

    def on_mount(self) -> None:
        """From here on a change of theme is the person's own."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))  # after ctrl+z and fg: all of it

    def _keep_theme(self, theme: Theme) -> None:
        remember_theme(theme.name)

    def refuse(self, uncut: Uncut) -> None:
        """Leave: there is nothing to step."""
        place = f"line {uncut.line}: " if uncut.line else ""
        self.exit(return_code=UNCUT, message=piece(f"bptui: {place}{uncut.message}"))

    def get_system_commands(self, screen: Screen[None]) -> Iterable[SystemCommand]:
        """Every command of the table, and the theme."""
        for each in COMMANDS:
            yield SystemCommand(
                f"{each.label} ({called(each).split()[0]})", each.help, partial(self._main.give, each.id)
            )
        yield SystemCommand("theme", "Choose other colours.", self.action_change_theme)

    async def on_event(self, event: events.Event) -> None:
        """A key does all that it does before the next one is looked at.

        Textual would send it to the widget that has the focus now, and from there back up to us, while the keys behind
        it take the same way: of a fast `:set lr = 0.1` some letters would still be on their way to the panes, as
        commands, when the line is open.
        """
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self.app_focus = True
        await self.screen._mounted_event.wait()  # what the key before opened has its own keys
        self._main.key_pressed(event.key)
        if await self._check_bindings(event.key, priority=True):
            return
        event._set_forwarded()
        vars(event)["bubble"] = False  # we go up ourselves
        target = self.focused or self.screen
        for node in target.ancestors_with_self:
            if node is self:
                break
            await node.on_event(event)
            if event._stop_propagation:
                return
        await self._check_bindings(event.key)

    def action_pause(self) -> None:
        """ctrl+c, wherever it is pressed, never quits."""
        self._main.carry_out("pause")

    async def action_quit(self) -> None:
        """Leave at once, also while the program runs."""
        self._leave()

    def _leave(self) -> None:
        self._session.close()
        self.exit()
