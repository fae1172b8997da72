"""The phase bar and the line about to run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.protocol.phase import Mark, Phase
from bptui.protocol.snapshot import BlockInfo, ProgramInfo, Snapshot
from bptui.render.stop.phasebar import phase_bar, upcoming
from tests.ui.fakes.stops import ACCUMULATED, BACKWARD, ENDED, ENTRY, PROGRAM


@pytest.mark.parametrize(
    ("snapshot", "bar"),
    [
        pytest.param(ENTRY, "▶ forward  ○ backward  ○ update  ○ zero_grad", id="at entry"),
        pytest.param(BACKWARD, "✓ forward  ✓ backward  ▶ update  ○ zero_grad", id="after a backward"),
        pytest.param(ACCUMULATED, "✓ forward  ✓ backward  ▶ update  ⤼ zero_grad", id="with zeroing off"),
        pytest.param(ENDED, "✓ forward  ✓ backward  ✓ update  ✓ zero_grad", id="at the end"),
    ],
)
def test_marks(snapshot: Snapshot, bar: str) -> None:
    assert phase_bar(PROGRAM, snapshot, 56).plain.replace(" → ", "").strip() == bar


@pytest.mark.parametrize(
    ("width", "bar"),
    [
        (80, " ✓ forward   →   ✓ backward   →   ▶ update   →   ○ zero_grad"),
        (60, " ✓ forward  →  ✓ backward  →  ▶ update  →  ○ zero_grad"),
        (50, " ✓ forward   ✓ backward   ▶ update   ○ zero_grad"),
        (40, " ✓ fwd   ✓ bwd   ▶ upd   ○ zero"),
        (12, "✓f ✓b ▶u ○z"),
        (8, "✓b ▶u"),
    ],
)
def test_it_fits(width: int, bar: str) -> None:
    text = phase_bar(PROGRAM, BACKWARD, width)
    assert text.plain.strip() == bar.strip()
    assert text.cell_len <= width


def test_of_many_blocks_those_around_the_next_are_shown() -> None:
    program = replace(PROGRAM, blocks=tuple(BlockInfo(Phase.FORWARD, line, (line,)) for line in range(1, 101)))
    marks = (Mark.DONE,) * 60 + (Mark.NEXT,) + (Mark.TODO,) * 39
    assert BACKWARD.next is not None
    text = phase_bar(program, replace(BACKWARD, marks=marks, next=replace(BACKWARD.next, block=60)), 40)
    assert text.plain.strip() == "✓f ✓f ✓f ✓f ✓f ▶f ○f ○f ○f ○f"


def test_only_the_loop_where_it_stands_is_shown() -> None:
    loops = ProgramInfo("x.py", "", (), (BlockInfo(Phase.FORWARD, 2, (2,), 1), BlockInfo(Phase.UPDATE, 5, (5,), 4)))
    assert BACKWARD.next is not None
    snapshot = replace(BACKWARD, marks=(Mark.TODO, Mark.NEXT), next=replace(BACKWARD.next, block=1))
    assert phase_bar(loops, snapshot, 40).plain.strip() == "▶ update"


def test_each_phase_can_be_clicked() -> None:
    text = phase_bar(PROGRAM, BACKWARD, 80)
    commands = [span.style.meta["command"] for span in text.spans if not isinstance(span.style, str)]
    assert commands == ["forward", "backward", "update", "zero_grad"]


def test_the_line_about_to_run_with_its_numbers_lit() -> None:
    text = upcoming(BACKWARD, 60)
    assert text.plain.strip() == "30  w.data = 1.0200 - 0.01 * -7.8400"
    lit = [text.plain[span.start : span.end] for span in text.spans if "accent" in str(span.style)]
    assert lit == ["1.0200", "0.01", "-7.8400"]


def test_at_the_end_nothing_is_left_to_run() -> None:
    assert upcoming(ENDED, 60).plain.strip() == "nothing is left to run"
