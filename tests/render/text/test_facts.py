"""Numbers, facts and snapshots as short text."""

from __future__ import annotations

import math

import pytest

from bptui.protocol.fact import Fact, Stats
from bptui.render.stop.line import line
from bptui.render.text.facts import fact, kind, number
from bptui.render.text.fit import cut, cut_lines, piece, printable
from tests.ui.fakes.stops import BACKWARD, ENTRY, LARGE, RAISED

STATS = Stats(-1.5, 2.0, 0.1, 0.5, 14.25, 3, 1, 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"), (0.0, "0"), (-0.0, "0"), (1.2755, "1.2755"), (-7.840000152587891, "-7.8400"), (3, "3"),
        (True, "True"), (123456.789, "123456.7890"), (1234567.0, "1.235e+06"), (0.001, "0.0010"),
        (0.000999, "0.000999"), (-1e-12, "-1e-12"), (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("known", "text"),
    [
        pytest.param(None, "None", id="no fact is None"),
        pytest.param(Fact("float", 2.0), "2.0000", id="a float"),
        pytest.param(Fact("int", 7), "7", id="an int"),
        pytest.param(Fact("Tensor", ((-7.84,),), (1, 1), "float32"), "-7.8400", id="a tensor of one element"),
        pytest.param(
            Fact("Tensor", ((1.0, 2.0), (3.0, 4.0)), (2, 2), "float32"), "[[1.0000, 2.0000], [3.0000, 4.0000]]",
            id="a small tensor as nested lists",
        ),
        pytest.param(
            Fact("Tensor", None, (16, 10), "float32", stats=STATS),
            "[16, 10] norm 14.2500  -1.5000…2.0000  3 nan  1 inf", id="a large one's shape, norm, and what is odd",
        ),
        pytest.param(Fact("str", "a b"), "'a b'", id="a string"),
        pytest.param(Fact("dict", text="{'a': 1}"), "{'a': 1}", id="what is no number"),
    ],
)  # fmt: skip
def test_facts(known: Fact | None, text: str) -> None:
    assert fact(known) == text


def test_kinds() -> None:
    assert kind(Fact("Tensor", None, (16, 10), "float32")) == "[16, 10] float32"
    assert kind(Fact("float", 1.0)) == "float"


def test_a_line_for_the_entry_stop() -> None:
    assert line(ENTRY).plain == "#0 entry  epoch 0 sample 0  w 1.0000  w.grad None  | ready: forward is next, line 25"


def test_a_line_for_a_step() -> None:
    assert line(BACKWARD).plain == (
        f"#{BACKWARD.index} backward  epoch 0 sample 1  l 3.8416  w 1.0200  w.grad -7.8400"
        "  | backward: ∂l/∂w = -7.84 added to w.grad: 0 -> -7.84"
    )


def test_a_line_names_three_parameters_and_counts_the_rest() -> None:
    text = line(LARGE).plain
    assert "features.3.weight.grad" in text
    assert "features.3.bias" not in text
    assert "  and 2 more parameters  | " in text


def test_in_a_line_an_exception_stands_out() -> None:
    assert line(RAISED).spans[-1].style == "bold"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb", "a   b"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "link"),
        ("a\rb\x07\x9b", "ab"),
        ("two\nlines ∂é十", "two\nlines ∂é十"),
        ("cut off \x1b", "cut off "),
    ],
    ids=["tab", "colour", "link", "bell", "plain", "half a sequence"],
)
def test_nothing_printable_is_lost_and_nothing_else_gets_through(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_cutting_says_so() -> None:
    assert cut(piece("forward"), 7).plain == "forward"
    assert cut(piece("forward"), 5).plain == "forw…"


def test_cutting_to_lines_says_so() -> None:
    assert cut_lines(piece("one two three four"), 9, 2).plain == "one two\nthree fo…"
    assert cut_lines(piece("one two"), 9, 1).plain == "one two"
