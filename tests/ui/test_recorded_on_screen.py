"""A recorded run on the screen: the same keys go through it, and what would have to run is refused in the last line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bptui.trace.recorded import RecordedSession
from bptui.trace.timeline import Timeline
from bptui.ui.app import BptuiApp
from tests.trace.small_runs import hear, opened, row, rows, running, stopped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), *(stopped(row(index)) for index in range(3)))
    hear(timeline, running(rows(3, 30)), stopped(row(30)))
    timeline.close()
    return path


@pytest.fixture
def session(path: Path) -> Iterator[RecordedSession]:
    session = RecordedSession(path)
    yield session
    session.close()


def seen(app: BptuiApp) -> str:
    """All text on the screen."""
    return "\n".join("".join(part.text for part in line) for line in app.screen._compositor.render_strips())


async def test_the_keys_go_through_it(session: RecordedSession) -> None:
    app = BptuiApp(session, title="run.bptrace", source=session.program.source)
    async with app.run_test(size=(120, 40)) as pilot:
        for key, said in (
            ("n", "step 1"),
            ("n", "step 2"),
            ("n", "only its numbers were kept"),
            ("N", "step 2"),
            ("f", "This is a recorded run, and what it did next was update."),
            ("a", "This is a recorded run: it can be looked at, but nothing runs in it."),
            ("s", "A recorded run has no inside of a phase."),
            ("c", "step 30"),
            ("n", "The recording ends here."),
            ("g", "step 0"),
            ("G", "step 30"),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert said in seen(app), key


async def test_the_loss_over_all_recorded_steps_stands_where_a_curve_would(session: RecordedSession) -> None:
    app = BptuiApp(session, title="run.bptrace", source=session.program.source)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("n")
        await pilot.pause()
        assert "loss over steps" in seen(app)
        assert "no forward yet" not in seen(app)


async def test_it_opens_at_a_difference_and_says_it(path: Path) -> None:
    session = RecordedSession(path, (0, 12), "a and b: step 12 differs: loss 25.0 ≠ 26.0")
    app = BptuiApp(session, title="run.bptrace", source=session.program.source)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "a and b: step 12 differs: loss 25.0 ≠ 26.0" in seen(app)
        await pilot.press("n")
        await pilot.pause()
        assert "differs" not in seen(app)
    session.close()
