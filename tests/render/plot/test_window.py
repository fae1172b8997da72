"""Which steps a plot shows: zooming, going to and fro, and following what runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bptui.render.plot.window import NARROWEST, Window


def ends(window: Window) -> tuple[int, int]:
    return window.first, window.last


def test_all_steps_until_it_is_zoomed_into() -> None:
    window = Window(100)
    assert ends(window) == (0, 100)
    assert ends(window.grown(250)) == (0, 250)
    assert ends(window.moved(1)) == (0, 100)


def test_it_is_zoomed_around_a_step_that_stays_where_it_is() -> None:
    assert ends(Window(100).zoomed(0.5)) == (25, 75)
    assert ends(Window(100).zoomed(0.5, 20)) == (10, 60)
    assert ends(Window(100).zoomed(0.5, 0)) == (0, 50)
    assert ends(Window(100).zoomed(0.5, 100)) == (50, 100)
    assert ends(Window(100).zoomed(0.5, 20).zoomed(2.0, 20)) == (0, 100)


def test_it_goes_by_a_quarter_and_not_beyond_the_steps() -> None:
    window = Window(100).on(20, 40)
    assert ends(window.moved(1)) == (25, 45)
    assert ends(window.moved(-1).moved(-9)) == (0, 20)
    assert ends(window.moved(99)) == (80, 100)


def test_what_shows_the_last_step_follows_it() -> None:
    assert ends(Window(100).on(80, 100).grown(110)) == (90, 110)
    assert ends(Window(100).on(70, 90).grown(110)) == (70, 90)
    assert ends(Window(100).on(80, 100).grown(50)) == (30, 50)
    assert ends(Window(100).on(80, 100).grown(10)) == (0, 10)


MOVES = st.lists(
    st.tuples(st.just("zoomed"), st.sampled_from([0.5, 2.0]), st.none() | st.floats(-1e9, 1e9))
    | st.tuples(st.just("moved"), st.integers(-5, 5))
    | st.tuples(st.just("grown"), st.integers(1, 10**7))
    | st.tuples(st.just("on"), st.integers(-50, 10**7), st.integers(0, 10**7))
    | st.tuples(st.just("all")),
    max_size=20,
)


@given(st.integers(1, 10**7), MOVES)
def test_it_never_shows_what_is_not_there(end: int, moves: list[tuple[str, ...]]) -> None:
    window = Window(end)
    for name, *arguments in moves:
        window = getattr(window, name)(*arguments)
        assert 0 <= window.first < window.last <= window.end
        assert window.size is None or window.size >= min(NARROWEST, window.end)
