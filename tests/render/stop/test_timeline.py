"""A line for each step, exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.rows import Row
from bptui.render.stop.timeline import TimelineStyle, branch_line, columns, header, row_line

ENTRY = Row(0, None, StopReason.ENTRY, 0, 0, None, (("w", 1.0, None),))
FORWARD = Row(5, Phase.FORWARD, StopReason.STEP, 0, 1, 3.8416, (("w", 1.02, 0.0),))
BACKWARD = Row(6, Phase.BACKWARD, StopReason.STEP, 0, 1, 3.8416, (("w", 1.02, -7.84),))
RAISED = Row(6, Phase.BACKWARD, StopReason.EXCEPTION, 0, 1, 3.8416, (("w", 1.02, -7.84),))
ON_THE_RUN = Row(7, Phase.UPDATE, StopReason.STEP, None, 1, 0.5, (("w", None, None),))


def line(row: Row, before: Row | None = None, width: int = 72, look: TimelineStyle | None = None) -> str:
    return row_line(columns("w", "l", 2, width), row, before, width, look).plain


@pytest.mark.parametrize(
    ("width", "head"),
    [
        pytest.param(
            72, "   # phase        epoch  sample           l           w      w.grad", id="at 120 columns all of it"
        ),
        pytest.param(56, "   # phase        sample         l         w    w.grad", id="narrower without the epoch"),
        pytest.param(48, "   # phase               l         w    w.grad", id="narrower without the sample"),
        pytest.param(45, "   # phase             l         w    w.grad", id="at 80 columns"),
        pytest.param(36, "   # phase             w    w.grad", id="the least of all is the loss"),
        pytest.param(30, "   # phase             w", id="narrower still without the gradient"),
        pytest.param(20, "   # phase    ", id="then without numbers"),
        pytest.param(5, "   #", id="of a few cells nothing but the index"),
        pytest.param(3, "  …", id="what is narrower still is cut"),
    ],
)
def test_columns_fit(width: int, head: str) -> None:
    assert header(columns("w", "l", 2, width), width).plain == head


@pytest.mark.parametrize(
    ("row", "text"),
    [
        pytest.param(
            ENTRY, "   0 entry            0       0                  1.0000        None", id="no gradient is None"
        ),
        pytest.param(
            FORWARD, "   5 forward          0       1      3.8416      1.0200           0", id="a gradient of 0 is 0"
        ),
        pytest.param(
            RAISED, "   6 backward ✗       0       1      3.8416      1.0200     -7.8400", id="what raised is marked"
        ),
        pytest.param(
            ON_THE_RUN,
            "   7 update                   1      0.5000           ·           ·",
            id="unmeasured is not None",
        ),
    ],
)
def test_rows(row: Row, text: str) -> None:
    assert line(row) == text


def test_the_last_row_is_marked_as_a_whole() -> None:
    shown = row_line(columns("w", "l", 2, 72), BACKWARD, FORWARD, 72, TimelineStyle(here=True))
    assert shown.plain == "▶  6 backward         0       1      3.8416      1.0200     -7.8400".ljust(72)
    assert (shown.spans[0].start, shown.spans[0].end, shown.spans[0].style) == (0, 72, "on $here")


def lit(row: Row, before: Row | None) -> list[str]:
    shown = row_line(columns("w", "l", 2, 72), row, before, 72)
    pieces = (shown.plain[span.start : span.end].strip() for span in shown.spans if "accent" in str(span.style))
    return [each for each in pieces if each]


def test_only_what_a_step_changed_is_lit() -> None:
    assert lit(BACKWARD, FORWARD) == ["-7.8400"]


def test_nothing_is_lit_where_nothing_came_before() -> None:
    assert lit(BACKWARD, None) == []


def test_what_was_not_measured_is_no_change() -> None:
    assert lit(ON_THE_RUN, BACKWARD) == ["0.5000"]


def test_a_wide_index_gets_its_room() -> None:
    row = Row(123456, Phase.UPDATE, StopReason.STEP, 9, 1, 1.0, (("w", 1.0, 1.0),))
    assert row_line(columns("w", "l", 6, 80), row, None, 80).plain.startswith("  123456 update ")


@pytest.mark.parametrize(
    ("value", "text"),
    [(-123456.789, "-1.2346e+05"), (-1.234e-10, "-1.23e-10"), (-1.52e-300, "-1.5e-300"), (-16.2288, "-16.2288")],
)
def test_a_number_that_is_too_long_has_fewer_digits(value: float, text: str) -> None:
    row = Row(5, Phase.UPDATE, StopReason.STEP, 0, 1, value, (("w", 1.0, 1.0),))
    width = 48 if len(text) < 10 else 72
    assert text in line(row, width=width).split()


def test_also_where_it_is_narrow_what_raised_is_marked() -> None:
    assert line(RAISED, width=45).startswith("   6 backward✗ ")
    assert line(replace(RAISED, phase=Phase.ZERO_GRAD), width=45).startswith("   6 zero_gra✗ ")


def test_of_a_long_name_the_end_is_shown() -> None:
    assert header(columns("model.0.weight", "loss", 2, 72), 72).plain.endswith("…l.0.weight …eight.grad")


BRANCHED = replace(BACKWARD, stop_reason=StopReason.BREAKPOINT)


@pytest.mark.parametrize(
    ("row", "look", "width", "text"),
    [
        pytest.param(BRANCHED, TimelineStyle(), 72, "   6 backward ●  ", id="a breakpoint"),
        pytest.param(
            replace(BACKWARD, stop_reason=StopReason.DATA_BREAKPOINT),
            TimelineStyle(),
            72,
            "   6 backward ◆  ",
            id="data",
        ),
        pytest.param(
            replace(BACKWARD, stop_reason=StopReason.PAUSE), TimelineStyle(), 72, "   6 backward ‖  ", id="a pause"
        ),
        pytest.param(BACKWARD, TimelineStyle(leaving=(1,)), 72, "   6 backward ⎇1 ", id="another branch leaves"),
        pytest.param(BRANCHED, TimelineStyle(leaving=(1,)), 72, "   6 backward●⎇1 ", id="at a breakpoint"),
        pytest.param(BRANCHED, TimelineStyle(leaving=(1,)), 45, "   6 backwa●⎇1 ", id="where it is narrow"),
        pytest.param(BACKWARD, TimelineStyle(leaving=(1, 2, 3)), 72, "   6 backwa⎇1⎇2… ", id="several leave"),
        pytest.param(BACKWARD, TimelineStyle(chosen=True), 72, "›  6 backward    ", id="the cursor"),
        pytest.param(
            BACKWARD, TimelineStyle(here=True, chosen=True), 72, "▶  6 backward    ", id="on the place where it stands"
        ),
    ],
)
def test_signs(row: Row, look: TimelineStyle, width: int, text: str) -> None:
    assert line(row, width=width, look=look).startswith(text)


EDIT = replace(FORWARD, phase=None, edit="w = torch.full_like(w, 1.5)")


@pytest.mark.parametrize(
    ("row", "width", "text"),
    [
        pytest.param(
            EDIT, 72, "   5 w = torch.full_like(w, …        3.8416      1.0200           0", id="all it can have"
        ),
        pytest.param(EDIT, 45, "   5 w = torc…    3.8416    1.0200         0", id="narrow"),
        pytest.param(replace(EDIT, edit="w = 1.5"), 45, "   5 w = 1.5      3.8416    1.0200         0", id="short"),
        pytest.param(
            replace(EDIT, edit="lr\x1b[31m =\n 1"), 45, "   5 lr = 1       3.8416    1.0200         0", id="hostile"
        ),
    ],
)
def test_what_was_typed_stands_in_the_place_of_a_phase(row: Row, width: int, text: str) -> None:
    assert line(row, width=width) == text


def test_what_is_yet_to_come_again_is_faint_and_its_branch_can_still_be_clicked() -> None:
    shown = row_line(columns("w", "l", 2, 72), BACKWARD, FORWARD, 72, TimelineStyle(ahead=True, leaving=(1,)))
    assert [span.style for span in shown.spans if isinstance(span.style, str)] == ["$faint"]
    assert [span.style.meta for span in shown.spans if not isinstance(span.style, str)] == [{"branch": 1}]


@pytest.mark.parametrize(
    ("numbers", "shown", "here", "width", "text"),
    [
        pytest.param([0, 1, 2], 1, 1, 40, "⎇ 0 [▶1] 2", id="the program is on the one that is shown"),
        pytest.param([0, 1, 2], 0, 2, 40, "⎇ [0] 1 ▶2", id="the program is on another"),
        pytest.param([*range(100)], 50, 0, 24, "⎇ … 48 49 [50] 51 52 …", id="as many as fit around it"),
        pytest.param([0, 1], 1, 1, 3, "[▶…", id="however narrow it is"),
    ],
)
def test_the_branches_on_a_line(numbers: list[int], shown: int, here: int, width: int, text: str) -> None:
    assert branch_line(numbers, shown, here, width).plain == text
