"""What the script printed, as a terminal would show it."""

from __future__ import annotations

import pytest

from bptui.render.stop.console import LIMIT, LONGEST, LineKind, Transcript, console_line
from bptui.render.text.cells import width_of
from tests import nasty
from tests.nasty import NASTY, UNSAFE, WIDTHS


def shown(transcript: Transcript, width: int = 20) -> list[str]:
    return [console_line(part, width).plain for parts in transcript.wrapped(width) for part in parts]


def printed(*texts: str, width: int = 20) -> list[str]:
    transcript = Transcript()
    for text in texts:
        transcript.add(text, LineKind.OUTPUT)
    return shown(transcript, width)


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        pytest.param(["one\ntwo\n"], ["  one", "  two"], id="lines"),
        pytest.param(["one", " two\n", "three"], ["  one two", "  three"], id="a line may come in pieces"),
        pytest.param(["\n\n"], ["  ", "  "], id="empty lines"),
        pytest.param(["\tgrad\n"], ["      grad"], id="a tab is four cells"),
        pytest.param(["10%\r20%\r", "30%\n"], ["  30%"], id="a progress bar is only its last state"),
        pytest.param(["10%\b\b\b20%", "\b\b\b30%\n"], ["  30%"], id="one that goes back by characters too"),
        pytest.param(["one\r\b\btwo\n\b\b"], ["  two", "  "], id="not beyond the start of the line"),
        pytest.param(["one\r\ntwo\r\n"], ["  one", "  two"], id="Windows's line ends"),
        pytest.param(["\x1b[31mred\x1b[0m \x1b]0;title\x07x\x00\n"], ["  red x"], id="nothing moves the cursor"),
        pytest.param(["abcdefghijklmnopqrstuvwxyz\n"], ["  abcdefghijklmnopqr", "  stuvwxyz"], id="long lines go on"),
        pytest.param(["a tensor of <class it>\n"], ["  a tensor of <class", "  it>"], id="between words if possible"),
        pytest.param(["w is now 0.1234567890\n"], ["  w is now ", "  0.1234567890"], id="and not within a number"),
        pytest.param(["十" * 10 + "\n"], ["  " + "十" * 9, "  十"], id="wide characters take two cells"),
    ],
)
def test_output(texts: list[str], lines: list[str]) -> None:
    assert printed(*texts) == lines


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_it_ends_and_fits_at_every_width(text: str) -> None:
    with nasty.ending():
        for width in WIDTHS:
            for line in printed(f"{text}\n訓練\n", width=width):
                assert width_of(line) <= width
                assert not UNSAFE.search(line)


def test_errors_are_marked_not_only_by_colour() -> None:
    transcript = Transcript()
    transcript.add("out\n", LineKind.OUTPUT)
    transcript.add("Traceback of all that was\n", LineKind.ERROR)
    assert shown(transcript) == ["  out", "! Traceback of all ", "  that was"]


def test_an_unfinished_line_is_not_continued_by_another_kind() -> None:
    transcript = Transcript()
    transcript.add("half", LineKind.OUTPUT)
    transcript.add("error\n", LineKind.ERROR)
    transcript.add(" a line\n", LineKind.OUTPUT)
    assert shown(transcript) == ["  half", "! error", "   a line"]


def test_it_says_from_where_on_all_is_new() -> None:
    transcript = Transcript()
    assert transcript.add("one\ntwo", LineKind.OUTPUT) == 0
    assert transcript.add("\nthree\n", LineKind.OUTPUT) == 1
    assert transcript.add("four\n", LineKind.OUTPUT) == 3
    assert transcript.add("", LineKind.OUTPUT) == 4
    assert shown(transcript)[1:] == ["  two", "  three", "  four"]


def test_it_does_not_grow_for_ever() -> None:
    transcript = Transcript()
    for at in range(3 * LIMIT):
        transcript.add(f"{at}\n", LineKind.OUTPUT)
    assert LIMIT <= len(transcript) <= LIMIT * 1.1
    assert shown(transcript)[-1] == f"  {3 * LIMIT - 1}"


def test_much_at_once_is_cut_at_once() -> None:
    transcript = Transcript()
    transcript.add("x\n" * 3 * LIMIT, LineKind.OUTPUT)
    assert len(transcript) == LIMIT


def test_dropping_the_oldest_makes_all_new() -> None:
    transcript = Transcript()
    transcript.add("x\n" * LIMIT, LineKind.OUTPUT)
    assert transcript.add("y\n" * (LIMIT // 2), LineKind.OUTPUT) == 0


def test_of_an_endless_line_only_the_beginning_is_shown() -> None:
    assert sum(len(line) - 2 for line in printed("x" * 10 * LONGEST, width=102)) == LONGEST + 1
