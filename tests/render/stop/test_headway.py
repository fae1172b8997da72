"""How far a run is, in a line."""

from __future__ import annotations

import pytest

from bptui.protocol.phase import Goal
from bptui.render.stop.headway import Headway, duration, headway
from bptui.render.stop.title import Progress


@pytest.mark.parametrize(
    ("run", "width", "text"),
    [
        pytest.param(
            Headway(1234, 0.42, 83.2), 80,
            "running  ██████████░░░░░░░░░░░░░░  42%  1:23 left  1,234 steps  esc pauses", id="all that is known",
        ),
        pytest.param(Headway(1234, 0.42, 83.2), 60, "running  █████░░░░░░░  42%  1:23 left  esc pauses", id="narrower"),
        pytest.param(Headway(1234, 0.42, 83.2), 40, "running  42%  1:23 left  esc pauses", id="without a bar"),
        pytest.param(Headway(7, None, None), 80, "running  7 steps  esc pauses", id="how far it is is not known"),
        pytest.param(Headway(7, 1.5, None), 40, "running  ████████████  100%  esc pauses", id="never more than all"),
    ],
)  # fmt: skip
def test_how_far_it_is(run: Headway, width: int, text: str) -> None:
    assert headway(run, width).plain == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03"), (172_800, "2 days"), (1e9, "11,574 days")],
)
def test_how_long_it_takes(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_how_much_of_the_way_is_behind() -> None:
    place = Progress(3, 2, 11, 30, 3, 10)
    assert place.on_the_way(Goal.END) == (11, 30)
    assert place.on_the_way(Goal.EPOCH) == (2, 3)
    assert place.on_the_way(Goal.SAMPLE) is None
    assert place.on_the_way(None) is None
    assert Progress(3, 2, 11, None, None, 10).on_the_way(Goal.END) == (3, 10), "by epochs, where it is not known better"
    assert Progress(None, 2, 11).on_the_way(Goal.END) is None
