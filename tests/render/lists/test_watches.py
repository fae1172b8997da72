"""The watched expressions, a line each."""

from __future__ import annotations

from dataclasses import replace

from bptui.protocol.snapshot import Watched
from bptui.render.lists.watches import column, watch_line, watch_sheet

NORM = Watched("w.grad.norm()", "2.0", False)
FOO = Watched("foo", "NameError: name 'foo' is not defined", True)


def test_a_value_stands_behind_its_expression() -> None:
    assert watch_line(NORM, 13, 60).plain == "  w.grad.norm()  = 2.0"


def test_a_changed_value_has_a_mark_beside_its_colour() -> None:
    assert watch_line(replace(NORM, changed=True), 13, 60).plain == "● w.grad.norm()  = 2.0"


def test_what_cannot_be_evaluated_says_why_and_is_marked() -> None:
    assert watch_line(FOO, 3, 60).plain == "✗ foo  NameError: name 'foo' is not defined"


def test_of_a_syntax_error_the_line_that_says_what_is_shown() -> None:
    failed = Watched("w +", "    w +\n       ^\nSyntaxError: invalid syntax", True)
    assert watch_line(failed, 3, 60).plain == "✗ w +  SyntaxError: invalid syntax"


def test_a_value_of_several_lines_is_put_on_one() -> None:
    matrix = Watched("m", "tensor([[1., 2.],\n        [3., 4.]])", False)
    assert watch_line(matrix, 1, 60).plain == "  m  = tensor([[1., 2.], [3., 4.]])"


def test_values_stand_under_each_other_and_long_expressions_give_way() -> None:
    assert column([NORM, FOO], 60) == 13
    long = Watched("a" * 80, "1", False)
    line = watch_line(long, column([long], 56), 60)
    assert line.cell_len <= 60
    assert line.plain.endswith("= 1")


def test_a_sheet_has_each_value_whole() -> None:
    matrix = Watched("m", "tensor([[1., 2.],\n        [3., 4.]])", False)
    assert watch_sheet([matrix, FOO], 60).plain == (
        "m\ntensor([[1., 2.],\n        [3., 4.]])\n\n✗ foo\nNameError: name 'foo' is not defined"
    )


def test_no_value_moves_the_terminal() -> None:
    assert "\x1b" not in watch_line(Watched("x", "'\x1b[2J'", False), 1, 60).plain
