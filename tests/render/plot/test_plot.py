"""Plots: where the dots and the words are."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bptui.protocol.fact import Fact
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import CurveDrawn
from bptui.protocol.rows import Row
from bptui.render.plot.curve import caption, nothing, over_parameter, over_steps, path_of, steps_caption
from bptui.render.plot.losses import PARTS, Losses
from bptui.render.plot.plot import ACROSS, DOWN, Plot, PlotFrame, label, named_ticks, ticks

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


FRAME = PlotFrame(2, 0, 10, 5, (0.0, 1.0), (0.0, 1.0))


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
    assert drawn(over_steps(Losses([math.nan]), 30, 8), 30, 8) == [""] * 8


def test_a_point_that_is_not_finite_is_left_out() -> None:
    curve = CurveDrawn("w", XS, CURVE.ys, 1.0, math.inf, math.nan, "")
    assert "●" not in "".join(drawn(over_parameter(curve, [], 34, 10), 34, 10))


def test_loss_over_steps() -> None:
    assert drawn(over_steps(Losses([4.0, 2.0, 1.0, 0.5, 0.5]), 30, 8), 30, 8) == STEPS


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
    text = drawn(over_steps(Losses(losses), 60, 10), 60, 10)
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


def test_a_loss_without_a_point_is_said() -> None:
    nowhere = replace(CURVE, loss=math.inf, slope=math.nan)
    assert caption(nowhere, 40) == "w = 1.0000  loss = inf  slope = nan"
    assert caption(nowhere, 12) == "loss = inf"


def test_why_there_is_no_curve() -> None:
    few = Losses([1.0])
    assert steps_caption("fc.weight", Fact("Parameter", None, (30, 40)), "other", few) == "fc.weight is 1,200 numbers"
    assert steps_caption("w", Fact("Parameter", (1.0,), (1,)), "too slow", few) == "too slow"
    assert steps_caption("w", None, "too slow", Losses([1.0, math.nan])) == "1 of 2 losses is nan or inf  too slow"


@pytest.mark.parametrize(
    ("curve", "losses", "no_loss", "words"),
    [
        pytest.param(None, [], "no forward yet", "no forward yet", id="before any forward"),
        pytest.param(None, [], "computed no loss", "computed no loss", id="when the forward computes none"),
        pytest.param(None, [math.nan], "", "every loss is nan or inf", id="when all went wrong"),
        pytest.param(CURVE, [1.0], "", "the loss is nan or inf at every w", id="when it went wrong everywhere"),
    ],
)
def test_words_in_place_of_a_plot(curve: CurveDrawn | None, losses: list[float], no_loss: str, words: str) -> None:
    assert nothing(curve, Losses(losses), no_loss) == words


EXTREMES = [
    (1e308, -1e308),
    (-1.7e308, 1.7e308),
    (1e299, -1e299),
    (0.0, 5e-324),
    (5e-324, 1e-323),
    (1e-320, 1e-320),
    (1.0, 1.0000000000000002),
    (1e16, 1e16 + 2),
    (math.inf, 1.0),
    (-math.inf, math.nan),
]


@pytest.mark.parametrize(("low", "high"), EXTREMES)
def test_no_number_is_too_extreme_to_draw(low: float, high: float) -> None:
    for width, height in ((60, 15), (4, 4), (5, 4)):
        for plot in (
            over_steps(Losses([low, high, low]), width, height),
            over_parameter(CurveDrawn("w", XS, (low, high) * 30 + (low,), 1.0, high, low, ""), [], width, height),
        ):
            assert all(x >= 0 and x + len(text) <= width and 0 <= y < height for x, y, text, _style in plot.words)
            assert all(
                0 <= x < width * ACROSS and 0 <= y < height * DOWN for _style, dots in plot.layers for x, y in dots
            )


def test_many_losses_take_no_more_room_than_a_thousand() -> None:
    losses = Losses(float(at) for at in range(100_000))
    points = losses.points()
    assert len(losses) == 100_000
    assert len(points) <= 2 * PARTS
    assert losses.ends() == (0.0, 99_999.0)
    assert points[0][1] == 0.0
    assert points[-1][1] == losses.last == 99_999.0
    assert points == sorted(points)


@pytest.mark.parametrize("wrong", [0, 1], ids=["first", "second"])
def test_a_nan_hides_no_other_loss_of_its_part(wrong: int) -> None:
    losses = Losses([math.nan if at % 2 == wrong else 1.0 for at in range(PARTS * 2)])
    assert [loss for _step, loss in losses.points()] == [1.0] * PARTS * 2
    assert losses.bad == PARTS


def test_where_all_losses_of_a_part_are_nan_there_is_a_gap() -> None:
    losses = Losses([1.0] * PARTS + [math.nan] * PARTS * 2 + [1.0] * PARTS)
    gap = [step for step, loss in losses.points() if math.isnan(loss)]
    assert (min(gap), max(gap)) == (PARTS + 1.5, PARTS * 3 - 2.5)


@pytest.mark.parametrize(("low", "high"), [(1.00001, 1.00002), (-1e-7, 1e-7), (123456.0, 123457.0), (1e12, 1e12 + 4)])
def test_two_places_on_an_axis_never_have_one_number(low: float, high: float) -> None:
    named = named_ticks(low, high, 5)
    assert len({text for _value, text in named}) == len(named) > 1
