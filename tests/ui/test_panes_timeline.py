"""The timeline: following the last step, and doing no more than is needed."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bptui.ui.panes.timeline import TimelinePane

from .alone import Alone, rows, text_of


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
