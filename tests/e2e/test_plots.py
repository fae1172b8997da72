"""Plots end to end: a real terminal, real processes, real torch."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.test_screen import Open


def test_zeroing_compared_and_the_screen_kept(open_terminal: Open, tmp_path: Path) -> None:
    terminal = open_terminal()
    terminal.wait_for("ready: forward is next")
    terminal.press(*"nnnn")
    terminal.press(":", *"compare zeroing 40", "enter")
    text = terminal.wait_for(
        "⣀⡠⠒ zeroing on  ○ zeroing off",
        "zeroing on: loss 0.6273; off: loss 3.9753, both at epoch 3 sample 1",
        "step 4 of 44",
    )
    assert "▲⎇1" in text
    terminal.press("l")
    terminal.wait_for("loss curve")
    terminal.press("c")
    terminal.wait_for("ended")
    terminal.press("l", "\x1b[B", "y")
    terminal.wait_for("w by sample, log")
    picture = tmp_path / "screen.svg"
    terminal.press(":", *f"export {picture}", "enter")
    terminal.wait_for("the screen is in")
    assert "w by sample, log" in picture.read_text(encoding="utf-8").replace("&#160;", " ")
