"""The curve: when it is asked for, over which range, and when it is no longer true."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bptui.protocol.replies import CurveDrawn
from bptui.protocol.rows import Rows
from bptui.ui.panes.curve import PATIENCE, CurvePane
from tests.ui.fakes.alone import Alone, curve_over, parabola, seen
from tests.ui.fakes.stops import BACKWARD, ENTRY, FORWARD, UPDATE, with_w

HERE = 0, FORWARD.index


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
            pane.add(*Rows.of([FORWARD.row()]))
            pane.show(moved, "w", HERE)
            assert pane.wants(moved, "w") is not None
            pane.show_curve(CurveDrawn("w", (), (), None, None, None, "the forward takes too long"))
        await pilot.pause()
        assert (pane.border_title, pane.border_subtitle) == ("loss over steps", "the forward takes too long")
        assert pane.wants(UPDATE, "w") is None, "then it is no longer asked for"


async def test_it_goes_with_the_loss_when_the_entry_is_gone_back_to() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        pane.show(FORWARD, "w", HERE)
        assert pane.wants(FORWARD, "w") is not None
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        assert "slope" in str(pane.border_subtitle)
        pane.show(ENTRY, "w", (0, 0))
        assert "slope" not in str(pane.border_subtitle)
        assert pane.wants(FORWARD, "w") is not None


async def test_a_value_that_is_not_finite_has_no_curve() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        assert pane.wants(replace(FORWARD, params=with_w(math.nan, None)), "w") is None


async def test_a_curve_goes_when_it_is_no_longer_true() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        for end, reason in (
            (lambda: pane.show_curve(CurveDrawn("w", (), (), None, None, None, "too slow")), "too slow"),
            (lambda: pane.show(replace(UPDATE, params=with_w(math.nan, None)), "w", HERE), "w is nan"),
        ):
            pane.add(*Rows.of([FORWARD.row()]))
            pane.show(FORWARD, "w", HERE)
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
        pane.show(ENTRY, "w", (0, 0))
        await pilot.pause()
        assert words() == ["no forward yet"]
        pane.show(FORWARD, "w", HERE)
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
        pane.show(FORWARD, "w", HERE)
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        for height in (12, 20, 6, 30):
            await pilot.resize_terminal(60, height)
            await pilot.pause()
        assert "●" in seen(pane)


async def test_a_curve_of_another_parameter_comes_too_late() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        pane.show(FORWARD, "b", HERE)
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        assert pane.border_subtitle == ""


async def test_the_caption_says_value_and_slope() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)) as pilot:
        pane.show(FORWARD, "w", HERE)
        pane.show_curve(curve_over(0.0, 4.0, parabola))
        await pilot.pause()
        assert (pane.border_title, pane.border_subtitle) == ("loss curve", "w = 1.0000  slope = -1.0000")


async def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    pane = CurvePane("curve")
    async with Alone(pane).run_test(size=(60, 20)):
        pane.show(FORWARD, "p[bold]", HERE)
        pane.show_curve(replace(curve_over(0.0, 4.0, parabola), param="p[bold]"))
        assert pane.border_subtitle == r"p\[bold] = 1.0000  slope = -1.0000", "as markup, escaped"
