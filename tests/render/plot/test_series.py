"""A number over the steps: where lines, rings and marks are; and that any numbers at all can be drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.render.plot.plot import ACROSS, DOWN
from bptui.render.plot.series import (
    FORK,
    HERE,
    MISSING,
    RING,
    SECOND,
    UPRIGHT,
    Series,
    SeriesStyle,
    log_ticks,
    nothing,
    over,
)
from bptui.render.text.cells import width_of
from tests.render.plot.test_plot import drawn


def falling(steps: int, rate: float, since: int = -1) -> Series:
    points = [(step, loss, loss) for step in range(1, steps, 4) for loss in [20 * math.exp(-step / rate)]]
    return Series(points, since=since)


def test_one_branch_as_a_line_and_the_other_as_rings_from_where_they_part() -> None:
    look = SeriesStyle(0, 120, here=40, value=20 * math.exp(-40 / 32), forks=[(40, 1)])
    plot = over([falling(121, 32.0), falling(121, 90.0, since=40)], look, 60, 14)
    assert drawn(plot, 60, 14) == TWO


def test_no_line_goes_through_steps_at_which_nothing_was_measured() -> None:
    points = [(0, 1.0, 1.0), (10, 2.0, 2.0), (20, 3.0, 3.0), (90, 1.0, 1.0), (100, 2.0, 2.0)]
    through = drawn(over([Series(points)], SeriesStyle(0, 100), 60, 14), 60, 14)
    broken = drawn(over([Series(points, every=10)], SeriesStyle(0, 100), 60, 14), 60, 14)
    between = slice(20, 45)
    assert any(line[between].strip() for line in through[:12])
    assert not any(line[between].strip() for line in broken[:12])
    assert [line[:10] for line in broken] == [line[:10] for line in through]


def test_a_single_measurement_is_a_dot() -> None:
    plot = over([Series([(50, 1.0, 1.0)], every=1)], SeriesStyle(0, 100), 60, 14)
    assert sum(len(dots) for _style, dots in plot.layers) == 1


TWO = [
    "20┤⢀                  ┊",
    "  │ ⠣⡀                ┊",
    "  │  ⠘⢄               ┊",
    "15┤    ⠣⡀             ┊",
    "  │     ⠈⠒⢄           ○ ○",
    "  │        ⠑⠢⡀        ┊   ○ ○ ○○",
    "10┤          ⠈⠑⢄⡀     ┊          ○ ○ ○ ○",
    "  │             ⠈⠒⠤⣀⡀ ┊                  ○ ○ ○ ○○ ○",
    " 5┤                 ⠈⠑●⢄⣀                           ○ ○ ○ ○",
    "  │                   ┊  ⠉⠉⠒⠢⠤⠤⣀⡀",
    "  │                   ┊         ⠈⠉⠉⠑⠒⠒⠒⠤⠤⠤⠤⣀⣀⣀⣀⣀⡀",
    " 0┤                   ┊                         ⠈⠉⠉⠉⠉⠉⠉⠉⠉⠉⠁",
    "  └┬──────────────────▲⎇1─┬───────────────────────┬─────────",
    "   0                     50                      100",
]


def words(plot: object, sign: str) -> list[tuple[int, int]]:
    return [(x, y) for x, y, text, _style in plot.words if text == sign]  # type: ignore[attr-defined]


def test_all_of_a_bucket_is_covered_from_the_least_to_the_greatest() -> None:
    plot = over([Series([(0, 0.0, 1.0), (5, 0.0, 10.0), (10, 0.0, 1.0)])], SeriesStyle(0, 10), 40, 20)
    ((_style, dots),) = plot.layers
    assert plot.inner is not None
    middle = int(plot.inner.dot(5, 0)[0] + 0.5)
    column = sorted(y for x, y in dots if x == middle)
    assert column == list(range(column[0], column[-1] + 1))
    assert column[0] == int(plot.inner.dot(5, 10.0)[1] + 0.5)
    assert column[-1] == int(plot.inner.dot(5, 0.0)[1] + 0.5)


def test_a_step_without_a_number_interrupts_the_line_and_is_marked() -> None:
    points = [(step, 1.0, 1.0) for step in (0, 1, 2, 7, 8, 9)]
    plot = over([Series(points, missing=[4, 5])], SeriesStyle(0, 10), 44, 8)
    ((_style, dots),) = plot.layers
    assert plot.inner is not None
    assert [x for x, y in words(plot, MISSING)] == [plot.inner.cell(4, 1.0)[0], plot.inner.cell(5, 1.0)[0]]  # type: ignore[index]
    assert all(y == 0 for _x, y in words(plot, MISSING))
    assert not any(plot.inner.dot(2, 1)[0] + 1 < x < plot.inner.dot(7, 1)[0] - 1 for x, _y in dots)


def test_an_infinite_number_is_marked_and_does_not_stretch_the_axis() -> None:
    points = [(0, 1.0, 1.0), (1, 2.0, math.inf), (2, 3.0, 3.0), (3, -math.inf, math.inf)]
    plot = over([Series(points)], SeriesStyle(0, 4), 44, 8)
    assert plot.inner is not None
    assert plot.inner.y == pytest.approx((1.0 - 0.12, 3.0 + 0.12))
    assert len(words(plot, MISSING)) == 2


def test_on_a_logarithmic_axis_what_is_not_above_zero_has_no_place() -> None:
    points = [(0, 100.0, 100.0), (1, 0.0, 0.0), (2, -5.0, 1.0), (3, 0.01, 0.01)]
    plot = over([Series(points)], SeriesStyle(0, 3, log=True), 44, 12)
    assert plot.inner is not None
    assert plot.inner.y == pytest.approx((-2.24, 2.24))
    assert [line[:5].strip(" │┤└") for line in drawn(plot, 44, 12) if "┤" in line] == ["100", "1", "0.01"]
    assert over([Series([(0, -1.0, 0.0)])], SeriesStyle(0, 3, log=True), 44, 12).words == []


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        pytest.param(-3.2, 2.1, ["0.01", "1", "100"], id="every second power"),
        pytest.param(-9.5, -6.5, ["1e-09", "1e-08", "1e-07"], id="small"),
        pytest.param(0.1, 0.7, ["2", "3", "4", "5"], id="less than a power has round numbers"),
        pytest.param(-400.0, -399.9, [], id="nothing that a float can hold"),
    ],
)
def test_powers_of_ten(low: float, high: float, labels: list[str]) -> None:
    assert [text for _value, text in log_ticks(low, high, 4)] == labels


def test_the_fork_is_beside_the_mark_of_where_the_program_stands() -> None:
    plot = over([falling(40, 9.0)], SeriesStyle(0, 40, here=20, value=1.0, forks=[(20, 3), (0, 1)]), 60, 10)
    (upright, *_) = words(plot, UPRIGHT)
    assert words(plot, f"{FORK}3") == [(upright[0] + 1, 8)]
    assert words(plot, f"{FORK}1") == [(3, 8)]
    assert [y for _x, y in words(plot, HERE)] == [7]


def test_where_the_program_does_not_stand_on_a_shown_branch_there_is_no_mark() -> None:
    plot = over([falling(40, 9.0)], SeriesStyle(0, 40), 60, 10)
    assert words(plot, UPRIGHT) == words(plot, HERE) == []


@pytest.mark.parametrize(
    ("what", "series", "log", "said"),
    [
        pytest.param("loss", Series(()), False, "no loss here", id="no loss"),
        pytest.param("w.grad", Series(()), False, "no w.grad here", id="no gradient"),
        pytest.param("w", Series(()), True, "no w was measured here", id="no norm"),
        pytest.param("w", Series((), [1]), False, "every w here is nan or inf", id="nan"),
        pytest.param("w", Series([(1, math.inf, math.inf)]), True, "every w here is nan or inf", id="inf"),
        pytest.param(
            "w", Series([(1, -1.0, -1.0)]), True, "no w here is greater than 0: y draws a linear axis", id="negative"
        ),
    ],
)
def test_why_there_is_nothing_to_draw(what: str, series: Series, log: bool, said: str) -> None:
    assert over([series], SeriesStyle(0, 10, log), 40, 10).words == []
    assert nothing(what, [series], log) == said


NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 1e300, -1e300, 1.7e308, 1e-300, 1.0, 1.0 + 2**-52])


@st.composite
def all_series(draw: st.DrawFn) -> Series:
    steps = sorted(draw(st.sets(st.integers(0, 10**7), max_size=20)))
    points = []
    for step in steps:
        ends = sorted(number for number in draw(st.tuples(NUMBERS, NUMBERS)) if number == number)
        if ends:
            points.append((step, ends[0], ends[-1]))
    return Series(points, draw(st.lists(st.integers(0, 10**7), max_size=5)), draw(st.integers(-1, 10**7)))


@settings(deadline=None, max_examples=300)
@given(
    st.lists(all_series(), min_size=1, max_size=2),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.booleans(),
    st.none() | st.integers(-1, 10**7),
    st.none() | NUMBERS,
    st.lists(st.tuples(st.integers(-1, 10**7), st.integers(0, 10**4)), max_size=3),
    st.integers(4, 150),
    st.integers(4, 50),
)
def test_any_numbers_can_be_drawn_in_any_room(
    series: list[Series], first: int, size: int, log: bool, here: int | None, value: float | None,
    forks: list[tuple[int, int]], width: int, height: int,
) -> None:  # fmt: skip
    plot = over(series, SeriesStyle(first, first + size, log, here, value, forks), width, height)
    if not plot.words:
        assert nothing("loss", series, log)
        return
    for x, y, text, _style in plot.words:
        assert 0 <= y < height
        assert 0 <= x <= x + width_of(text) <= width, (x, text)
    for _style, dots in plot.layers:
        assert all(0 <= x < width * ACROSS and 0 <= y < height * DOWN for x, y in dots)


def test_the_line_goes_on_to_where_the_program_stands() -> None:
    series = falling(40, 9.0)
    last = series.points[-1]
    assert series.reaching(SeriesStyle(0, 50, here=45, value=2.0)).points == [*series.points, (45, 2.0, 2.0)]
    for look in (
        SeriesStyle(0, 50),
        SeriesStyle(0, 50, here=last[0], value=2.0),
        SeriesStyle(0, 50, here=45, value=math.nan),
    ):
        assert series.reaching(look) is series


def test_rings_have_a_style_of_their_own_too() -> None:
    plot = over([falling(40, 9.0), falling(40, 30.0)], SeriesStyle(0, 40), 60, 10)
    assert {style for _x, _y, text, style in plot.words if text == RING} == {SECOND}
