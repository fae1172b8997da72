"""The plot over the steps on the screen: its keys, its mouse, what follows a run, and zeroing compared."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from textual import events
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import Compared, Running, Stopped
from bptui.protocol.requests import Compare, DrawCurve, GoTo, Next
from bptui.protocol.rows import Branch, Row, Rows
from bptui.render.plot.series import FORK, HERE, MISSING, RING, UPRIGHT
from bptui.ui.panes.curve import CurvePane
from bptui.ui.panes.series import SeriesPane
from bptui.ui.panes.tape import TapePane
from tests.engine_session import EngineSession
from tests.ui.fakes.alone import Alone
from tests.ui.fakes.alone import seen as drawn
from tests.ui.fakes.filled_timeline import Kept
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import ENTRY, FORWARD, LARGE
from tests.ui.test_lecture_on_screen import opened
from tests.ui.test_pictures import app_of
from tests.ui.test_time_on_screen import press, title


def pane(pilot: Pilot[None]) -> SeriesPane:
    return pilot.app.screen.query_one(SeriesPane)


def seen(pilot: Pilot[None]) -> str:
    """What is in the plot."""
    x, y, width, height = pane(pilot).content_region
    strips = pilot.app.screen._compositor.render_strips()[y : y + height]
    return "\n".join(strip.crop(x, x + width).text for strip in strips)


def heading(pilot: Pilot[None]) -> str:
    """Its title, without the styles."""
    return Content.from_markup(str(pane(pilot).border_title)).plain


def last_line(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#message", Static).render())


def shown(pilot: Pilot[None]) -> list[str]:
    """Which of the panes is beside the source."""
    kinds = (CurvePane, TapePane, SeriesPane)
    return [kind.__name__ for kind in kinds if pilot.app.screen.query_one(kind).display]


async def test_l_shows_the_plot_in_the_curves_place_and_the_curve_again() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "c", "l")
        assert shown(pilot) == ["SeriesPane"]
        assert pane(pilot).has_focus, "so that its keys are its own"
        assert str(pane(pilot).border_title) == "l (loss) over steps"
        assert "⡇" in seen(pilot) or "⠉" in seen(pilot)
        await press(pilot, "l")
        assert shown(pilot) == ["CurvePane"]
        await press(pilot, "l", "t")
        assert shown(pilot) == ["TapePane"]
        await press(pilot, "l", "6")
        assert shown(pilot) == ["SeriesPane"]
        assert pane(pilot).has_focus


async def test_a_step_into_a_phase_shows_the_tape_and_then_the_plot_again() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "l", "n", "n", "s")
        assert shown(pilot) == ["TapePane"]
        await press(pilot, "o")
        assert shown(pilot) == ["SeriesPane"]


async def test_up_and_down_choose_what_is_shown() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, *"nnnnn", "l")
        titles = []
        for _ in range(4):
            titles.append(str(pane(pilot).border_title))
            await press(pilot, "down")
        assert titles == ["l (loss) over steps", "w over steps", "w.grad over steps", "l (loss) over steps"]
        await press(pilot, "up")
        assert str(pane(pilot).border_title) == "l (loss) over steps"


async def test_of_a_large_tensor_it_is_the_norm() -> None:
    session = ToldSession()
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await press(pilot, "n")
        session.stop(LARGE)
        await press(pilot, "l", "down")
        assert str(pane(pilot).border_title) == "norm of features.0.weight over steps"
        assert HERE in seen(pilot)


async def test_y_turns_to_a_logarithmic_axis() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "c", "l", "y")
        assert str(pane(pilot).border_title) == "l (loss) over steps, log"
        assert "0.1┤" in seen(pilot)
        await press(pilot, "down", "down")
        assert "no w.grad here is greater than 0" in pane(pilot).render().plain, "the lecture's slopes are negative"
        await press(pilot, "y")
        assert UPRIGHT in seen(pilot)


async def test_brackets_zoom_and_arrows_go_to_and_fro() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "c", "l")
        spans = []
        for key in ("]", "pageup", "left", "right", "[", "home"):
            await press(pilot, {"]": "right_square_bracket", "[": "left_square_bracket"}.get(key, key))
            spans.append(str(pane(pilot).border_subtitle).split()[0])
        assert spans == ["60…120", "90…120", "83…113", "90…120", "60…120", "0…120"]


async def test_the_wheel_zooms_where_the_mouse_is() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "c", "l")
        inner = pane(pilot)._inner
        assert inner is not None
        await pilot._post_mouse_events([events.MouseScrollUp], "#series", (inner.left + 1, 5), button=0)
        await pilot.pause()
        assert str(pane(pilot).border_subtitle).split()[0] == "0…60"
        await pilot._post_mouse_events([events.MouseScrollDown], "#series", (inner.left + 1, 5), button=0)
        await pilot.pause()
        assert str(pane(pilot).border_subtitle).split()[0] == "0…120"


async def test_a_click_goes_to_the_step_under_the_mouse() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, "c", "l")
        inner = pane(pilot)._inner
        assert inner is not None
        for x in (inner.left, inner.left + inner.width - 1, inner.left + inner.width // 2):
            await pilot.click("#series", offset=(x + 1, 5))
            await pilot.pause()
        assert [ask.index for ask in session.asked if isinstance(ask, GoTo)] == [0, 120, 61]
        asked = len(session.asked)
        await pilot.click("#series", offset=(1, 5))
        assert len(session.asked) == asked, "the axis is no step"


async def test_it_follows_a_run_and_a_window_at_its_end_does_too() -> None:
    session = ToldSession()
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await press(pilot, "n")
        session.stop(FORWARD)
        await press(pilot, "l", "c")
        session.reply(Running(Rows.of(rows(6, 400)), ""))
        await pilot.pause()
        assert str(pane(pilot).border_subtitle).startswith("0…399")
        await press(pilot, "right_square_bracket")
        session.reply(Running(Rows.of(rows(400, 500)), ""))
        await pilot.pause()
        assert str(pane(pilot).border_subtitle).startswith("299…499")
        assert seen(pilot).splitlines()[-2].rstrip().endswith("▲"), "the program is at the right edge"


def rows(start: int, stop: int, branch: int = 0, loss: float = 1.0) -> list[Row]:
    return [
        Row(
            index, tuple(Phase)[(index - 1) % 4], StopReason.STEP, index // 12, index // 4 % 3, loss / (1 + index),
            (("w", loss, -loss),), branch,
        )
        for index in range(start, stop)
    ]  # fmt: skip


async def test_it_can_be_shown_while_the_program_runs() -> None:
    session = ToldSession()
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await press(pilot, "c")
        session.reply(Running(Rows.of(rows(1, 40)), ""))
        await pilot.pause()
        await press(pilot, "l")
        assert shown(pilot) == ["SeriesPane"]
        assert "0…39" in str(pane(pilot).border_subtitle)


async def test_what_it_missed_while_it_was_hidden_it_shows() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, *"nnnn", "l", "l", "c", "l")
        assert str(pane(pilot).border_subtitle).startswith("0…120")
        assert [word for word in seen(pilot).split() if word.isdecimal()][-2:] == ["50", "100"]


async def test_x_lays_another_branch_over_it() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, *("n" * 24), *("N" * 12), *"fbuf", "l")
        assert heading(pilot) == "l (loss) over steps  ⣀⡠⠒ branch 1"
        assert f"{FORK}0" in seen(pilot)
        assert RING not in seen(pilot)
        await press(pilot, "x")
        assert heading(pilot) == "l (loss) over steps  ⣀⡠⠒ branch 1  ○ branch 0"
        assert RING in seen(pilot)
        await press(pilot, "x")
        assert RING not in seen(pilot)


async def test_zeroing_compared_shows_both_losses_and_says_where_they_ended() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, *"nnnnnnnn", "colon", *"compare", "space", *"zeroing", "space", *"40", "enter")
        await pilot.pause()
        assert [(type(ask), ask.steps) for ask in session.asked if isinstance(ask, Compare)] == [(Compare, 40)]
        assert shown(pilot) == ["SeriesPane"]
        assert heading(pilot) == "l (loss) by sample  ⣀⡠⠒ zeroing on  ○ zeroing off"
        rings = [line.index(RING) for line in seen(pilot).splitlines() if RING in line]
        assert min(rings) > seen(pilot).splitlines()[0].index(UPRIGHT), "before that they are one"
        assert last_line(pilot).startswith("zeroing on: loss ")
        assert "; off: loss " in last_line(pilot)
        assert last_line(pilot).endswith("the program stands at step 8 again")
        assert "step 8 of 48" in title(pilot)
        assert "ready" in title(pilot)
        ends = [session.timeline.row(branch, index) for branch, index in ((0, 45), (1, 36))]
        assert [(end.epoch, end.sample) for end in ends if end is not None] == [(3, 2), (3, 2)]
        assert all(end is not None and f"loss {end.loss:.4f}" in last_line(pilot) for end in ends)
        assert "both at epoch 3 sample 2" in last_line(pilot)
        await press(pilot, "x")
        assert heading(pilot) == "l (loss) over steps  ⣀⡠⠒ branch 0"
        await press(pilot, "n")
        assert "step 9 of 48" in title(pilot)


async def test_comparing_can_be_refused() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, "c", "colon", *"compare", "space", *"zeroing", "enter")
        assert shown(pilot) == ["CurvePane"]
        assert "The script has ended." in last_line(pilot)


async def test_while_it_compares_it_says_how_far_it_is() -> None:
    session = ToldSession()
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await press(pilot, "colon", *"compare", "space", *"zeroing", "space", *"80", "enter")
        assert isinstance(session.asked[-1], Compare)
        session.reply(Running(Rows.of(rows(1, 41)), ""))
        await pilot.pause()
        assert "25%" in last_line(pilot)
        assert "running" in title(pilot)
        await press(pilot, "escape")
        assert session.pauses == 1
        session.reply(Running(Rows.of(rows(1, 31, 1, 3.0)), "", (Branch(1, 0, 0),)))
        session.reply(Compared(Stopped(replace(ENTRY, stop_reason=StopReason.GOTO), ()), 0, 0, 1))
        await pilot.pause()
        assert "on: loss 0.0333; off: loss 0.1000, both at epoch 2 sample 1" in last_line(pilot)
        assert "ready" in title(pilot)
        assert RING in seen(pilot)


async def test_a_norm_that_was_not_measured_is_not_the_gradient() -> None:
    row = Row(1, Phase.FORWARD, StopReason.STEP, 0, 0, 1.0, (("w", None, 3.0), ("w.grad.w", 5.0, None)))
    alone = SeriesPane()
    async with Alone(alone).run_test(size=(60, 16)):
        alone.clear(Kept([replace(row, index=0), row]).pages)
        values = []
        for what in ("loss", "w", "w.grad", "w.grad.w"):
            assert alone.choose(what)
            values.append(alone._value(row))
        assert values == [1.0, None, 3.0, 5.0]


async def test_plot_with_a_name_shows_that_number() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, *"nnn", "colon", *"plot", "space", *"w.grad", "enter")
        assert str(pane(pilot).border_title) == "w.grad over steps"
        await press(pilot, "colon", *"plot", "space", *"b", "enter")
        assert "There is no b to plot." in last_line(pilot)
        assert "there is loss, w, w.grad" in last_line(pilot)


async def test_a_number_that_is_nan_is_marked() -> None:
    kept = Kept([*rows(0, 40), *rows(40, 80, loss=math.nan), *rows(80, 120, loss=math.inf), *rows(120, 160)])
    alone = SeriesPane()
    async with Alone(alone).run_test(size=(60, 16)) as pilot:
        alone.clear(kept.pages)
        alone.run_on((0, 159))
        await pilot.pause()
        top = drawn(alone).splitlines()[0]
        assert top.count(MISSING) > 15
        assert alone.choose("w")
        await pilot.pause()
        assert drawn(alone).splitlines()[0].count(MISSING) > 15
        assert not alone.choose("b")


@pytest.mark.parametrize("size", [(8, 5), (10, 7), (60, 4), (200, 60)])
async def test_it_is_drawn_in_any_room(size: tuple[int, int]) -> None:
    kept = Kept(rows(0, 400))
    alone = SeriesPane()
    async with Alone(alone).run_test(size=size) as pilot:
        alone.clear(kept.pages)
        for _ in range(3):
            alone.action_choose(1)
            alone.action_log()
            alone.action_zoom(True)
            await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await pilot.pause()


async def test_a_restart_begins_the_plot_anew() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, *"nnnnnnnn", "l", "right_square_bracket", "r")
        await pilot.pause()
        assert shown(pilot) == ["SeriesPane"]
        assert "no loss here" in pane(pilot).render().plain
        await press(pilot, *"nn")
        assert str(pane(pilot).border_subtitle).startswith("0…2")


async def test_the_curve_is_not_asked_for_while_the_plot_is_shown() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, "n", "l")
        asked = len(session.asked)
        await press(pilot, "n", "n")
        assert [type(ask) for ask in session.asked[asked:]] == [Next, Next]
        await press(pilot, "l")
        assert isinstance(session.asked[-1], DrawCurve)
