"""What holds for several panes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.widget import Widget

from bptui.ui.panes.console import ConsolePane
from bptui.ui.panes.curve import CurvePane
from bptui.ui.panes.lines import Lines
from bptui.ui.panes.source import SourcePane
from bptui.ui.panes.timeline import TimelinePane
from tests.ui.fakes.alone import LONG, Alone, at_line, curve_over, parabola, rows, text_of
from tests.ui.fakes.filled_timeline import Kept
from tests.ui.fakes.stops import FORWARD, PROGRAM


@pytest.mark.parametrize(
    ("pane", "words"), [(TimelinePane, "no steps yet"), (ConsolePane, "nothing printed yet")], ids=["steps", "prints"]
)
async def test_where_there_is_nothing_yet_it_is_said(pane: Callable[[str], Lines], words: str) -> None:
    shown = pane("timeline")
    async with Alone(shown).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        assert text_of(shown)[shown.HEAD].strip() == words
        if isinstance(shown, TimelinePane):
            Kept(rows(1)).show(shown)
        elif isinstance(shown, ConsolePane):
            shown.add("\n")
        await pilot.pause()
        assert words not in "".join(text_of(shown))


@pytest.mark.parametrize("pane", [SourcePane, CurvePane, TimelinePane, ConsolePane])
async def test_no_size_is_too_small_to_come_back_from(pane: Callable[[str], Widget]) -> None:
    shown = pane(pane.__name__.removesuffix("Pane").lower())

    def in_sight() -> list[str]:
        lines = [line.text for line in shown.render_lines(shown.outer_size.region)]
        return [line for line in lines if "▶" in line] if isinstance(shown, SourcePane) else lines

    async with Alone(shown).run_test(size=(60, 20)) as pilot:
        match shown:
            case SourcePane():
                shown.show_program(LONG)
                shown.show(at_line(100))
            case CurvePane():
                shown.show(FORWARD, "w", (0, 0))
                shown.show_curve(curve_over(0.0, 4.0, parabola))
            case TimelinePane():
                Kept(rows(30)).show(shown)
            case ConsolePane():
                shown.add("one\n" * 20)
        await pilot.pause()
        before = in_sight()
        for size in ((20, 5), (3, 2), (1, 1), (60, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert in_sight() == before


def test_the_lecture_of_the_tests_is_the_real_one() -> None:
    assert [PROGRAM.source.splitlines()[block.line - 1].split()[0] for block in PROGRAM.blocks] == [
        "l", "l.backward()", "w.data", "w.grad.data.zero_()",
    ]  # fmt: skip
