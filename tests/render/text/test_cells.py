"""Text in cells: what fits, and where it is wrapped, at any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.render.text.cells import (
    beginning,
    end,
    ending,
    shortened,
    signs,
    to_left,
    to_right,
    untabbed,
    width_of,
    wrapped,
)
from tests import nasty
from tests.nasty import SHAPES, WIDTHS


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_nothing_is_wider_than_asked(text: str) -> None:
    with nasty.ending():
        for width in WIDTHS:
            for cut in (beginning(text, width), end(text, width), shortened(text, width), ending(text, width)):
                assert width_of(cut) <= width
            for aligned in (to_left(text, width), to_right(text, width)):
                assert width_of(aligned) == width
            for line in wrapped(text, width):
                assert width_of(line) <= width


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_wrapping_loses_nothing_but_spaces_at_the_border(text: str) -> None:
    for width in (2, 3, 7, 40):
        assert "".join(wrapped(text, width)).replace(" ", "") == text.replace(" ", "")


@given(st.text(alphabet="ab \u0301\u200d\ufe0f訓👩🏽", max_size=30), st.integers(-1, 12))
def test_signs_stay_whole(text: str, width: int) -> None:
    whole = [*signs(text)]
    assert "".join(whole) == text
    assert sum(map(width_of, whole)) == width_of(text)
    cut = beginning(text, width)
    assert cut in ["".join(whole[:at]) for at in range(len(whole) + 1)]
    assert end(text, width) in ["".join(whole[at:]) for at in range(len(whole) + 1)]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("gradient", 8, "gradient"),
        ("gradient", 5, "grad…"),
        ("訓練數據", 8, "訓練數據"),
        ("訓練數據", 6, "訓練…"),
        ("訓練數據", 5, "訓練…"),
        ("訓練數據", 2, "…"),
        ("👨‍👩‍👧x", 2, "…"),
        ("👨‍👩‍👧xy", 3, "👨‍👩‍👧…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_shortening(text: str, width: int, shown: str) -> None:
    assert shortened(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        pytest.param("7.3159", 5, "7.31…", id="decimals may go"),
        pytest.param("7.3159", 4, "7.3…", id="all but one"),
        pytest.param("-1.4721", 3, "…", id="a point with nothing behind it says a whole number"),
        pytest.param("w 123456.5", 6, "w …", id="the digits before the point may not"),
        pytest.param("w 1,234,567", 8, "w …", id="nor a group of them"),
        pytest.param("w 1.2345e-05", 8, "w …", id="an exponent may not"),
        pytest.param("2.5 · 4.25", 6, "2.5 ·…", id="a number before it stays"),
        pytest.param("0.25 of w", 6, "0.25 …", id="one that is there as a whole too"),
    ],
)
def test_no_number_is_cut_to_another_one(text: str, width: int, shown: str) -> None:
    assert shortened(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("model.layers.3.weight", 9, "…3.weight"),
        ("模型.權重", 6, "….權重"),
        ("模型.權重", 5, "…權重"),
        ("模型.權重", 4, "…重"),
        ("模型", 1, "…"),
        ("模型", 0, ""),
    ],
)
def test_the_end_of_a_name(text: str, width: int, shown: str) -> None:
    assert ending(text, width) == shown


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two ", "three"]),
        ("訓練一個模型", 4, ["訓練", "一個", "模型"]),
        ("訓練一個模型", 5, ["訓練", "一個", "模型"]),
        ("訓練x", 1, ["…", "…", "x"]),
        ("loss 7.3159", 8, ["loss ", "7.3159"]),
        ("a\n\nb", 3, ["a", "", "b"]),
        ("abcdefg", 3, ["abc", "def", "g"]),
        ("", 3, [""]),
        ("abc", 0, [""]),
    ],
)
def test_wrapping(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


def test_a_tab_goes_to_the_next_fourth_cell() -> None:
    assert untabbed("a\tb\n訓\tb\n\t1\n1234\tx") == "a   b\n訓  b\n    1\n1234    x"
