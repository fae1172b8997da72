"""Going back in copies of the process, with real processes: everything is as it was, or nothing has changed."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from bptui.protocol.codec import encode
from bptui.protocol.phase import Goal
from bptui.protocol.replies import Died, Evaluated, Opened, Payload, Refused, Reply, Running, Stopped
from bptui.protocol.requests import Ask, Back, Evaluate, GoTo, Next, Run
from bptui.session.live import LiveSession

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")
PATIENCE = 300.0
"""Seconds after which a test fails; no test passes by waiting."""


class Stepping:
    """A live session, asked one thing after the other."""

    def __init__(self, path: Path) -> None:
        self.session = LiveSession(str(path))
        self.printed_while_running: list[str] = []
        self._replies: queue.Queue[Reply] = queue.Queue()
        self.session.start(self._replies.put)
        self.entry = self._hear()

    def ask(self, ask: Ask) -> Payload:
        self.session.send(ask)
        return self._hear()

    def _hear(self) -> Payload:
        while isinstance(payload := self._replies.get(timeout=PATIENCE).payload, Opened | Running):
            if isinstance(payload, Running):
                self.printed_while_running.append(payload.printed)
        return payload

    @property
    def living(self) -> int:
        """The process in which the script lives."""
        assert self.session._debuggee is not None
        return self.session._debuggee._beacon.living

    @property
    def root(self) -> int:
        """The process that was started, after which the group is named."""
        assert self.session._debuggee is not None
        assert self.session._debuggee._process is not None
        return self.session._debuggee._process.pid

    def facts(self, ask: Ask) -> str:
        """What a stop tells of the program, without how it came about."""
        stop = self.ask(ask)
        assert isinstance(stop, Stopped), stop
        snapshot = stop.snapshot
        return repr((snapshot.index, encode(snapshot.params), encode(snapshot.loss), encode(snapshot.values)))

    def value(self, text: str) -> str:
        evaluated = self.ask(Evaluate(text))
        assert isinstance(evaluated, Evaluated), evaluated
        return evaluated.text.strip()


Open = Callable[[str], Stepping]


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[Open]:
    sessions: list[LiveSession] = []

    def open_session(source: str) -> Stepping:
        path = tmp_path / "script.py"
        path.write_text(dedent(source))
        stepping = Stepping(path)
        sessions.append(stepping.session)
        return stepping

    yield open_session
    for session in sessions:
        session.close()


OUT_OF_REACH = """
import array, collections, os, itertools, torch, numpy as np, random
def fed():
    for i in range(1000): yield float(i % 3 + 1)
def count():
    count.calls = getattr(count, "calls", 0) + 1
    return count.calls
class Totals: steps = 0
feed, marks, last, sums = fed(), array.array("d"), collections.deque(maxlen=2), np.zeros(1)
ticks = itertools.count()
numbers = map(float, open(__file__.replace("script.py", "numbers.txt")))
w = torch.tensor([1.0], requires_grad=True)
state = ""
for epoch in range(4):
    for turn in range(3):
        x = next(feed) + next(numbers)
        if turn == 1:
            w.register_hook(lambda g: g * 1.5)
        os.environ["TURN"] = f"{epoch}.{turn}"
        torch.set_default_dtype(torch.float64 if turn == 2 else torch.float32)
        l = (x * w - 2 * x - 0.01 * count() - 0.001 * next(ticks) - 0.01 * random.random()) ** 2
        l.backward()
        w.data -= 0.001 * w.grad
        marks.append(l.item()); last.append(turn); sums += 1; Totals.steps += 1
        state = str((
            marks.tolist(), list(last), sums.tolist(), Totals.steps, count.calls, repr(ticks), os.environ["TURN"],
            str(torch.get_default_dtype()), random.getstate()[1][:3], len(w._backward_hooks or ()),
        ))
        w.grad = None
"""
"""State that Python does not show: generators, a file that is read, iterators in C, hooks, the environment."""


def test_every_step_is_as_it_was_whatever_the_script_holds(open_session: Open, tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("".join(f"{n / 7}\n" for n in range(50)))
    stepping = open_session(OUT_OF_REACH)
    seen, states = [""], [stepping.value("state")]
    for _ in range(30):
        seen.append(stepping.facts(Next()))
        states.append(stepping.value("state"))
    for index in (29, 28, 20, 3, 4, 17, 30, 1, 25, 24):
        assert stepping.facts(GoTo(index)) == seen[index]
        assert stepping.value("state") == states[index], index
    rest = [stepping.facts(Next()) for _ in range(25, 30)]
    assert rest == seen[25:30]


def test_a_way_back_that_fails_changes_nothing(open_session: Open) -> None:
    stepping = open_session(
        """
        import os, torch
        w = torch.tensor([1.0], requires_grad=True)
        file = open(__file__)
        fed = (float(i % 3 + 1) for i in range(100))
        for step in range(9):
            x = next(fed)
            line = file.readline()
            loss = (x * w - int.from_bytes(os.urandom(3), "little") / 2**24) ** 2
            loss.backward()
            w.data -= 0.01 * w.grad
            w.grad.zero_()
        """
    )
    for _ in range(10):
        before = stepping.facts(Next())
    process, line = stepping.living, stepping.value("line")
    refused = stepping.ask(GoTo(2))
    assert isinstance(refused, Refused)
    assert refused.message.startswith("This program does not repeat itself: step 1 now gives loss")
    assert refused.hint.endswith("Nothing changed.")
    assert stepping.living == process
    assert stepping.value("line") == line == "'w = torch.tensor([1.0], requires_grad=True)\\n'"
    assert before != stepping.facts(Next())
    for _ in range(2):
        stepping.ask(Next())
    assert stepping.value("line") == "'file = open(__file__)\\n'"  # it reads on where it was
    end = stepping.ask(Run(Goal.END))
    assert isinstance(end, Stopped)
    assert end.snapshot.index == 36


def test_a_way_back_that_dies_changes_nothing(open_session: Open, tmp_path: Path) -> None:
    stepping = open_session(
        f"""
        import os, torch
        w = torch.tensor([1.0], requires_grad=True)
        for step in range(9):
            loss = (w * 2) ** 2
            loss.backward()
            if os.path.exists({str(tmp_path / "deadly")!r}): os.kill(os.getpid(), 9)
            w.data -= 0.01 * w.grad
            w.grad = None
        """
    )
    for _ in range(6):
        stepping.ask(Next())
    (tmp_path / "deadly").touch()
    refused = stepping.ask(GoTo(3))
    assert isinstance(refused, Refused)
    assert (refused.message, refused.hint) == ("The program died on the way back.", "Nothing changed.")
    (tmp_path / "deadly").unlink()
    assert "7," in stepping.facts(Next())


def processes(stepping: Stepping) -> set[int]:
    """Every process of the debuggee's group."""
    group = stepping.root
    return {int(name) for name in os.listdir("/proc") if name.isdigit() and group_of(int(name)) == group}


def group_of(process: int) -> int | None:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return None


def all_gone(group: set[int]) -> bool:
    end = time.monotonic() + PATIENCE
    while any(os.path.exists(f"/proc/{process}") for process in group):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


GENERATOR = """
import os, torch
w = torch.tensor([1.0], requires_grad=True)
fed = (float(i % 3 + 1) for i in range(1000))
for step in range(900):
    x = next(fed)
    loss = (x * w) ** 2
    loss.backward()
    w.data -= 0.001 * w.grad
    w.grad = None
"""


def test_no_process_is_left_when_the_session_ends(open_session: Open) -> None:
    stepping = open_session(GENERATOR)
    for _ in range(12):
        stepping.ask(Next())
    stepping.ask(Back())
    group = processes(stepping)
    assert len(group) > 2
    stepping.session.close()
    assert all_gone(group)


@pytest.mark.parametrize("which", ["the living one", "the root", "all sleepers"])
def test_no_process_is_left_when_one_is_killed(open_session: Open, which: str) -> None:
    stepping = open_session(GENERATOR)
    for _ in range(12):
        stepping.ask(Next())
    stepping.ask(GoTo(6))
    group = processes(stepping)
    living, root = stepping.living, stepping.root
    if which == "all sleepers":
        for process in group - {living, root}:
            os.kill(process, signal.SIGKILL)
        assert "5," in stepping.facts(Back())
        stepping.session.close()
    else:
        os.kill(living if which == "the living one" else root, signal.SIGKILL)
        died = stepping._hear()
        assert isinstance(died, Died)
        assert "SIGKILL" in died.message
    assert all_gone(group)


def test_what_runs_again_on_the_way_back_prints_nothing_again(open_session: Open) -> None:
    stepping = open_session(
        """
        import time, torch
        w = torch.tensor([1.0], requires_grad=True)
        fed = (float(i % 3 + 1) for i in range(1000))
        for step in range(8):
            x = next(fed)
            loss = (x * w) ** 2
            loss.backward()
            print("step", step)
            time.sleep(0.06)
            w.data -= 0.001 * w.grad
            w.grad = None
        """
    )
    stepping.ask(Run(Goal.END))
    stepping.printed_while_running.clear()
    stepping.ask(GoTo(20))
    assert "".join(stepping.printed_while_running) == ""
