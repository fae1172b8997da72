"""Typing on the command line, in tests."""

from __future__ import annotations

from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, Static

from bptui.ui.panes.commandline import CommandLine


async def press(pilot: Pilot[None], *keys: str) -> None:
    """One after the other, each when the one before is done."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def enter(pilot: Pilot[None], text: str) -> None:
    """`:`, the text, enter. The text is pasted: to draw the screen for each of its letters takes a second a line."""
    await press(pilot, ":")
    pilot.app.post_message(Paste(text))
    await pilot.pause()
    await press(pilot, "enter")


def line(pilot: Pilot[None]) -> CommandLine:
    """The command line that is open, or would be."""
    return pilot.app.screen.query_one(CommandLine)


def typed(pilot: Pilot[None]) -> str | None:
    """What stands on the command line; None while it is closed."""
    return line(pilot).query_one(Input).value if line(pilot).display else None


def message(pilot: Pilot[None]) -> str:
    """What the last line says."""
    return str(pilot.app.screen_stack[0].query_one("#message", Static).render())


def candidates(pilot: Pilot[None]) -> list[str]:
    """What the word under the cursor can become, as far as it is shown."""
    shown = line(pilot).query_one(".candidates", Static)
    return str(shown.render()).split() if shown.display else []
