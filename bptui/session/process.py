"""The debuggee's process as the debugger holds it: started, listened to, killed with all that it started, and buried.

It leads a session and process group of its own, so a terminal's ctrl+c does not reach it and one kill ends it together
with its DataLoader workers, also when it is stuck in C code. What the script started in a session of its own is found
by a mark in its environment. If the debugger itself is killed, nobody can do that but the guardian: a shell that waits
at a pipe which only the debugger holds open.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from bptui.protocol.beacon import Beacon, beacon_file
from bptui.protocol.codec import ProtocolError
from bptui.protocol.files import nameless_file, read_text, size
from bptui.protocol.link import link_pair
from bptui.protocol.replies import Died, Reply
from bptui.session.descendants import NAME, kill_marked, new_mark

BOOT = Path(__file__).parents[1] / "engine" / "boot.py"
GRACE = 2
"""Seconds that a process which was left has to end as Python does: files are flushed, `atexit` functions run."""
GUARD = f"""\
read -r _ && exit  # a line: it was buried; the end of the pipe without one: the debugger is gone
for _ in $(seq {GRACE}0); do kill -0 "$0" || break; sleep 0.1; done
kill -s KILL -- "-$0"
for each in /proc/[0-9]*; do grep -Fqzx "$1" "$each/environ" && kill -s KILL "${{each#/proc/}}"; done
"""

SIGNALS = {
    signal.SIGKILL: "SIGKILL (out of memory, or killed from outside)",
    signal.SIGSEGV: "SIGSEGV (a segmentation fault in C code)",
    signal.SIGABRT: "SIGABRT (C code gave up)",
    signal.SIGBUS: "SIGBUS (often: no shared memory left)",
}


class Debuggee:
    """One process, from its start to its death."""

    def __init__(self, python: str, seed: int, replied: Callable[[Reply], None], died: Callable[[Died], None]) -> None:
        """To be run by `python`. `replied` and `died` are called on this debuggee's own thread."""
        self._python, self._seed, self._replied, self._died = python, seed, replied, died
        self.link, self._theirs = link_pair()
        self._files = nameless_file(), nameless_file()
        self._beacon_file = beacon_file()
        self._beacon = Beacon(self._beacon_file)
        self._process: subprocess.Popen[bytes] | None = None
        self._guardian: subprocess.Popen[bytes] | None = None
        self._spoke = False
        self._killed = False
        """Whether the debugger ended it itself, so that no `Died` is to follow."""
        self._given_up = False
        """Whether a person had it killed."""
        self._mark = new_mark()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start it in the background. What is sent over the link meanwhile waits there."""
        threading.Thread(target=self._live, name="debuggee", daemon=True).start()

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the script's own lines."""
        with self._lock:
            if self._process is not None and self._process.poll() is None and self._beacon.living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._beacon.living, signal.SIGINT)

    def leave(self) -> None:
        """Let it end by itself, and see to it that it does; returns at once. No `Died` follows."""
        with self._lock:
            self._killed = True
        self.link.hang_up()

    def give_up(self) -> None:
        """End it and all that it started, at once. `Died` follows: a person asked for it."""
        with self._lock:
            self._given_up = True
            self._kill_group()

    def kill(self) -> None:
        """End it and all that it started, at once. No `Died` follows."""
        with self._lock:
            self._killed = True
            self._kill_group()

    def _live(self) -> None:
        misunderstanding = ""
        try:
            self._start()
        except OSError as error:
            self._died(Died(f"{self._python} could not be started: {error.strerror}.", "", ""))
            return
        assert self._process is not None
        try:
            while self._process.poll() is None or self.link.waiting():
                if self.link.waiting(1.0):  # not for ever: something else may keep the other end open after a death
                    reply = self.link.receive()
                    self._spoke = True
                    self._replied(reply)
        except EOFError:
            pass
        except ProtocolError as error:
            misunderstanding = f"The program sent what this debugger does not understand: {error}"
        self._bury(self._process, misunderstanding)

    def _start(self) -> None:
        inherited = self._theirs.fileno(), self._beacon_file
        with self._lock:
            try:
                self._process = subprocess.Popen(
                    [self._python, str(BOOT), *map(str, inherited), str(self._seed)],
                    stdin=subprocess.DEVNULL,
                    stdout=self._files[0],
                    stderr=self._files[1],
                    pass_fds=inherited,
                    env={"PYTHONHASHSEED": str(self._seed), **os.environ, NAME: self._mark},
                    start_new_session=True,
                )
            finally:
                self._theirs.close()
            self._guardian = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, str(self._process.pid), f"{NAME}={self._mark}"],
                stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            if self._killed:
                self._kill_group()

    def _bury(self, process: subprocess.Popen[bytes], misunderstanding: str) -> None:
        """Wait for the process to end, report its death unless we ended it ourselves, and close all that it used."""
        try:
            status = process.wait(0 if misunderstanding else GRACE)
        except subprocess.TimeoutExpired:
            status = None  # it lives, but nobody can talk to it any more
        with self._lock:
            self._kill_group()
            process.wait()
            assert self._guardian is not None
            with contextlib.suppress(OSError):
                self._guardian.communicate(b"\n")
        self.link.close()
        beacon = self._beacon
        printed, errors = (
            read_text(file, seen, size(file)) for file, seen in zip(self._files, beacon.reported, strict=True)
        )
        for file in (*self._files, self._beacon_file):
            os.close(file)
        if not self._killed:
            how = "was killed, as you asked," if self._given_up else _how(status)
            message = misunderstanding or f"The program {how} {beacon.place}."
            if not self._spoke and errors:
                message = f"{self._python} cannot run it: {errors.splitlines()[-1]}."
            self._died(Died(message, printed, errors))

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            kill_marked(self._mark)


def _how(status: int | None) -> str:
    if status is None:
        return "cut its link to the debugger"
    if status >= 0:
        return f"exited with status {status}"
    try:
        number = signal.Signals(-status)
    except ValueError:
        return f"was killed by signal {-status}"
    return f"was killed by {SIGNALS.get(number, number.name)}"
