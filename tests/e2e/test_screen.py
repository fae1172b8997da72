"""The screen end to end: a real terminal, real processes, real torch."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.terminal import PATIENCE, Terminal

Open = Callable[..., Terminal]

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
"""What opens and closes the terminal's other screen."""


def children(parent: int) -> dict[int, str]:
    """The process's children: pid -> command line."""
    found = {}
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                ppid = int((each / "stat").read_text().rpartition(")")[2].split()[1])
                if ppid == parent:
                    found[int(each.name)] = (each / "cmdline").read_text().replace("\0", " ")
            except OSError:  # it has ended meanwhile
                continue
    return found


def debuggee(terminal: Terminal) -> int:
    """The pid of the process that runs the script."""
    (pid,) = (pid for pid, command in children(terminal.pid).items() if "boot.py" in command)
    return pid


def assert_gone(pids: list[int]) -> None:
    """Wait until these processes have ended."""
    deadline = time.monotonic() + PATIENCE
    while alive := [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.01)


def test_four_times_space_is_one_step_of_learning(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("linear.py", "ready: forward is next")
    terminal.press("space")
    terminal.wait_for("= 1 for x = 1, y = 2")
    terminal.press("space")
    terminal.wait_for("added to w.grad: None -> -2")
    terminal.press("space")
    terminal.wait_for("update: w 1 -> 1.02")
    terminal.press("space")
    terminal.wait_for("zero_grad: w.grad -2 -> 0")
    processes = list(children(terminal.pid))
    terminal.press("q")
    assert terminal.end() == 0
    assert_gone(processes)


def test_what_is_typed_while_it_starts_and_while_it_runs_is_carried_out_to_the_last_key(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("starting")
    terminal.type_ahead("fbfbfbuz")
    terminal.wait_for("zero_grad: w.grad -28 -> 0")
    terminal.type_ahead("n" * 22 + ":set w.data = torch.tensor([3.0])\rn:epoch * 100 + sample\r")
    terminal.wait_for("epoch * 100 + sample  = 202", "30 backward", "31 set w.data", "32 update")


def test_a_killed_script_is_told_and_restarted(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("ready: forward is next")
    first = debuggee(terminal)
    os.kill(first, signal.SIGKILL)
    terminal.wait_for("killed by SIGKILL")
    terminal.press("r")
    terminal.wait_for("ready: forward is next")
    assert debuggee(terminal) != first
    terminal.press("n")
    terminal.wait_for("= 1 for x = 1, y = 2")


def test_a_script_that_cannot_be_cut_leaves_the_screen_with_a_sentence_and_status_2(
    open_terminal: Open, tmp_path: Path
) -> None:
    script = tmp_path / "nothing.py"
    script.write_text("print('nothing to learn here')\n")
    terminal = open_terminal(script)
    assert terminal.end() == 2
    assert re.search(r"bptui: .*backward", terminal.text)


def test_a_terminated_debugger_gives_the_terminal_back(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("ready: forward is next")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end() == 128 + signal.SIGTERM
    assert terminal.painted.rindex(LEAVE) > terminal.painted.rindex(ENTER)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name)
def test_whatever_ends_the_debugger_ends_the_script(open_terminal: Open, number: signal.Signals) -> None:
    terminal = open_terminal()
    terminal.wait_for("ready: forward is next")
    processes = list(children(terminal.pid))
    assert len(processes) > 1
    os.kill(terminal.pid, number)
    assert_gone(processes)


def filled(terminal: Terminal, columns: int) -> bool:
    """Whether the screen is drawn to its last line, and about as wide."""
    *_, last = shown = terminal.screen.display
    return "q quit" in last and "w.grad" in terminal.text and max(len(line.rstrip()) for line in shown) > columns * 0.8


def test_the_screen_follows_the_size_of_the_terminal(open_terminal: Open) -> None:
    terminal = open_terminal(columns=120, lines=40)
    terminal.wait_for("ready: forward is next")
    for columns, lines in ((60, 20), (80, 24), (120, 40)):
        terminal.resize(columns, lines)
        terminal.wait_until(partial(filled, terminal, columns), f"drawn at {columns}x{lines}")
    terminal.press("n")
    terminal.wait_for("= 1 for x = 1, y = 2")


def test_back_and_another_way_and_to_the_first_one_again(open_terminal: Open) -> None:
    terminal = open_terminal()
    terminal.wait_for("linear.py", "ready: forward is next")
    for said in ("= 1 for x = 1, y = 2", "None -> -2", "w 1 -> 1.02", "-2 -> 0"):
        terminal.press("space")
        terminal.wait_for(said)
    terminal.press("N")
    terminal.wait_for("step 3 of 4", "update: w 1 -> 1.02")
    terminal.press("u")
    terminal.wait_for("branch 1", "update: w 1.02 -> 1.04", "⎇0")
    terminal.press("g")
    terminal.wait_for("step 0 of 4", "branch 1", "w.grad", "None")
    terminal.press("7", "left", "end", "enter")
    terminal.wait_for("branch 0", "zero_grad: w.grad -2 -> 0")


def test_a_long_run_tells_how_far_it_is_and_is_paused_at_once(open_terminal: Open, tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text(
        "import torch\n\nw = torch.tensor([1.0], requires_grad=True)\nfor epoch in range(100_000):\n"
        "    for x in (1.0, 2.0, 3.0):\n        loss = (x * w - 2 * x) ** 2\n        loss.backward()\n"
        "        w.data = w.data - 1e-9 * w.grad.data\n        w.grad.data.zero_()\n"
    )
    terminal = open_terminal(script)
    terminal.wait_for("long.py", "ready: forward is next")
    terminal.press("c")
    terminal.wait_for("running", "steps/s", "%", "left", "esc pauses")
    terminal.press("escape")
    terminal.wait_for("paused", "steps, then")
    terminal.press("N")
    terminal.wait_for("ready", "step ", " of ")


def test_the_keys_of_a_chinese_input_method_and_a_terminal_that_is_too_small_for_a_while(open_terminal: Open) -> None:
    terminal = open_terminal(columns=80, lines=24)
    terminal.wait_for("ready: forward is next")
    terminal.press("ｎ")
    terminal.wait_for("= 1 for x = 1, y = 2")
    terminal.press("：")
    terminal.wait_for("⏎ run")
    terminal.press("escape", "？")
    terminal.wait_for("esc closes")
    terminal.press("escape", "８")
    terminal.wait_for("━ console ━")
    terminal.resize(40, 12)
    terminal.wait_for("bptui needs at least 60x20")
    terminal.resize(80, 24)
    terminal.wait_for("━ console ━")
    terminal.press("q")
    assert terminal.end() == 0


def test_suspended_and_back_again(open_terminal: Open) -> None:
    terminal = open_terminal(columns=80, lines=24)
    terminal.wait_for("ready: forward is next")
    script = debuggee(terminal)
    terminal.press("n", "\x1a")
    deadline = time.monotonic() + PATIENCE
    while state_of(terminal.pid) != "T":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert state_of(script) != "T"
    terminal.screen.reset()  # what other programs wrote meanwhile
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.wait_for("linear.py", "= 1 for x = 1, y = 2", "q quit")
    terminal.press("n")
    terminal.wait_for("added to w.grad: None -> -2")
    assert debuggee(terminal) == script
    terminal.press("q")
    assert terminal.end() == 0


def state_of(pid: int) -> str:
    """`T` for a process that is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


HOSTILE = r"""
import torch, sys
evil = "\x1b]0;PWNED\x07\x1b]52;c;PWNED\x07\x1b[31mred\x1b[2J\u202e"
w = torch.tensor([1.0], requires_grad=True)
sys.stderr.write(evil + "\n")
for epoch, name in enumerate([evil, evil, evil]):
    loss = (w - 2) ** 2
    print("said", evil)
    loss.backward()
    w.data -= 0.01 * w.grad
    w.grad.zero_()
    if epoch == 1:
        raise ValueError(evil + "[red]x[/] [@click=app.quit]x[/] [/")
"""


def test_a_hostile_script_commands_no_terminal(open_terminal: Open, tmp_path: Path) -> None:
    script = tmp_path / "evil\x1b]0;PWNED\x07.py"
    script.write_text(HOSTILE, encoding="utf-8")
    terminal = open_terminal(script, columns=100, lines=30)
    terminal.wait_for("forward is next")
    terminal.press("n", ":")
    terminal.wait_for("⏎ run")
    terminal.press("\x1b[200~watch name + '\x1b]0;PWNED\x07'\x1b[201~", "enter", "s", "enter", "escape", "o", "c")
    terminal.wait_for("ValueError: ", "[red]x[/] [@click=app.quit]x[/] [/")
    terminal.press("q")
    terminal.end()
    painted = bytes(terminal.painted)
    assert b"\x1b]0;PWNED" not in painted
    assert b"\x1b]52" not in painted
    assert "\u202e".encode() not in painted


def test_a_message_that_is_cut_can_be_read_whole(open_terminal: Open, tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text(HOSTILE.replace("evil + ", "'word ' * 99 + 'the end of it ' + "), encoding="utf-8")
    terminal = open_terminal(script, columns=60, lines=20)
    terminal.wait_for("forward is next")
    terminal.press("c")
    terminal.wait_for("ValueError: word", "…")
    terminal.press("enter")
    terminal.wait_for("─ message ─", "the end of it")
