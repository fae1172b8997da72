"""What the bars and cards say, as exact strings."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from bptui.protocol.phase import Mark, Phase
from bptui.protocol.snapshot import BlockInfo, Contribution, Fact, Ledger, Named, Program
from bptui.render.cards import card, chooser, differs, ledger, sample_card
from bptui.render.digits import digits
from bptui.render.fit import wrapped_height
from bptui.render.footer import footer, message, refused, stopped
from bptui.render.phasebar import phase_bar, upcoming
from bptui.render.title import Place, title

from .stops import ACCUMULATED, BACKWARD, ENDED, FORWARD, LARGE, LAYERS, PROGRAM, RAISED, matrix, number, plain


def lines(text: object) -> list[str]:
    return [line.rstrip() for line in str(text).splitlines()]


def test_the_title_says_less_where_it_is_narrow() -> None:
    place = Place.of(BACKWARD)
    said = [str(title("linear.py", place, True, "ready", width)) for width in (120, 60, 40)]
    assert [len(each) for each in said] == [120, 60, 40]
    assert said[0].startswith(" bptui │ linear.py │ epoch 0 │ sample 1 │ 2/30 samples │ zeroing on ")
    assert said[1].startswith(" linear.py │ epoch 0 │ sample 1 │ 2/30 │ zeroing on ")
    assert said[2].endswith("… ready ")


def test_progress_is_a_count_where_the_end_is_not_known() -> None:
    place = Place.of(replace(BACKWARD, epochs=None, consumed=12345))
    assert "│ 12,345 samples │" in str(title("linear.py", place, True, "ready", 120))


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (60, "✓ forward   →   ✓ backward   →   ▶ update   →   ○ zero_grad"),
        (54, "✓ forward  →  ✓ backward  →  ▶ update  →  ○ zero_grad"),
        (49, "✓ forward   ✓ backward   ▶ update   ○ zero_grad"),
        (36, "✓ fwd   ✓ bwd   ▶ upd   ○ zero"),
        (12, "✓f ✓b ▶u ○z"),
    ],
)
def test_the_phase_bar_is_shortened_until_it_fits(width: int, expected: str) -> None:
    assert str(phase_bar(PROGRAM, BACKWARD, width + 2)).strip() == expected


def test_the_phase_bar_shows_the_blocks_of_one_loop() -> None:
    blocks = (*PROGRAM.blocks, BlockInfo(Phase.FORWARD, 40, (40,), 39), BlockInfo(Phase.BACKWARD, 41, (41,), 39))
    program = Program("gan.py", "", (), blocks)
    snapshot = replace(BACKWARD, marks=(*BACKWARD.marks, Mark.TODO, Mark.TODO))
    assert str(phase_bar(program, snapshot, 120)).count("backward") == 1


def test_of_very_many_blocks_those_around_the_next_are_shown() -> None:
    blocks = tuple(BlockInfo(Phase.FORWARD, line, (line,), 1) for line in range(50))
    marks = tuple(Mark.DONE if at < 30 else Mark.NEXT if at == 30 else Mark.TODO for at in range(50))
    bar = str(phase_bar(Program("x.py", "", (), blocks), replace(BACKWARD, marks=marks, next=None, block=30), 40))
    assert len(bar) <= 40
    assert "▶f" in bar


def test_what_is_skipped_has_its_own_mark() -> None:
    assert "⤼ zero_grad" in str(phase_bar(PROGRAM, ACCUMULATED, 120))


def test_the_line_about_to_run_has_its_numbers_lit() -> None:
    text = upcoming(BACKWARD, 80)
    assert str(text).strip() == "30  w.data = 1.0200 - 0.01 * -7.8400"
    lit = [text.plain[span.start : span.end] for span in text.spans if "accent" in str(span.style)]
    assert lit == ["1.0200", "0.01", "-7.8400"]
    assert str(upcoming(ENDED, 80)).strip() == "nothing is left to run"


def test_a_card_says_old_and_new_only_when_lit() -> None:
    assert lines(card(number(2.0), number(1.0), True, 18, 2)) == ["2.0000", "1.0000 -> 2.0000"]
    assert lines(card(number(2.0), number(1.0), False, 18, 2)) == ["2.0000", "[1] float32"]
    assert lines(card(number(2.0), number(1.0), True, 13, 2)) == ["2.0000", "was 1.0000"]


def test_no_gradient_is_not_0() -> None:
    assert lines(card(None, None, False, 18, 2, none="no gradient")) == ["None", "no gradient"]
    assert lines(card(None, number(2.0), True, 18, 2, none="no gradient")) == ["None", "2.0000 -> None"]
    assert lines(card(number(0.0), None, True, 18, 2)) == ["0", "None -> 0"]


def test_a_big_card_has_big_digits_where_it_is_a_number() -> None:
    assert lines(card(number(-1.5), None, False, 22, 5)) == [
        "    ╶╮  ╭─╴╭─╮╭─╮╭─╮",
        "  ╶╴ │  ╰─╮│ ││ ││ │",
        "    ╶┴╴.╶─╯╰─╯╰─╯╰─╯",
        "",
        "     [1] float32",
    ]
    assert [line.strip() for line in lines(card(matrix(3.0, 64, 10, nan=2), None, False, 27, 5))] == [
        "", "norm 3.0000", "-0.3333 … 0.3750  2 nan", "", "[64, 10] float32",
    ]  # fmt: skip


@pytest.mark.parametrize("x", [nan, inf, -inf])
def test_what_is_not_finite_is_written_in_words(x: float) -> None:
    assert digits(str(x)) is None
    assert str(card(number(x), None, False, 22, 5)).split()[0] == str(x)


def test_nan_is_as_it_was() -> None:
    assert not differs(number(nan), number(nan))
    assert differs(number(0.0), None)
    assert differs(number(0.0), number(-0.0))


def test_the_sample_card_packs_its_values() -> None:
    values = FORWARD.values
    assert lines(sample_card(values, 2, (), False, 18, 2)) == ["x 2  y 4", "y_pred 2.04"]
    assert lines(sample_card(values, 2, values, True, 24, 3)) == ["x       2.0000", "y       4.0000", "y_pred  2.0400"]
    many = tuple(Named(f"value_{at}", plain(at)) for at in range(9))
    assert lines(sample_card(many, 9, (), False, 18, 2)) == ["value_0 0", "value_1 1 …"]


def test_the_sample_card_marks_what_changed() -> None:
    before = (Named("x", plain(1.0)), *FORWARD.values[1:])
    assert lines(sample_card(FORWARD.values, 2, before, True, 24, 3))[:2] == ["x       2.0000 ●", "y       4.0000"]


def test_the_ledger_is_a_sum() -> None:
    said = str(ledger(ACCUMULATED, "w", 100))
    assert said == "w.grad = -24.0688 = -7.8400 (0/1) + -16.2288 (0/2)"
    assert str(ledger(ACCUMULATED, "w", 48)) == "w.grad = -24.0688 = 1 earlier + -16.2288 (0/2)"


def test_the_ledger_says_where_it_is_not_the_whole_gradient() -> None:
    entry = Ledger("w", (Contribution(None, 3, number(-2.0)),), number(-2.0), number(0.5), earlier=4)
    snapshot = replace(ACCUMULATED, ledger=(entry,))
    assert str(ledger(snapshot, "w", 100)) == "w.grad = -24.0688 = 4 earlier + -2.0000 (3)  and 0.5000 by other means"


def test_the_chooser_keeps_the_chosen_parameter_in_sight() -> None:
    names = [f"layers.{at}.weight" for at in range(40)]
    for name in (names[0], names[20], names[-1]):
        said = str(chooser(names, name, 60))
        assert f"[{name}]" in said
        assert len(said) <= 60
    assert str(chooser(LAYERS, LAYERS[1], 120)).startswith(f" parameter 2/5   {LAYERS[0]} [{LAYERS[1]}]")
    assert LARGE.params[1].name == LAYERS[1]


def test_the_footer_keeps_the_most_important_keys() -> None:
    assert str(footer((), 60)) == " n next  a zeroing  c continue  ? help  q quit"
    assert str(footer((), 120)).endswith("⏎ inspect  ? help  q quit")


def test_a_refusal_keeps_its_hint_whole() -> None:
    said = str(message(refused("word " * 60, "Press f to run the forward again."), 40))
    assert lines(said)[-1] == "Press f to run the forward again."
    assert lines(said)[-2].endswith("…")
    assert wrapped_height(said, 40) == 3


def test_a_stop_is_one_line_however_long_it_is() -> None:
    said = message(stopped(replace(BACKWARD, explain="backward: " + "and more " * 40)), 60)
    assert len(str(said)) == 60


def test_an_exception_has_its_line() -> None:
    assert lines(stopped(RAISED))[0] == "exception: line 28: ValueError: two is too much"


def test_what_is_no_number_is_shown_by_its_repr() -> None:
    fact = Fact("str", text="'cat'")
    assert lines(card(fact, None, False, 18, 2)) == ["'cat'", "str"]
