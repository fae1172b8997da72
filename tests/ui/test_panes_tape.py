"""The tape: its keys, and following the current op."""

from __future__ import annotations

from bptui.ui.panes.tape import TapePane

from .alone import Alone, text_of


async def test_without_a_tape_it_says_how_to_get_one() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(80, 12)):
        pane.show(None, None, "w")
        assert text_of(pane)[0] == "nothing stepped into yet: s steps in"
        assert pane.border_title == "tape"
