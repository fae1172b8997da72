"""The source: scrolling to where the program stands."""

from __future__ import annotations

from bptui.protocol.snapshot import Failure
from bptui.ui.panes.source import SourcePane
from tests.ui.fakes.alone import LONG, Alone, at_line, seen, text_of


async def test_the_source_scrolls_to_where_the_program_stands() -> None:
    pane = SourcePane("source")
    async with Alone(pane).run_test(size=(60, 12)) as pilot:
        pane.show_program(LONG)
        await pilot.pause()
        assert text_of(pane)[0].startswith("    1   line_1 =")
        pane.show(at_line(100))
        await pilot.pause()
        marked = [line for line in text_of(pane) if line.startswith("▶")]
        assert len(marked) == 1
        assert marked[0].startswith("▶ 100 f line_100 =")
        top = text_of(pane)[0]
        pane.show(at_line(101))
        await pilot.pause()
        assert text_of(pane)[0] == top, "what is in sight already does not scroll"
        assert [line[:7] for line in text_of(pane) if line.startswith("▶")] == ["▶ 101 │"]


async def test_where_the_script_raised_is_marked_otherwise() -> None:
    pane = SourcePane("source")
    async with Alone(pane).run_test(size=(60, 12)) as pilot:
        pane.show_program(LONG)
        pane.show(at_line(100, Failure("ValueError", "no", 150, "")))
        await pilot.pause()
        assert [line[:7] for line in text_of(pane) if not line.startswith(" ")] == ["✗ 150 u"]


async def test_the_numbers_stay_when_the_source_is_scrolled_sideways() -> None:
    pane = SourcePane("source")
    async with Alone(pane).run_test(size=(60, 12)) as pilot:
        pane.show_program(LONG)
        pane.focus()
        await pilot.press("right", "right", "right", "right")
        await pilot.pause()
        assert text_of(pane)[0].startswith("    1   _1 = 1")


async def test_a_source_is_there_before_the_script_is_cut() -> None:
    pane = SourcePane("source")
    async with Alone(pane).run_test(size=(60, 12)) as pilot:
        pane.show_source("x = 1\n")
        await pilot.pause()
        assert text_of(pane)[:2] == ["   1   x = 1", "   2"]


async def test_a_line_of_the_source_that_goes_on_ends_in_sight() -> None:
    pane = SourcePane("source")
    async with Alone(pane).run_test(size=(60, 12)) as pilot:
        pane.show_program(LONG)
        await pilot.pause()
        assert all(line.rstrip().endswith("…") for line in seen(pane).split("\n"))
