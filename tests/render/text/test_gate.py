"""The gate between a script's text and a terminal."""

from __future__ import annotations

import sys

import pytest

from bptui.render.text.gate import gated
from tests.nasty import COMMANDS, SHAPES, STRAY, UNSAFE


@pytest.mark.parametrize("text", COMMANDS.values(), ids=COMMANDS)
def test_what_commands_a_terminal_does_not_get_through(text: str) -> None:
    assert not UNSAFE.search(gated(text))
    assert "PWNED" not in gated(text)
    assert gated(text).startswith("a")


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_all_else_does(text: str) -> None:
    assert gated(text) == text


def test_no_character_at_all_that_is_unsafe() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert not UNSAFE.search(gated(everything))
    assert not UNSAFE.search("".join(gated(char) for char in everything))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\tb\nc", "a\tb\nc", id="tab and newline stay"),
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="a colour"),
        pytest.param("\x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "link", id="a link"),
        pytest.param("\x1b]0;title\nnext", "\nnext", id="a sequence without an end goes no further than its line"),
        pytest.param("Ã\x90Â\x9d text", "ÃÂ text", id="an 8-bit one without an end is only its first character"),
        pytest.param("if ok\u202e:", "if ok\\u202e:", id="what turns the direction is spelled out"),
        pytest.param("half \udc80", "half \\udc80", id="so is half a character"),
        pytest.param("[red]x[/]", "[red]x[/]", id="markup is text"),
        pytest.param("a\u2028b", "a b", id="what may be a line end is a blank"),
        pytest.param(STRAY, "a 訓", id="a joiner that joins nothing"),
        pytest.param("\x1b" * 50_000 + "[" * 50_000, "[" * 49_998, id="however many"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert gated(text) == shown
