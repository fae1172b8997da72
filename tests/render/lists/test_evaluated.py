"""What a Python prompt would have shown."""

from __future__ import annotations

from bptui.protocol.replies import Evaluated, Stopped
from bptui.render.lists.evaluated import evaluated, evaluated_sheet
from tests.ui.fakes.stops import UPDATE

STOP = Stopped(UPDATE, ())


def said(told: Evaluated, text: str = "w", width: int = 78) -> str | None:
    line = evaluated(told, text, width)
    return line.plain if line is not None else None


def test_a_value_stands_behind_what_was_typed() -> None:
    assert said(Evaluated("tensor([1.])", False, None)) == "w  = tensor([1.])"


def test_where_it_is_narrow_the_value_stands_alone() -> None:
    assert said(Evaluated("tensor([1.])", False, None), "w" * 60, 70) == "tensor([1.])"


def test_what_shows_nothing_is_done() -> None:
    assert said(Evaluated("", False, None), "import math") == "import math  done"


def test_a_change_says_how_it_is_undone() -> None:
    assert said(Evaluated("", False, STOP), "w = 2") == "w = 2  changed the program: N undoes it"
    assert said(Evaluated("3.0", False, STOP), "w.add_(1)") == "w.add_(1)  = 3.0  changed the program: N undoes it"


def test_an_error_says_that_nothing_changed_or_what_undoes_it() -> None:
    assert said(Evaluated("NameError: name 'foo' is not defined", True, None)) == (
        "NameError: name 'foo' is not defined\nnothing changed"
    )
    assert said(Evaluated("ValueError: half way", True, STOP)) == (
        "ValueError: half way\nchanged the program: N undoes it"
    )


def test_what_is_too_long_for_a_line_is_for_a_sheet() -> None:
    assert said(Evaluated("1\n2", False, None)) is None
    assert said(Evaluated("x" * 90, False, None)) is None
    sheet = evaluated_sheet(Evaluated("1\n2\n", False, STOP), "show()", 78).plain
    assert sheet == ">>> show()\n1\n2\n\nchanged the program: N undoes it"


def test_an_error_of_several_lines_has_its_mark_on_the_sheet() -> None:
    assert evaluated_sheet(Evaluated("w +\n  ^\nSyntaxError: x", True, None), "w +", 78).plain.startswith("✗ w +\n")
