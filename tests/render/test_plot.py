"""Plots: where the dots and the words are."""

from __future__ import annotations

import math

import pytest

from bptui.protocol.messages import CurveDrawn
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Fact, Row
from bptui.render.curve import caption, no_caption, over_parameter, over_steps, path_of
from bptui.render.plot import ACROSS, DOWN, Frame, Plot, label, ticks

XS = tuple(at / 15 for at in range(61))
CURVE = CurveDrawn("w", XS, tuple((2 * x - 4) ** 2 for x in XS), 1.0, 4.0, -8.0, "")
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def drawn(plot: Plot, width: int, height: int) -> list[str]:
    """The plot as text, its dots as braille."""
    cells = [[" "] * width for _ in range(height)]
    for _style, dots in plot.layers:
        braille: dict[tuple[int, int], int] = {}
        for x, y in dots:
            at = x // ACROSS, y // DOWN
            braille[at] = braille.get(at, 0) | BITS[y % DOWN][x % ACROSS]
        for (x, y), bits in braille.items():
            cells[y][x] = chr(0x2800 + bits)
    for x, y, text, _style in plot.words:
        cells[y][x : x + len(text)] = text
    return ["".join(line).rstrip() for line in cells]


def test_the_curve_with_its_point_tangent_and_path() -> None:
    assert drawn(over_parameter(CURVE, [(0.5, 9.0)], 34, 10), 34, 10) == PARABOLA


PARABOLA = [
    "  │⢄                             ⡠",
    "  │ ⢣                           ⡜",
    "  │  ⠳⡀                       ⢀⠞",
    "10┤  ⠐⢝•                     ⡠⠋",
    "  │    ⠙⢧⡀                 ⢀⠜⠁",
    "  │      ⠈●⡀             ⢀⠔⠁",
    "  │        ⠈⠲⣄⡀       ⢀⡠⠖⠁",
    " 0┤          ⠈⠪⡙⠒⠒⠒⠒⠒⠋⠁",
    "  └┬──────▲───────┬──────────────┬",
    "   0              2              4",
]


def test_a_layer_takes_its_cells_and_loses_no_dot() -> None:
    plot = Plot()
    plot.dots("below", {(0, 0), (9, 9)})
    plot.dots("above", {(1, 3)})
    assert plot.layers == [("below", {(0, 0), (9, 9)}), ("above", {(0, 0), (1, 3)})]


@pytest.mark.parametrize(
    ("low", "high", "count", "labels"),
    [
        pytest.param(0.0, 4.0, 4, ["0", "1", "2", "3", "4"], id="whole"),
        pytest.param(0.0, 1.0, 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"], id="tenths"),
        pytest.param(-0.95, 16.9, 3, ["0", "5", "10", "15"], id="inside the ends"),
        pytest.param(-0.02, 0.03, 2, ["-0.02", "0.00", "0.02"], id="no -0"),
        pytest.param(0.0, 3e6, 3, ["0", "1e+06", "2e+06", "3e+06"], id="large"),
        pytest.param(0.0, 2e-6, 2, ["0", "1e-06", "2e-06"], id="small"),
    ],
)
def test_ticks_are_round(low: float, high: float, count: int, labels: list[str]) -> None:
    values = ticks(low, high, count)
    assert [label(value, values) for value in values] == labels


def test_steps_are_counted_in_whole_numbers() -> None:
    assert ticks(0.0, 1.0, 4, least=1.0) == [0.0, 1.0]


FRAME = Frame(2, 0, 10, 5, (0.0, 1.0), (0.0, 1.0))


def test_a_frame_has_its_corners_in_its_corner_cells() -> None:
    assert FRAME.cell(0.0, 0.0) == (2, 4)
    assert FRAME.cell(1.0, 1.0) == (11, 0)
    assert FRAME.cell(1.1, 0.5) is None
    assert FRAME.cell(0.5, math.nan) is None


def test_a_line_stays_within_its_frame_however_steep() -> None:
    dots = FRAME.line([(-5.0, -1e9), (0.5, 0.5), (6.0, 1e9)])
    assert dots
    assert all(4 <= x < 24 and 0 <= y < 20 for x, y in dots)


def test_a_line_is_interrupted_where_the_loss_is_not_finite() -> None:
    columns = {x for x, _y in FRAME.line([(0.0, 0.5), (0.3, 0.5), (0.5, math.nan), (0.7, 0.5), (1.0, 0.5)])}
    assert columns == {*range(4, 11), *range(17, 24)}


def test_nothing_but_nan_gives_no_plot() -> None:
    curve = CurveDrawn("w", (0.0, 1.0), (math.nan, math.nan), 0.5, None, None, "")
    assert drawn(over_parameter(curve, [], 30, 8), 30, 8) == [""] * 8
    assert drawn(over_steps([math.nan], 30, 8), 30, 8) == [""] * 8


def test_a_point_that_is_not_finite_is_left_out() -> None:
    curve = CurveDrawn("w", XS, CURVE.ys, 1.0, math.inf, math.nan, "")
    assert "●" not in "".join(drawn(over_parameter(curve, [], 34, 10), 34, 10))


def test_loss_over_steps() -> None:
    assert drawn(over_steps([4.0, 2.0, 1.0, 0.5, 0.5], 30, 8), 30, 8) == STEPS


STEPS = [
    "4┤⠢⡀",
    " │ ⠈⠒⢄",
    " │    ⠑⠤⡀",
    "2┤      ⠈⠒⠤⣀⡀",
    " │          ⠈⠑⠢⠤⣀⡀",
    " │               ⠈⠉⠑⠒⠒⠤⠤⠤⠤⠤⠤⠤●",
    " └┬─────────────┬────────────┬",
    "  0             2            4",
]


def test_of_many_steps_the_extremes_are_seen() -> None:
    losses = [1.0] * 100_000
    losses[50_000] = 9.0
    text = drawn(over_steps(losses, 60, 10), 60, 10)
    assert sum("⡇" in line or "⢸" in line or "⡀" in line or "⢀" in line for line in text) > 5


def row(index: int, phase: Phase | None, sample: int, w: float, loss: float | None) -> Row:
    return Row(index, phase, StopReason.STEP, 0, sample, loss, (("w", w, None),))


def test_the_path_is_that_of_the_same_sample() -> None:
    rows = [
        row(0, None, 1, 9.0, None),
        row(1, Phase.FORWARD, 1, 1.0, 4.0),
        row(2, Phase.UPDATE, 1, 1.2, 4.0),
        row(3, Phase.FORWARD, 2, 1.2, 7.0),
        row(4, Phase.FORWARD, 1, 1.4, 2.0),
        row(5, Phase.FORWARD, 1, math.nan, 2.0),
    ]
    assert path_of(rows, "w", 1) == [(1.4, 2.0), (1.0, 4.0)]


def test_the_path_has_an_end() -> None:
    assert len(path_of([row(at, Phase.FORWARD, 1, 1.0, 1.0) for at in range(500)], "w", 1)) == 100


@pytest.mark.parametrize(
    ("width", "text"),
    [(40, "w = 1.0000  slope = -8.0000"), (20, "slope = -8.0000"), (10, ""), (-4, "")],
    ids=["whole", "without the value", "nothing", "no room at all"],
)
def test_the_caption_fits(width: int, text: str) -> None:
    assert caption(CURVE, width) == text


def test_why_there_is_no_curve() -> None:
    assert no_caption("fc.weight", Fact("Parameter", None, (30, 40)), "other") == "fc.weight is 1,200 numbers"
    assert no_caption("w", Fact("Parameter", (1.0,), (1,)), "too slow") == "too slow"
