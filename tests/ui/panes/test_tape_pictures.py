"""What the tape looks like, as wide as it is on screens of each size."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from bptui.protocol.tape import Op, Tape
from bptui.ui.base.themes import LIGHT
from bptui.ui.panes.tape import TapePane
from tests.handmade_tapes import at_node, at_op, before_backward, deep, lecture, residual, shared
from tests.ui.fakes.alone import Alone

LECTURE = lecture(1.02, 2.0, 4.0)
WEIGHT = "model.block0.fc0.weight"


@pytest.mark.parametrize(
    ("tape", "op", "param", "size", "keys"),
    [
        pytest.param(
            before_backward(LECTURE), at_op(1), "w", (80, 12), "", id="in a forward values go from left to right"
        ),
        pytest.param(LECTURE, at_node(1, 1), "w", (80, 12), "", id="in a backward gradients come back"),
        pytest.param(LECTURE, at_node(1, 1), "w", (80, 12), "d", id="the same as a table"),
        pytest.param(LECTURE, None, "w", (60, 10), "d", id="the table of a screen of 60x20"),
        pytest.param(residual(), at_node(4, 1), "W1", (120, 18), "", id="a residual connection"),
        pytest.param(shared(), None, "w", (88, 20), "", id="several paths and their sum"),
        pytest.param(deep(8, 4, 2), at_op(9), WEIGHT, (80, 18), "", id="a deep model is folded by module"),
        pytest.param(deep(8, 4, 2), at_node(20, 11), WEIGHT, (120, 20), "up up", id="its backward, with the cursor"),
        pytest.param(None, None, None, (60, 5), "", id="nothing stepped into yet"),
    ],
)
def test_it_looks_the_same(snap_compare, tape: Tape | None, op: Op | None, param: str | None, size: tuple[int, int],
                           keys: str) -> None:  # type: ignore[no-untyped-def]  # fmt: skip
    assert snap_compare(Alone(TapePane()), terminal_size=size, run_before=after(tape, op, param, keys))


def test_the_light_theme(snap_compare) -> None:  # type: ignore[no-untyped-def]
    app = Alone(TapePane())
    app.register_theme(LIGHT)
    app.theme = LIGHT.name
    assert snap_compare(app, terminal_size=(80, 12), run_before=after(LECTURE, at_node(1, 1), "w", ""))


def after(tape: Tape | None, op: Op | None, param: str | None, keys: str):  # type: ignore[no-untyped-def]
    """The tape at that stop, and then these keys."""

    async def run(pilot: Pilot[None]) -> None:
        pane = pilot.app.query_one(TapePane)
        pane.show(tape, op, param)
        pane.focus()
        await pilot.press(*keys.split())
        await pilot.pause()

    return run
