"""`bptui --plain` typed by a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.terminal import Terminal


def test_a_person_types_commands_at_a_prompt_and_leaves_with_ctrl_d(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal("--plain")
    terminal.wait_for("predict (before training) 4 4.0", ">")
    terminal.press("next 2", "enter")
    terminal.wait_for("grad: 1.0 2.0 -2.0")
    terminal.press("zeroing off", "enter", "next", "enter")
    terminal.wait_for("zeroing off: next passes over zero_grad", "#3 update")
    terminal.press("dance", "enter")
    terminal.wait_for("error: There is no command 'dance', and the script has no such name. help lists the commands.")
    terminal.press("ctrl+d")
    assert terminal.end() == 0


def test_ctrl_c_pauses_a_run_and_a_second_one_interrupts_the_block(
    open_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    script = tmp_path / "endless.py"
    script.write_text(
        "import os, time, torch\nw = torch.ones(1, requires_grad=True)\nturn = 0\n"
        "while True:\n    loss = (w * 2).sum()\n    if os.path.exists('sleep'): time.sleep(10**6)\n"
        "    loss.backward()\n    w.grad = None\n"
    )
    terminal = open_terminal("--plain", script)
    terminal.wait_for("#0 entry")
    terminal.press("continue", "enter", "ctrl+c")
    paused = terminal.wait_for("steps, then")
    assert "KeyboardInterrupt" not in paused
    (tmp_path / "sleep").touch()
    terminal.press("continue", "enter", "ctrl+c", "ctrl+c")
    terminal.wait_for("KeyboardInterrupt", "line 6")
    terminal.press("quit", "enter")
    assert terminal.end() == 0
