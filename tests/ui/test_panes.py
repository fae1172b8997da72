"""The panes of lines and the curve, each alone: scrolling, following, and doing no more than is needed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget

import bptui.ui
from bptui.protocol.messages import CurveDrawn
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import BlockInfo, Failure, Program, Row, Snapshot
from bptui.ui.panes.console import ConsolePane
from bptui.ui.panes.curve import PATIENCE, CurvePane
from bptui.ui.panes.lines import Lines
from bptui.ui.panes.source import SourcePane
from bptui.ui.panes.timeline import TimelinePane
from bptui.ui.themes import DARK

from .stops import BACKWARD, ENTRY, FORWARD, PROGRAM, UPDATE, with_w


class Alone(App[None]):
    """An app of one pane, under the screen's own stylesheet."""

    CSS_PATH = Path(bptui.ui.__file__).with_name("bptui.tcss")
    CSS = "#source, #timeline, #console, #curve { width: 100%; height: 100%; }"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False

    def __init__(self, pane: Widget) -> None:
        super().__init__()
        self.pane = pane
        self.register_theme(DARK)
        self.theme = DARK.name
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield self.pane


def text_of(pane: Lines) -> list[str]:
    """What is in sight."""
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def seen(pane: Widget) -> str:
    """What is on the screen where the pane is, with all that covers it."""
    assert isinstance(pane.app, Alone)
    x, y, width, height = pane.content_region
    lines = pane.screen._compositor.render_strips()[y : y + height]
    return "\n".join(line.crop(x, x + width).text for line in lines)


def rows(count: int) -> list[Row]:
    return [
        Row(at, tuple(Phase)[at % 4], StopReason.STEP, at // 12, at // 4 % 3, 1.0, (("w", at / 8, 0.5),))
        for at in range(count)
    ]


# ---- the timeline


async def test_the_timeline_follows_the_last_step() -> None:
    pane, steps = TimelinePane("timeline"), rows(30)
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        pane.show(steps, "w", "l")
        await pilot.pause()
        assert text_of(pane)[0].split() == ["#", "phase", "epoch", "sample", "l", "w", "w.grad"]
        assert [line.split()[0] for line in text_of(pane)[1:]] == [*map(str, range(21, 29)), "▶"]
        steps += rows(33)[30:]
        pane.show(steps, "w", "l")
        await pilot.pause()
        assert text_of(pane)[-1].split()[:3] == ["▶", "32", "forward"]
        assert text_of(pane)[-4].split()[:2] == ["29", "backward"], "the mark went on"


async def test_the_timeline_stays_where_it_was_scrolled_to() -> None:
    pane, steps = TimelinePane("timeline"), rows(30)
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        pane.show(steps, "w", "l")
        pane.focus()
        await pilot.press("home")
        await pilot.pause()
        steps += rows(33)[30:]
        pane.show(steps, "w", "l")
        await pilot.pause()
        assert text_of(pane)[1].split()[:2] == ["0", "forward"]
        await pilot.press("end")
        await pilot.pause()
        assert text_of(pane)[-1].split()[:2] == ["▶", "32"]


async def test_a_hundred_thousand_steps_are_no_trouble() -> None:
    pane, steps = TimelinePane("timeline"), rows(100_000)
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        began = time.process_time()
        for _ in range(20):
            steps.append(steps[-1])
            pane.show(steps, "w", "l")
            await pilot.pause()
        assert text_of(pane)[-1].startswith("▶  99999 zero_grad")
        assert (time.process_time() - began) / 20 < 0.1


async def test_more_steps_do_not_lay_out_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    pane, steps = TimelinePane("timeline"), rows(30)
    app = Alone(pane)
    async with app.run_test(size=(80, 12)) as pilot:
        pane.show(steps, "w", "l")
        await pilot.pause()
        laid_out: list[object] = []
        monkeypatch.setattr(app.screen, "_refresh_layout", lambda *args, **kwargs: laid_out.append(args))
        steps += rows(33)[30:]
        pane.show(steps, "w", "l")
        await pilot.pause()
        assert text_of(pane)[-1].split()[1] == "32"
        assert laid_out == []


async def test_another_parameter_is_shown_in_every_row() -> None:
    pane, steps = TimelinePane("timeline"), [replace(row, params=(*row.params, ("b", 7.0, None))) for row in rows(5)]
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        pane.show(steps, "w", "l")
        await pilot.pause()
        text_of(pane)
        pane.show(steps, "b", "l")
        await pilot.pause()
        assert text_of(pane)[0].split()[-1] == "b.grad"
        assert text_of(pane)[1].split()[-2:] == ["7.0000", "None"]


# ---- the source


SCRIPT = "\n".join(f"line_{number} = {number}  # {'long ' * 30}" for number in range(1, 201))
LONG = Program("long.py", SCRIPT, (), (BlockInfo(Phase.FORWARD, 100, (100, 101)), BlockInfo(Phase.UPDATE, 150, (150,))))


def at_line(line: int, failure: Failure | None = None) -> Snapshot:
    assert ENTRY.next is not None
    return replace(ENTRY, next=replace(ENTRY.next, line=line), failure=failure)


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


# ---- the console


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


async def test_a_line_of_the_source_that_goes_on_ends_in_sight() -> None:
    pane = SourcePane("source")
    async with Alone(pane).run_test(size=(60, 12)) as pilot:
        pane.show_program(LONG)
        await pilot.pause()
        assert all(line.rstrip().endswith("…") for line in seen(pane).split("\n"))


async def test_the_console_shows_a_traceback() -> None:
    pane = ConsolePane("console")
    async with Alone(pane).run_test(size=(40, 8)) as pilot:
        pane.add_failure(Failure("ValueError", "no", 3, "Traceback:\n  line 3\nValueError: no\n"))
        await pilot.pause()
        assert text_of(pane)[:3] == ["! Traceback:", "!   line 3", "! ValueError: no"]
        pane.clear()
        await pilot.pause()
        assert text_of(pane)[0] == "  nothing printed yet"


@pytest.mark.parametrize(
    ("pane", "words"), [(TimelinePane, "no steps yet"), (ConsolePane, "nothing printed yet")], ids=["steps", "prints"]
)
async def test_where_there_is_nothing_yet_it_is_said(pane: Callable[[str], Lines], words: str) -> None:
    shown = pane("timeline")
    async with Alone(shown).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        assert text_of(shown)[shown.HEAD].strip() == words
        if isinstance(shown, TimelinePane):
            shown.show(rows(1), "w", "l")
        elif isinstance(shown, ConsolePane):
            shown.add("\n")
        await pilot.pause()
        assert words not in "".join(text_of(shown))


# ---- the curve


def curve_over(low: float, high: float, loss: Callable[[float], float], at: float = 1.0) -> CurveDrawn:
    xs = tuple(low + (high - low) * step / 20 for step in range(21))
    return CurveDrawn("w", xs, tuple(map(loss, xs)), at, loss(at), -1.0, "")


def parabola(w: float) -> float:
    return (2 * w - 4) ** 2


async def test_there_is_no_curve_before_a_forward() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        assert pane.wants(ENTRY, "w") is None


async def test_a_curve_is_asked_for_once_for_each_place() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        ask = pane.wants(FORWARD, "w")
        assert ask is not None
        assert (ask.param, round(ask.low, 2), round(ask.high, 2)) == ("w", 0.0, 2.04)
        assert pane.wants(BACKWARD, "w") is None, "a backward moves nothing"
        assert pane.wants(UPDATE, "w") is not None, "an update moves w"


async def test_a_lowest_point_at_the_edge_makes_it_look_further() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        assert pane.wants(FORWARD, "w") is not None
        pane.show_curve(curve_over(0.0, 2.0, parabola))
        wider = pane.wants(FORWARD, "w")
        assert wider is not None
        assert (wider.low, wider.high) == (0.0, 4.0)
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        assert pane.wants(FORWARD, "w") is None


async def test_it_does_not_look_further_for_ever() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        asked = 0
        while (ask := pane.wants(FORWARD, "w")) is not None and asked < 100:
            asked += 1
            pane.show_curve(curve_over(ask.low, ask.high, lambda w: -w))
        assert asked == 5


async def test_w_stays_within_the_range() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        assert pane.wants(FORWARD, "w") is not None
        ask = pane.wants(replace(UPDATE, params=with_w(50.0, 1.0)), "w")
        assert ask is not None
        assert ask.low < 0.1
        assert ask.high > 50


async def test_where_there_is_no_curve_the_loss_over_steps_and_the_reason() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)) as pilot:
        for at in range(PATIENCE):
            moved = replace(FORWARD, params=with_w(1.0 + at, None))
            pane.show(moved, "w", [FORWARD.row(), FORWARD.row()])
            assert pane.wants(moved, "w") is not None
            pane.show_curve(CurveDrawn("w", (), (), None, None, None, "the forward takes too long"))
        await pilot.pause()
        assert (pane.border_title, pane.border_subtitle) == ("loss over steps", "the forward takes too long")
        assert pane.wants(UPDATE, "w") is None, "then it is no longer asked for"


async def test_a_value_that_is_not_finite_has_no_curve() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        assert pane.wants(replace(FORWARD, params=with_w(math.nan, None)), "w") is None


async def test_a_curve_goes_when_it_is_no_longer_true() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        for end, reason in (
            (lambda: pane.show_curve(CurveDrawn("w", (), (), None, None, None, "too slow")), "too slow"),
            (lambda: pane.show(replace(UPDATE, params=with_w(math.nan, None)), "w", [FORWARD.row()]), "w is nan"),
        ):
            pane.show(FORWARD, "w", [FORWARD.row()])
            pane.show_curve(curve_over(0.0, 4.0, parabola))
            assert pane.border_title == "loss curve"
            end()
            assert (pane.border_title, pane.border_subtitle) == ("loss over steps", reason)


@pytest.mark.parametrize("at", [1e308, -1e308])
async def test_a_value_without_room_on_both_sides_has_no_curve(at: float) -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        assert pane.wants(replace(FORWARD, params=with_w(at, None)), "w") is None


async def test_words_stand_in_place_of_a_plot_until_there_is_one() -> None:
    pane = CurvePane("curve")

    def words() -> list[str]:
        return [text for y in range(pane.size.height) if (text := pane.render_line(y).text.strip())]

    async with Alone(pane).run_test(size=(60, 20)) as pilot:
        pane.show(ENTRY, "w", [ENTRY.row()])
        await pilot.pause()
        assert words() == ["no forward yet"]
        pane.show(FORWARD, "w", [ENTRY.row(), FORWARD.row()])
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        await pilot.pause()
        assert words() == []
        assert [canvas.display for canvas in pane.query("Canvas")] == [True]
        pane.clear()
        await pilot.pause()
        assert words() == ["no forward yet"]
        assert [canvas.display for canvas in pane.query("Canvas")] == [False], "it would hide the words"


async def test_it_grows_also_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 12)) as pilot:
        pane.show(FORWARD, "w", [])
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        for height in (12, 20, 6, 30):
            await pilot.resize_terminal(60, height)
            await pilot.pause()
        assert "●" in seen(pane)


async def test_a_curve_of_another_parameter_comes_too_late() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        pane.show(FORWARD, "b", [])
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        assert pane.border_subtitle == ""


async def test_the_caption_says_value_and_slope() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)) as pilot:
        pane.show(FORWARD, "w", [])
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        await pilot.pause()
        assert (pane.border_title, pane.border_subtitle) == ("loss curve", "w = 1.0000  slope = -1.0000")


def test_the_lecture_of_the_tests_is_the_real_one() -> None:
    assert [PROGRAM.source.splitlines()[block.line - 1].split()[0] for block in PROGRAM.blocks] == [
        "l", "l.backward()", "w.data", "w.grad.data.zero_()",
    ]  # fmt: skip


async def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        pane.show(FORWARD, "p[bold]", [])
        pane.show_curve(replace(curve_over(0.0, 4.0, parabola), param="p[bold]"))
        assert pane.border_subtitle == r"p\[bold] = 1.0000  slope = -1.0000", "as markup, escaped"


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
                shown.show(FORWARD, "w", [])
                shown.show_curve(curve_over(0.0, 4.0, parabola))
            case TimelinePane():
                shown.show(rows(30), "w", "l")
            case ConsolePane():
                shown.add("one\n" * 20)
        await pilot.pause()
        before = in_sight()
        for size in ((20, 5), (3, 2), (1, 1), (60, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert in_sight() == before
