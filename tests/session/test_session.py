"""The session against a real process: what is asked is answered, what dies is told, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.replies import (
    CurveDrawn,
    Died,
    Inspected,
    Opened,
    Refused,
    Reply,
    Running,
    SeenAnew,
    Stopped,
    Uncut,
)
from bptui.protocol.requests import Do, DrawCurve, Inspect, Next, Run, SetZeroing
from tests.session.conftest import PATIENCE, Conversation

Converse = Callable[..., Conversation]


def gone(pid: int) -> bool:
    """Whether the process ends within a while; a zombie whose parent is gone counts as ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def wait_for(path: Path) -> None:
    """Wait until the script made that file."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_opening_tells_the_program_and_then_the_entry_stop(converse: Converse) -> None:
    talk = converse("def setup(): print('hello', argv)", "--lr", "0.1")
    talk.session.start(talk.replies.put)
    opened = talk.hear(Opened)
    assert opened.program.source == "def setup(): print('hello', argv)"
    assert opened.program.argv == ("--lr", "0.1")
    assert opened.python == ".".join(map(str, sys.version_info[:3]))
    entry = talk.hear(Stopped)
    assert entry.snapshot.stop_reason is StopReason.ENTRY
    assert entry.snapshot.printed == "hello ('--lr', '0.1')\n"
    assert [row.index for row in chain(*entry.rows)] == [0]


def test_each_answer_carries_the_number_of_its_request_and_only_new_rows(converse: Converse) -> None:
    talk = converse("")
    talk.open()
    assert [row.index for row in chain(*talk.ask(Next(), Stopped).rows)] == [1]
    stop = talk.ask(Do(Phase.UPDATE), Stopped)
    assert stop.snapshot.phase is Phase.UPDATE
    assert [row.index for row in chain(*stop.rows)] == [2]
    assert talk.ask(SetZeroing(False), SeenAnew).snapshot.zeroing is False
    assert talk.ask(Inspect("w"), Inspected).fields == (("type", "float"),)
    curve = talk.ask(DrawCurve("w", 0.0, 1.0, 2), CurveDrawn)
    assert curve.ys[0] != curve.ys[0]
    assert curve.ys[1] == 1.0


def test_requests_sent_in_a_burst_are_answered_in_order(converse: Converse) -> None:
    talk = converse("")
    talk.open()
    numbers = [talk.session.send(Next()) for _ in range(5)]
    replies = [talk.replies.get(timeout=PATIENCE) for _ in range(5)]
    assert [reply.number for reply in replies] == numbers
    assert [reply.payload.snapshot.index for reply in replies if isinstance(reply.payload, Stopped)] == [1, 2, 3, 4, 5]


def test_a_refused_step_and_a_fault_of_ours_leave_the_session_going(converse: Converse) -> None:
    talk = converse("steps = 1")
    talk.open()
    talk.ask(Next(), Stopped)
    assert talk.ask(Next(), Refused).message == "The script has ended."
    assert "ZeroDivisionError: of ours" in talk.ask(Inspect("bug"), Refused).message
    assert talk.ask(Do(Phase.FORWARD), Stopped).snapshot.phase is Phase.FORWARD


def test_a_script_that_cannot_be_cut_is_told_with_its_line(converse: Converse) -> None:
    talk = converse("# cannot cut")
    talk.session.start(talk.replies.put)
    uncut = talk.hear(Uncut)
    assert (uncut.message, uncut.line) == ("this cannot be cut", 7)


def test_whatever_way_the_script_writes_is_heard_in_its_order(converse: Converse) -> None:
    talk = converse(
        "import logging, os, subprocess, sys\n"
        "def forward():\n"
        "    print('one', end=' ')\n"
        "    sys.stdout.write('two\\n')\n"
        "    os.write(1, b'three\\n')\n"
        "    subprocess.run(['echo', 'four'])\n"
        "    print('\\u2202 \\ud800'.encode('utf-8', 'replace').decode(), flush=True)\n"
        "    logging.warning('five')\n"
        "    sys.stderr.write('\\r 50%')\n"
    )
    talk.open()
    stop = talk.ask(Do(Phase.FORWARD), Stopped).snapshot
    assert stop.printed == "one two\nthree\nfour\n∂ ?\n"
    assert stop.errors == "WARNING:root:five\n\r 50%"


def test_a_run_tells_where_it_is_and_ends_with_all_that_was_printed(converse: Converse) -> None:
    talk = converse("import time\nsteps = 40\ndef forward():\n    print('f', end='')\n    time.sleep(0.02)\n")
    talk.open()
    talk.session.send(Run(Goal.END))
    rows, told = [], []
    while isinstance(payload := talk.replies.get(timeout=PATIENCE).payload, Running):
        rows += [row.index for row in chain(*payload.rows)]
        told.append(payload.printed)
    assert isinstance(payload, Stopped)
    assert rows + [row.index for row in chain(*payload.rows)] == list(range(1, 41))
    assert 1 < len(told) < 20
    assert payload.snapshot.printed == "f" * 10
    assert payload.snapshot.printed.startswith("".join(told))


def test_pause_stops_a_run_and_what_was_asked_meanwhile_is_done_after_it(converse: Converse) -> None:
    talk = converse("import time\nsteps = 10**9\ndef forward(): time.sleep(0.001)")
    talk.open()
    run = talk.session.send(Run(Goal.END))
    first = talk.hear(Running)
    step = talk.session.send(Next())
    talk.session.pause()
    rows = [row.stop_reason for row in chain(*first.rows)]
    while isinstance((reply := talk.replies.get(timeout=PATIENCE)).payload, Running):
        rows += [row.stop_reason for row in chain(*reply.payload.rows)]
    assert reply.number == run
    assert isinstance(reply.payload, Stopped)
    assert reply.payload.snapshot.stop_reason is StopReason.PAUSE
    rows += [row.stop_reason for row in chain(*reply.payload.rows)]
    assert len(rows) == reply.payload.snapshot.index
    assert rows.index(StopReason.PAUSE) == len(rows) - 1
    assert talk.replies.get(timeout=PATIENCE).number == step


def test_a_second_pause_interrupts_the_block_itself(converse: Converse, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    talk = converse("import time\ndef backward():\n    open(argv[0], 'w').close()\n    time.sleep(10**6)", str(begun))
    talk.open()
    talk.session.send(Do(Phase.BACKWARD))
    wait_for(begun)  # interrupted before its lines run, it would only be paused
    talk.session.pause()
    talk.session.pause()
    stop = talk.hear(Stopped).snapshot
    assert stop.stop_reason is StopReason.EXCEPTION
    assert stop.failure is not None
    assert stop.failure.type == "KeyboardInterrupt"


def test_a_pause_or_an_interrupt_when_nothing_runs_does_nothing(converse: Converse) -> None:
    talk = converse("import os\ndef setup(): print(os.getpid())")
    pid = int(talk.open().snapshot.printed)
    talk.session.pause()
    os.kill(pid, signal.SIGINT)
    assert talk.ask(Run(Goal.END), Stopped).snapshot.stop_reason is StopReason.END


@pytest.mark.parametrize(
    ("how", "told"),
    [
        pytest.param("os._exit(3)", "The program exited with status 3 during backward, line 3.", id="os._exit"),
        pytest.param(
            "os.kill(os.getpid(), 9)",
            "The program was killed by SIGKILL (out of memory, or killed from outside) during backward, line 3.",
            id="killed",
        ),
        pytest.param(
            "ctypes.string_at(0)",
            "The program was killed by SIGSEGV (a segmentation fault in C code) during backward, line 3.",
            id="segmentation fault",
        ),
        pytest.param(
            "os.closerange(3, 99); os.read(os.pipe()[0], 1)",
            "The program cut its link to the debugger during backward, line 3.",
            id="link closed",
        ),
    ],
)
def test_a_death_is_told_with_phase_and_line_and_last_words(converse: Converse, how: str, told: str) -> None:
    talk = converse(
        f"import ctypes, os\ndef forward(): print('before')\n"
        f"def backward():\n    print('last', end='', flush=True); os.write(2, b'words'); {how}"
    )
    talk.open()
    talk.ask(Next(), Stopped)
    died = talk.ask(Next(), Died)
    assert died.message == told
    assert (died.printed, died.errors) == ("last", "words")
    refused = talk.ask(Next(), Refused)
    assert refused.message == told
    assert "restart" in refused.hint


def test_a_death_between_two_steps_says_so(converse: Converse) -> None:
    talk = converse("import os\ndef setup(): print(os.getpid())")
    os.kill(int(talk.open().snapshot.printed), signal.SIGTERM)
    assert talk.hear(Died).message == "The program was killed by SIGTERM between two steps."


def test_restart_begins_again_with_the_same_random_numbers(converse: Converse) -> None:
    talk = converse("")
    first = [talk.open().snapshot, *(talk.ask(Next(), Stopped).snapshot for _ in range(3))]
    talk.session.restart()
    talk.hear(Opened)
    again = [talk.hear(Stopped).snapshot, *(talk.ask(Next(), Stopped).snapshot for _ in range(3))]
    assert [stop.index for stop in again] == [0, 1, 2, 3]
    assert [stop.loss.value for stop in first if stop.loss] == [stop.loss.value for stop in again if stop.loss]
    other = converse("")
    assert other.open().snapshot.loss.value != first[0].loss.value


@pytest.mark.parametrize(
    "how", ["os._exit(1)", "any(itertools.repeat(0))"], ids=["after a death", "while stuck in C code"]
)
def test_restart_gives_a_new_process(converse: Converse, tmp_path: Path, how: str) -> None:
    talk = converse(
        "import itertools, os\ndef setup(): print(os.getpid(), end='')\n"
        f"def backward():\n    open(argv[0], 'w').close()\n    {how}",
        str(tmp_path / "begun"),
    )
    pid = int(talk.open().snapshot.printed)
    talk.session.send(Do(Phase.BACKWARD))
    wait_for(tmp_path / "begun")
    talk.session.pause()
    talk.session.pause()
    talk.session.restart()
    while not isinstance(payload := talk.replies.get(timeout=PATIENCE).payload, Stopped):
        assert isinstance(payload, Died | Opened)
    assert int(payload.snapshot.printed) != pid
    assert gone(pid)
    assert talk.ask(Do(Phase.FORWARD), Stopped).snapshot.phase is Phase.FORWARD


def test_close_leaves_no_process_of_the_script(converse: Converse) -> None:
    talk = converse(
        "import os, subprocess\ndef setup(): print(os.getpid(), subprocess.Popen(['sleep', '1000']).pid, end='')"
    )
    pids = map(int, talk.open().snapshot.printed.split())
    talk.session.close()
    talk.session.close()
    assert all(map(gone, pids))


def test_a_script_that_is_left_ends_as_python_does(converse: Converse, tmp_path: Path) -> None:
    talk = converse(
        "import os\nfile = open(argv[0], 'w')\ndef setup(): file.write('not flushed'); print(os.getpid())",
        str(tmp_path / "log"),
    )
    pid = int(talk.open().snapshot.printed)
    talk.session.close()
    assert gone(pid)
    assert (tmp_path / "log").read_text() == "not flushed"


def test_a_death_takes_what_the_script_started_with_it(converse: Converse) -> None:
    talk = converse(
        "import os, subprocess\n"
        "def setup():\n"
        "    worker = os.fork()\n"
        "    if not worker:\n"
        "        os.read(os.pipe()[0], 1)\n"
        "    print(os.getpid(), worker, end='')"
    )
    main, worker = map(int, talk.open().snapshot.printed.split())
    os.kill(main, signal.SIGKILL)
    talk.hear(Died)
    assert gone(worker)


@pytest.mark.parametrize("backward", ["pass", "any(itertools.repeat(0))"], ids=["between two steps", "stuck in C code"])
def test_no_process_outlives_a_killed_debugger(tmp_path: Path, backward: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import itertools, os, subprocess\n"
        "def setup(): print(os.getpid(), *(subprocess.Popen(['sleep', '1000'], start_new_session=each).pid\n"
        "                                  for each in (False, True)))\n"
        f"def backward():\n    open(argv[0], 'w').close()\n    {backward}"
    )
    lonely = Path(__file__).parent / "lonely_debugger.py"
    debugger = subprocess.Popen(
        [sys.executable, lonely, script, tmp_path / "begun"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(lonely.parents[2])},
    )
    assert debugger.stdout is not None
    pids = [int(word) for word in debugger.stdout.readline().split()]
    assert len(pids) == 3
    wait_for(tmp_path / "begun")
    debugger.kill()
    debugger.wait()
    debugger.stdout.close()
    assert all(map(gone, pids))


def test_a_python_that_cannot_be_started_is_told(converse: Converse) -> None:
    talk = converse("", python="/no/such/python")
    talk.session.start(talk.replies.put)
    assert talk.hear(Died).message == "/no/such/python could not be started: No such file or directory."


def test_a_python_that_fails_before_it_says_anything_is_told_in_its_own_last_words(
    converse: Converse, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho one >&2\necho 'this Python is too old' >&2\nexit 1\n")
    python.chmod(0o755)
    talk = converse("", python=str(python))
    talk.session.start(talk.replies.put)
    assert talk.hear(Died).message == f"{python} cannot run it: this Python is too old."


def test_replies_of_a_replaced_debuggee_are_not_heard(converse: Converse) -> None:
    talk = converse("import time\ndef forward(): time.sleep(0.05)")
    talk.open()
    talk.session.send(Do(Phase.FORWARD))
    talk.session.restart()
    numbers = [talk.replies.get(timeout=PATIENCE).number for _ in range(2)]
    assert numbers == [3, 3]


def test_what_is_no_reply_of_ours_ends_the_debuggee(converse: Converse) -> None:
    talk = converse("import os, sys\ndef forward(): os.write(int(sys.argv[1]), b'\\0\\0\\0\\2{}')")
    talk.open()
    died = talk.ask(Do(Phase.FORWARD), Died)
    assert died.message.startswith("The program sent what this debugger does not understand: not a Reply")
    assert isinstance(Reply(0, died).payload, Died)


SETS_ITS_SESSION = """
import os, subprocess, sys, time
def setup():
    child = "import os, sys, time; os.setsid(); print(os.getpid(), file=open(sys.argv[1], 'w')); time.sleep(10**6)"
    subprocess.Popen([sys.executable, "-c", child, argv[0]])
    while not os.path.exists(argv[0]) or not open(argv[0]).read():
        time.sleep(0.01)
def backward(): os._exit(3)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="what left the process group cannot be found")
@pytest.mark.parametrize("how", ["it exits", "kill", "restart", "close"])
def test_a_child_with_a_session_of_its_own_does_not_survive(converse: Converse, tmp_path: Path, how: str) -> None:
    talk = converse(SETS_ITS_SESSION, str(tmp_path / "pid"))
    talk.open()
    child = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{child}/status").read_text().count("\nState:\tZ")
    if how == "it exits":
        assert talk.ask(Do(Phase.BACKWARD), Died).message.startswith("The program exited with status 3")
    elif how == "restart":
        (tmp_path / "pid").unlink()
        talk.session.restart()
    else:
        getattr(talk.session, how)()
    assert gone(child)


def test_what_does_not_react_is_killed_and_its_death_is_told(converse: Converse, tmp_path: Path) -> None:
    source = """
def backward():
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    open(argv[0], "w").close()
    import time
    time.sleep(10**6)
"""
    talk = converse(source, str(tmp_path / "begun"))
    talk.open()
    talk.session.send(Do(Phase.BACKWARD))
    wait_for(tmp_path / "begun")
    talk.session.pause()
    talk.session.pause()
    talk.session.kill()
    assert talk.hear(Died).message == "The program was killed, as you asked, during backward, line 2."
    talk.session.restart()
    talk.hear(Opened)
    assert talk.hear(Stopped).snapshot.stop_reason is StopReason.ENTRY
