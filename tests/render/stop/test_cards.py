"""Cards, ledger and the list of parameters, exactly."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bptui.protocol.fact import Fact, Named, Stats, differs
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Change, Contribution, Ledger
from bptui.render.stop.cards import card, chooser, ledger, no_loss, no_values, sample_card
from tests.ui.fakes.stops import ACCUMULATED, BACKWARD, ENTRY, FORWARD, LAYERS, PROGRAM, matrix, number


def shown(text: object) -> list[str]:
    return [line.rstrip() for line in getattr(text, "plain", "").split("\n")]


def test_a_small_card_says_what_changed() -> None:
    assert shown(card(number(-7.84), Change("w", number(0.0)), 20, 2)) == ["-7.8400", "0 -> -7.8400"]


def test_a_small_card_that_did_not_change_says_shape_and_dtype() -> None:
    assert shown(card(number(1.02), None, 20, 2)) == ["1.0200", "[1] float32"]


def test_no_gradient_is_none_and_says_why() -> None:
    assert shown(card(None, None, 20, 2, none="no gradient")) == ["None", "no gradient"]


def test_from_none_is_said() -> None:
    assert shown(card(number(-2.0), Change("w", None), 20, 2)) == ["-2.0000", "None -> -2.0000"]


def test_a_large_card_has_large_digits() -> None:
    assert shown(card(number(-7.84), Change("w", number(0.0)), 30, 5)) == [
        "        ╶─╮ ╭─╮╷ ╷╭─╮╭─╮",
        "      ╶╴  │ ├─┤╰─┤│ ││ │",
        "          ╵.╰─╯  ╵╰─╯╰─╯",
        "         0 -> -7.8400",
        "         [1] float32",
    ]


def test_where_digits_do_not_fit_there_are_fewer_of_them() -> None:
    assert shown(card(number(-12345.678), None, 20, 5))[2] == "   ╶┴╴╰─╴╶─╯  ╵╰─╯"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_written_in_letters(value: float) -> None:
    assert shown(card(number(value), None, 20, 5))[1].strip() == str(value)


def test_a_large_tensor_says_its_norm_its_range_and_what_is_wrong_in_it() -> None:
    assert shown(card(matrix(9.0, 32, 16, nan=3), None, 30, 5)) == [
        "",
        "         norm 9.0000",
        "   -1.0000 … 1.1250  3 nan",
        "",
        "       [32, 16] float32",
    ]


def test_a_narrow_card_drops_what_says_least() -> None:
    assert shown(card(matrix(9.0, 3200, 1600), None, 14, 2)) == ["norm 9.0000", "[3200,1600]"]


def test_nan_is_as_it_was() -> None:
    assert not differs(number(math.nan), number(math.nan))
    assert differs(number(0.0), None)
    assert differs(matrix(9.0, 3), matrix(8.0, 3))


def test_a_sample_has_a_line_for_each_value() -> None:
    text = sample_card(FORWARD.values, FORWARD.targets, (), 26, 5)
    assert shown(text) == ["", "      x       2.0000", "      y       4.0000", "      y_pred  2.0400"]


def test_a_short_sample_packs_them() -> None:
    text = sample_card(FORWARD.values, FORWARD.targets, (), 16, 2)
    assert shown(text) == ["x 2  y 4", "y_pred 2.04"]


def test_a_sample_marks_each_value_that_changed() -> None:
    assert shown(sample_card(FORWARD.values, FORWARD.targets, {"y", "w"}, 26, 3)) == [
        "x       2.0000",
        "y       4.0000 ●",
        "y_pred  2.0400",
    ]


def test_more_values_than_lines_are_cut_and_it_says_so() -> None:
    values = tuple(Named(f"value_{at}", Fact("float", float(at))) for at in range(9))
    assert shown(sample_card(values, 2, (), 22, 2)) == ["value_0 0  value_1 1", "value_2 2  value_3 3 …"]


def test_the_ledger_lists_what_each_backward_added() -> None:
    assert ledger(ACCUMULATED, "w", 80).plain == "w.grad = -24.0688 = -7.8400 (0/1) + -16.2288 (0/2)"


def test_a_narrow_ledger_counts_the_earlier_ones() -> None:
    assert ledger(ACCUMULATED, "w", 48).plain == "w.grad = -24.0688 = 1 earlier + -16.2288 (0/2)"


def test_the_ledger_says_what_it_did_not_see() -> None:
    clipped = Ledger("w", (Contribution(None, 4, number(-2.0)),), number(-2.0), number(1.0))
    assert ledger(replace(BACKWARD, ledger=(clipped,)), "w", 80).plain == (
        "w.grad = -7.8400 = -2.0000 (4)  and 1.0000 by other means"
    )


def test_a_ledger_of_nothing() -> None:
    assert ledger(ENTRY, "w", 80).plain == "w.grad = None"
    assert ledger(ENTRY, "v", 80).plain == ""


@pytest.mark.parametrize(
    ("chosen", "width", "text"),
    [
        pytest.param(1, 200, " parameter 2/5   features.0.weight [features.0.bias] features.3.weight  features.3.bias  "
                     "classifier.weight", id="all of them"),
        pytest.param(4, 60, " parameter 5/5 ‹ features.3.bias [classifier.weight]", id="the last one in sight"),
        pytest.param(0, 60, " parameter 1/5  [features.0.weight] features.0.bias ›", id="more to the right"),
    ],
)  # fmt: skip
def test_the_list_of_parameters(chosen: int, width: int, text: str) -> None:
    drawn = chooser(LAYERS, LAYERS[chosen], width)
    assert drawn.plain.rstrip() == text
    assert drawn.cell_len <= width


def test_each_parameter_can_be_clicked() -> None:
    spans = [span.style.meta["param"] for span in chooser(LAYERS, None, 200).spans if not isinstance(span.style, str)]
    assert spans == list(LAYERS)


def test_stats_of_nothing_wrong_say_nothing_wrong() -> None:
    fact = Fact("Tensor", None, (100,), "float32", "cpu", Stats(0.0, 1.0, 0.5, 0.1, 5.0, 0, 0, 0))
    assert shown(card(fact, None, 30, 5))[2].strip() == "0 … 1.0000"


def test_why_there_is_no_loss() -> None:
    without = {"loss": None, "loss_name": None}
    assert no_loss(PROGRAM, ENTRY) == "no forward yet"
    assert no_loss(PROGRAM, replace(FORWARD, **without)) == "computed no loss"
    assert no_loss(PROGRAM, replace(ENTRY, consumed=3)) == "computed no loss"
    assert no_loss(PROGRAM, replace(ENTRY, phase=Phase.ZERO_GRAD)) == "no forward yet"
    assert FORWARD.next is not None
    behind = replace(FORWARD.next, phase=Phase.FORWARD, block=1)
    part = replace(FORWARD, block=0, next=behind, loss=None)
    assert no_loss(PROGRAM, part) == "no loss yet", "another part of the forward comes next"


def test_an_empty_sample_says_no_forward_only_where_there_was_none() -> None:
    assert no_values(PROGRAM, ENTRY) == "no forward yet"
    assert no_values(PROGRAM, replace(ENTRY, consumed=3)) == "no values"
    assert "no values" in sample_card((), 0, (), 26, 3, "no values").plain
