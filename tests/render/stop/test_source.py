"""The script's lines: coloured without a character lost, numbered, marked."""

from __future__ import annotations

import pytest

from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import BlockInfo
from bptui.render.stop.source import gutter, highlight, phases_of, scrolled, source_line
from bptui.render.text.fit import piece

SOURCE = '''"""Two
lines."""

for x in range(3):\t# three
    w = x * 1.5
    print(f"{w:>4}", None)
'''


def test_highlighting_loses_no_character_and_no_line() -> None:
    assert [line.plain for line in highlight(SOURCE)] == SOURCE.expandtabs(4).split("\n")


def test_what_is_no_python_is_shown_as_it_is() -> None:
    assert [line.plain for line in highlight("for ?? in (:\n  '\x1b[31m")] == ["for ?? in (:", "  '"]


@pytest.mark.parametrize(
    ("line", "word", "style"),
    [
        pytest.param(0, '"""Two', "$faint", id="a docstring is faint"),
        pytest.param(3, "for", "$text-primary", id="a keyword"),
        pytest.param(3, "in", "$text-primary", id="a keyword that is an operator"),
        pytest.param(3, "# three", "$faint", id="a comment is faint"),
        pytest.param(4, "1.5", "$text-warning", id="a number"),
        pytest.param(5, "None", "$text-warning", id="a constant"),
        pytest.param(5, "print", "$text-secondary", id="a function of Python's own"),
        pytest.param(4, "w", "", id="a name is plain"),
    ],
)
def test_colours(line: int, word: str, style: str) -> None:
    text = highlight(SOURCE)[line]
    at = text.plain.index(word)
    styles = [str(span.style) for span in text.spans if span.start <= at < span.end]
    assert (styles or [""])[-1] == style


BLOCKS = (
    BlockInfo(Phase.FORWARD, 3, (2, 3, 4)),
    BlockInfo(Phase.BACKWARD, 5, (5,)),
    BlockInfo(Phase.UPDATE, 5, (5, 6)),
)


def test_each_line_belongs_to_the_phase_that_runs_it_first() -> None:
    assert phases_of(BLOCKS) == {
        2: (Phase.FORWARD, False),
        3: (Phase.FORWARD, True),
        4: (Phase.FORWARD, False),
        5: (Phase.BACKWARD, True),
        6: (Phase.UPDATE, False),
    }


@pytest.mark.parametrize(
    ("phase", "here", "failed", "text"),
    [
        pytest.param(None, False, False, "    7   ", id="a line of no phase"),
        pytest.param((Phase.UPDATE, True), False, False, "    7 u ", id="the line where an update begins"),
        pytest.param((Phase.UPDATE, False), False, False, "    7 │ ", id="a line further down in it"),
        pytest.param((Phase.ZERO_GRAD, True), True, False, "▶   7 z ", id="where the program stands"),
        pytest.param(None, True, True, "✗   7   ", id="where it raised"),
    ],
)
def test_gutter(phase: tuple[Phase, bool] | None, here: bool, failed: bool, text: str) -> None:
    assert gutter(7, 3, phase, here, failed).plain == text


def test_where_the_program_stands_the_whole_line_is_marked() -> None:
    line = source_line(piece("▶ 1 "), piece("x = 1"), 12, here=True, failed=False)
    assert line.plain == "▶ 1 x = 1   "
    assert (line.spans[0].start, line.spans[0].end, line.spans[0].style) == (0, 12, "on $here")


def test_where_it_failed_the_mark_is_another_one() -> None:
    line = source_line(piece("✗ 1 "), piece("x = 1"), 12, here=True, failed=True)
    assert line.spans[0].style == "on $here-failed"


def test_another_line_is_not_marked() -> None:
    line = source_line(piece("  1 "), piece("x = 1"), 12, here=False, failed=False)
    assert (line.plain, line.spans) == ("  1 x = 1", [])


def test_a_line_that_is_too_long_says_that_it_goes_on() -> None:
    line = source_line(piece("▶ 1 "), piece("x = 1 + 2"), 12, here=True, failed=False)
    assert line.plain == "▶ 1 x = 1 +…"
    assert (line.spans[0].start, line.spans[0].end, line.spans[0].style) == (0, 12, "on $here")


@pytest.mark.parametrize(
    ("cells", "rest"),
    [(0, "'十一'a"), (1, "十一'a"), (2, " 一'a"), (3, "一'a"), (5, "'a"), (7, ""), (9, "")],
)
def test_what_is_scrolled_out_of_sight_counts_in_cells(cells: int, rest: str) -> None:
    assert scrolled(piece("'十一'a"), cells).plain == rest


def test_what_is_scrolled_keeps_its_colours() -> None:
    line = scrolled(piece("x = ") + piece("1.5", "$text-warning"), 4)
    assert (line.plain, [(span.start, span.end, span.style) for span in line.spans]) == (
        "1.5",
        [(0, 3, "$text-warning")],
    )
