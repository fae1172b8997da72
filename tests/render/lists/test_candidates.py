"""What a word that is being typed can become."""

from __future__ import annotations

import pytest

from bptui.render.lists.candidates import LINES, continued, listed


@pytest.mark.parametrize(
    ("text", "start", "candidates", "longer"),
    [
        ("w.gr", 2, ["grad", "grad_fn"], "w.grad"),
        ("w.grad", 2, ["grad", "grad_fn"], "w.grad"),
        ("b", 0, ["back", "epoch"], "b"),
        ("mod", 0, ["model"], "model"),
        ("x[", 2, ["'a']"], "x['a']"),
        ("W", 0, ["w"], "W"),
    ],
)
def test_as_much_is_typed_as_all_candidates_share(text: str, start: int, candidates: list[str], longer: str) -> None:
    assert continued(text, start, candidates) == longer


def test_candidates_stand_in_columns_as_wide_as_the_widest() -> None:
    assert listed(["back", "backward", "break"], 25).plain == "back      backward\nbreak"


def test_too_many_candidates_are_counted() -> None:
    text = listed([f"name_{number:03}" for number in range(200)], 60).plain
    lines = text.split("\n")
    assert len(lines) == LINES
    shown = text.split().index("…")
    assert lines[-1].endswith(f"… {200 - shown} more")
    assert all(len(line) <= 60 for line in lines)


def test_a_candidate_wider_than_the_line_is_cut() -> None:
    assert listed(["a" * 50, "b"], 20).plain.split("\n")[0] == "a" * 19 + "…"


def test_no_candidate_moves_the_terminal() -> None:
    assert "\x1b" not in listed(["a\x1b[2Jb", "c"], 20).plain
