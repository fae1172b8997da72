"""`bptui help`: the manual in the terminal."""

from __future__ import annotations

import pytest

from bptui.cli.main import main
from bptui.manual import TOPICS, page, title


def test_without_a_topic_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines[: len(TOPICS)]] == [[topic, title(topic)] for topic in TOPICS]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_goes_to_a_pipe_as_it_is_written(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", topic]) == 0
    assert capsys.readouterr().out == page(topic)


def test_what_is_no_topic_is_said_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "nosuch"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("bptui: there is no topic nosuch in the manual: keys, steps, ")
