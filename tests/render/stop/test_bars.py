"""Title bar, last line, footer, help and inspector, exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.text import Text

from bptui.commands.table import COMMANDS, sign
from bptui.protocol.replies import Inspected
from bptui.render.lists.help import help_text
from bptui.render.lists.inspected import inspected, names_line
from bptui.render.stop.footer import and_dropped, dead, footer, message, openable, refused, restart_asks, stopped
from bptui.render.stop.title import Progress, TimelinePosition, title
from bptui.render.text.fit import piece
from tests.ui.fakes.stops import BACKWARD, ENTRY, RAISED

BOTH = TimelinePosition(12, 340, 1, 2)
ALL = {command.id for command in COMMANDS}


@pytest.mark.parametrize(
    ("width", "text"),
    [
        pytest.param(100, " bptui │ linear.py │ epoch 0 │ sample 1 │ 2/30 samples │ zeroing on", id="all of it"),
        pytest.param(70, " bptui │ linear.py │ epoch 0 │ sample 1 │ 2/30 │ zeroing on", id="without a word"),
        pytest.param(62, " linear.py │ epoch 0 │ sample 1 │ 2/30 │ zeroing on", id="without our name"),
        pytest.param(56, " linear.py │ epoch 0 │ sample 1 │ zeroing on", id="without the progress"),
    ],
)
def test_the_title_fits_and_keeps_the_state(width: int, text: str) -> None:
    drawn = title("linear.py", Progress.of(BACKWARD), None, True, "ready", width)
    assert drawn.plain == text + "ready ".rjust(width - len(text))


def test_the_title_says_only_what_is_known() -> None:
    assert title("linear.py", None, None, None, "starting", 40).plain.split(" │ ") == [
        " bptui", "linear.py" + "starting ".rjust(22),
    ]  # fmt: skip
    place = Progress.of(replace(BACKWARD, epoch=None, epochs=None, samples=None))
    assert title("x.py", place, None, False, "paused", 80).plain.split(" │ ")[2:4] == ["sample 1", "2 samples"]


@pytest.mark.parametrize(
    ("moment", "width", "text"),
    [
        pytest.param(TimelinePosition(12, 12, 0, 1), 80, "│ zeroing on", id="at the end of the only branch nothing"),
        pytest.param(TimelinePosition(12, 340, 0, 1), 100, "│ step 12 of 340 │ zeroing on", id="in the past"),
        pytest.param(TimelinePosition(340, 340, 1, 2), 100, "│ branch 1 │ zeroing on", id="on one of several branches"),
        pytest.param(BOTH, 120, " bptui │ linear.py │ epoch 0 │ sample 1 │ 2/30 samples │ step 12 of 340", id="both"),
        pytest.param(BOTH, 70, " linear.py │ epoch 0 │ sample 1 │ 12/340 │ ⎇ 1 │ zeroing on ", id="in short"),
        pytest.param(BOTH, 60, " epoch 0 │ sample 1 │ 12/340 │ ⎇ 1 │ zeroing on ", id="without the name"),
    ],
)  # fmt: skip
def test_the_title_says_where_in_time_it_is(moment: TimelinePosition, width: int, text: str) -> None:
    assert text in title("linear.py", Progress.of(BACKWARD), moment, True, "ready", width).plain


def test_a_breakpoint_comes_before_what_the_step_did() -> None:
    met = replace(BACKWARD, met="breakpoint 2: w.grad < -7")
    assert stopped(met).plain == f"breakpoint 2: w.grad < -7  {BACKWARD.explain}"


def test_a_run_moves_the_place() -> None:
    assert Progress.of(ENTRY).moved_to(3, 2) == Progress(3, 2, 11, 30, 3, 10)
    assert Progress.of(replace(ENTRY, samples=None)).moved_to(3, 2) == Progress(3, 2, 0, None, None, 10)


def test_what_a_step_did() -> None:
    assert stopped(BACKWARD).plain == BACKWARD.explain
    assert stopped(BACKWARD).spans[0].end == len("backward:")


def test_an_exception_says_where() -> None:
    assert stopped(RAISED).plain.startswith("exception: line 28: ValueError: two is too much\n")


def test_on_one_line_if_there_is_room() -> None:
    assert message(refused("no", "press f"), 40).plain == "refused: no  press f"


def test_what_to_do_stays_whole() -> None:
    text = message(refused("word " * 50, "press f to run the forward again"), 40).plain.split("\n")
    assert text[-1] == "press f to run the forward again"
    assert len(text) == 3
    assert text[1].endswith("…")
    assert all(len(line) <= 40 for line in text)


def test_a_death_says_what_can_be_done() -> None:
    assert "press r to restart" in dead("killed").plain


@pytest.mark.parametrize("width", [120, 80, 60])
def test_the_footer_fits_and_has_the_first_keys(width: int) -> None:
    text = footer(ALL, width)
    assert text.cell_len <= width
    assert text.plain.startswith(" n next")
    assert text.plain.endswith("q quit")


def test_what_cannot_be_done_now_is_faint() -> None:
    text = footer(ALL - {"pause"}, 120)
    at = text.plain.index("esc pause")
    assert {str(span.style) for span in text.spans if span.start <= at < span.end and isinstance(span.style, str)} == {
        "$faint"
    }


def test_what_cannot_be_done_now_is_in_brackets_and_nothing_moves_for_it() -> None:
    text = footer(ALL - {"next", "zeroing", "pause"}, 120).plain
    assert "(n next  a zeroing) s in" in text
    assert ": command (esc pause) p play" in text
    assert footer(ALL, 120).plain[1:] == text[1:].replace("(", " ").replace(")", " ")


def test_what_is_cut_says_that_it_can_be_opened() -> None:
    cut_line = openable(message(piece("a sentence that goes on and on"), 18), 20)
    assert cut_line.plain == "a sentence that g… ⏎"
    assert openable(piece("abc…\nhint"), 20).plain == "abc… ⏎\nhint"


def test_each_key_of_the_footer_can_be_clicked() -> None:
    text = footer(ALL, 200)
    clicked = [span.style.meta["command"] for span in text.spans if not isinstance(span.style, str)]
    assert clicked == [command.id for command in COMMANDS if command.footer]


def test_help_has_every_command_and_pane() -> None:
    text = " ".join(help_text(("sample", "loss"), 80).plain.split())
    for command in COMMANDS:
        assert " ".join([*map(sign, command.keys), command.label, command.help]) in text
    assert "Focus a pane: 1 sample, 2 loss." in text


def test_a_value_as_python_sees_it() -> None:
    value = Inspected("w", (("type", "<class 'torch.Tensor'>"), (".data", "tensor([[1.],\n        [2.]])")), "tensor")
    assert inspected(value, 40).plain.split("\n") == [
        "type   <class 'torch.Tensor'>",
        ".data  tensor([[1.],",
        "               [2.]])",
        "",
        "tensor",
    ]


def test_the_values_to_look_into() -> None:
    assert names_line(["x", "w", "w.grad"], "w", 40).plain == " x [w] w.grad "


def test_one_of_a_thing_is_named_as_one() -> None:
    assert restart_asks(1, "r").plain.startswith("restart? 1 step would be lost\n")
    assert and_dropped(Text("refused"), 1).plain == "refused\n1 queued command dropped"
    assert and_dropped(Text("refused"), 2).plain == "refused\n2 queued commands dropped"
