"""The timeline: following the last step, and doing no more than is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.ui.panes.timeline import TimelinePane
from tests.ui.fakes.alone import Alone, rows, text_of
from tests.ui.fakes.filled_timeline import Kept


async def test_the_timeline_follows_the_last_step() -> None:
    pane, kept = TimelinePane("timeline"), Kept(rows(30))
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        kept.show(pane)
        await pilot.pause()
        assert text_of(pane)[0].split() == ["#", "phase", "epoch", "sample", "l", "w", "w.grad"]
        assert [line.split()[0] for line in text_of(pane)[1:]] == [*map(str, range(21, 29)), "▶"]
        kept.add(rows(33)[30:])
        pane.stop((0, 32), brought=False)
        await pilot.pause()
        assert text_of(pane)[-1].split()[:3] == ["▶", "32", "forward"]
        assert text_of(pane)[-4].split()[:2] == ["29", "backward"], "the mark went on"


async def test_the_timeline_stays_where_it_was_scrolled_to() -> None:
    pane, kept = TimelinePane("timeline"), Kept(rows(30))
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        kept.show(pane)
        pane.focus()
        await pilot.press("home")
        await pilot.pause()
        kept.add(rows(33)[30:])
        pane.stop((0, 32), brought=False)
        await pilot.pause()
        assert text_of(pane)[1].split()[:2] == ["0", "forward"], "the cursor went with the program"
        await pilot.press("end")
        await pilot.pause()
        assert text_of(pane)[-1].split()[:2] == ["▶", "32"]


async def test_more_steps_do_not_lay_out_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    pane, kept = TimelinePane("timeline"), Kept(rows(30))
    app = Alone(pane)
    async with app.run_test(size=(80, 12)) as pilot:
        kept.show(pane)
        await pilot.pause()
        laid_out: list[object] = []
        monkeypatch.setattr(app.screen, "_refresh_layout", lambda *args, **kwargs: laid_out.append(args))
        kept.add(rows(33)[30:])
        pane.stop((0, 32), brought=False)
        await pilot.pause()
        assert text_of(pane)[-1].split()[1] == "32"
        assert laid_out == []


async def test_another_parameter_is_shown_in_every_row() -> None:
    pane = TimelinePane("timeline")
    kept = Kept([replace(row, params=(*row.params, ("b", 7.0, None))) for row in rows(5)])
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        kept.show(pane)
        await pilot.pause()
        text_of(pane)
        pane.show_param("b", "l")
        await pilot.pause()
        assert text_of(pane)[0].split()[-1] == "b.grad"
        assert text_of(pane)[1].split()[-2:] == ["7.0000", "None"]
