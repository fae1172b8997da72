"""The console: following, wrapping, and losing nothing."""

from __future__ import annotations

import pytest

from bptui.protocol.snapshot import Failure
from bptui.ui.panes.console import ConsolePane
from tests.ui.fakes.alone import Alone, seen, text_of


async def test_the_console_follows_marks_errors_and_wraps_anew() -> None:
    pane = ConsolePane("console")
    async with Alone(pane).run_test(size=(30, 8)) as pilot:
        pane.add("one\n" * 20)
        pane.add("a line that goes on and on and on\n", "oh no\n")
        await pilot.pause()
        assert text_of(pane)[-4:] == ["  one", "  a line that goes on and", "  on and on", "! oh no"]
        await pilot.resize_terminal(50, 8)
        await pilot.pause()
        assert text_of(pane)[-2:] == ["  a line that goes on and on and on", "! oh no"]


@pytest.mark.parametrize("width", [12, 30, 31])
async def test_the_console_hides_no_character_behind_its_scrollbar(width: int) -> None:
    pane, printed = ConsolePane("console"), "abcdefghijklmnopqrstuvwxyz0123456789"
    async with Alone(pane).run_test(size=(width, 12)) as pilot:
        pane.add(printed + "\n")
        await pilot.pause()
        assert "".join(seen(pane).split()) == printed


async def test_the_console_shows_a_traceback() -> None:
    pane = ConsolePane("console")
    async with Alone(pane).run_test(size=(40, 8)) as pilot:
        pane.add_failure(Failure("ValueError", "no", 3, "Traceback:\n  line 3\nValueError: no\n"))
        await pilot.pause()
        assert text_of(pane)[:3] == ["! Traceback:", "!   line 3", "! ValueError: no"]
        pane.clear()
        await pilot.pause()
        assert text_of(pane)[0] == "  nothing printed yet"
