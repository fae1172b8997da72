"""Serves a controller over the link: one request after another, on the main thread, which belongs to the script.

There is no second thread: forking (DataLoader workers) stays safe, and the script runs as it would alone. While it runs
on at full speed, the link is looked at every 50 ms between two blocks; what cannot wait for a block (a second ctrl+c)
comes as SIGINT, and that the debugger died is seen to by a guardian outside this process (see `bptui.debuggee`).
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import platform
import random
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from importlib import metadata, util
from types import FrameType
from typing import TYPE_CHECKING

from bptui.engine.checkpoint.fork import is_ours
from bptui.engine.errors import PROMPT, CannotCut, StepRefused
from bptui.engine.interpreter.output import Output
from bptui.engine.root import fork_living
from bptui.engine.run.forks import Forks, Handover, Woken
from bptui.protocol.beacon import Beacon
from bptui.protocol.codec import ProtocolError
from bptui.protocol.link import DebuggeeLink, inherited_link
from bptui.protocol.replies import (
    BreakpointsSet,
    Compared,
    Evaluated,
    Opened,
    Payload,
    Refused,
    Reply,
    Running,
    SeenAnew,
    Stopped,
    Uncut,
)
from bptui.protocol.requests import (
    Ask,
    Back,
    CheckGradients,
    Compare,
    Complete,
    Do,
    DrawCurve,
    Evaluate,
    GoTo,
    Inspect,
    Next,
    Open,
    Pause,
    Request,
    Run,
    RunBack,
    SetBreakpoints,
    SetValue,
    SetWatches,
    SetZeroing,
    ShowTape,
    Step,
)
from bptui.protocol.rows import Branch, Rows
from bptui.protocol.snapshot import Snapshot

if TYPE_CHECKING:
    from bptui.engine.controller import Controller

OpenScript = Callable[[Open, Output, Forks], "Controller"]
"""Cuts the script that is asked for; what it writes goes to that output; the process may be copied."""

TICK = 0.05
"""Seconds between two `Running` messages."""


class Server:
    """Answers requests until the debugger is gone."""

    def __init__(self, link: DebuggeeLink, beacon: Beacon, output: Output, open_script: OpenScript) -> None:
        self._link, self._beacon, self._output, self._open_script = link, beacon, output, open_script
        self._controller: Controller | None = None
        self._requests: deque[Request] = deque()
        """Requests that came while something ran."""
        self._number = 0
        """The number of the request being answered."""
        self._told: list[int] = []
        """Of each branch of the timeline, the first index that the debugger does not have."""
        self._mark = output.mark()
        """Up to where the debugger has the output."""
        self._paused = False
        self._next_tick = 0.0
        self._forks = Forks(beacon)
        self._forks.backlog, self._forks.take_backlog = lambda: list(self._requests), self._requests.extend

    def serve(self) -> None:
        """Answer until the link ends."""
        while True:
            try:
                message = self._requests.popleft() if self._requests else self._link.receive()
            except EOFError:
                return
            if isinstance(message, Request):  # a Pause that arrives when nothing runs is late
                self._number, self._paused = message.number, False
                self._next_tick = time.monotonic() + TICK
                self._answer_to(message.ask)

    def _answer_to(self, ask: Ask) -> None:
        answer = partial(self._answer, ask)
        while True:
            try:
                return self._reply(answer())
            except Woken as woken:  # this is another process by now: a copy that slept
                answer = partial(self._arrive, woken.handover)

    def _arrive(self, handover: Handover) -> Payload:
        """In a copy that was woken: answer what the process asked that it takes the place of."""
        self._number, self._told, self._requests = handover.known["server"]
        self._mark, self._paused = self._output.mark(), False
        self._forks.backlog, self._forks.take_backlog = lambda: list(self._requests), self._requests.extend
        assert self._controller is not None
        return self._stopped(self._controller.arrive(handover, pause=self._going_back))

    def interrupt(self, _signal: int, frame: FrameType | None) -> None:
        """Handle SIGINT: raise KeyboardInterrupt in the script's lines, and only there."""
        if self._forks.traveller:
            os.kill(self._forks.traveller, signal.SIGINT)
            return
        while frame is not None and self._controller is not None:
            if frame.f_code.co_filename in (self._controller.program.path, PROMPT):
                raise KeyboardInterrupt
            frame = frame.f_back
        self._paused = True

    def _answer(self, ask: Ask) -> Payload:
        try:
            return self._open(ask) if isinstance(ask, Open) else self._carry_out(ask)
        except StepRefused as refusal:
            return Refused(refusal.message, refusal.hint)
        except CannotCut as reason:
            return Uncut(reason.message, reason.line)
        except OSError as error:
            return Uncut(f"{error.filename}: {error.strerror}" if error.filename else str(error), None)
        except Exception as error:
            return Refused(
                f"bptui failed: {type(error).__name__}: {error}", "This is a fault of bptui, not of the script."
            )

    def _open(self, ask: Open) -> Payload:
        self._controller = self._open_script(ask, self._output, self._forks)
        self._controller.handover_state = lambda: {"server": (self._number, self._told, self._requests)}
        self._told = []
        self._controller.beacon = self._beacon.running
        self._reply(Opened(self._controller.program, platform.python_version(), _version_of("torch")))
        self._beacon.running(None, 0)
        return self._stopped(self._controller.start())

    def _carry_out(self, ask: Ask) -> Payload:
        controller = self._controller
        if controller is None:
            return Refused("No script is open.", "")
        match ask:
            case Next():
                return self._stopped(controller.next())
            case Do(phase):
                return self._stopped(controller.do(phase))
            case Step(move):
                return self._stopped(controller.step(move))
            case CheckGradients():
                return controller.check()
            case ShowTape():
                return controller.tape()
            case Run(goal, steps):
                return self._stopped(controller.run(goal, steps, pause=lambda: self._paused, progress=self._progress))
            case Back(steps):
                return self._stopped(controller.back(steps, pause=self._going_back))
            case Compare(steps):
                at, on, off = controller.compare(
                    steps,
                    pause=lambda: self._paused,
                    progress=self._progress,
                    ended=self._tell_progress,
                    returned=self._skip_output,
                )
                return Compared(self._stopped(at), at.index, on, off)
            case RunBack():
                return self._stopped(controller.run_back(pause=self._going_back))
            case SetBreakpoints(points):
                return BreakpointsSet(controller.set_breakpoints(points))
            case GoTo(index, branch):
                return self._stopped(controller.goto(index, branch, pause=self._going_back))
            case Evaluate(text):
                self._beacon.running(None, 0)
                evaluation, snapshot = controller.evaluate(text)
                stop = None if snapshot is None else self._stopped(snapshot)
                return Evaluated(evaluation.text, evaluation.failed, stop)
            case SetValue(name, value):
                return self._stopped(controller.set_value(name, value))
            case SetWatches(expressions):
                return SeenAnew(controller.set_watches(expressions))
            case Complete(text):
                return controller.complete(text)
            case SetZeroing(on):
                return SeenAnew(controller.set_zeroing(on))
            case DrawCurve(param, low, high, points):
                return controller.curve(param, low, high, points)
            case Inspect(name):
                return controller.inspect(name)
            case _:
                return Refused(f"bptui does not know how to {type(ask).__name__}.", "")

    def _progress(self) -> None:
        """Called after every block of a run."""
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._tell_progress()
        while self._link.waiting():
            try:
                message = self._link.receive()
            except EOFError:
                self._paused = True
                return
            if isinstance(message, Request):
                self._requests.append(message)
            elif isinstance(message, Pause):
                self._paused = True
        self._next_tick = time.monotonic() + TICK

    def _tell_progress(self) -> None:
        """Tell where a run is, and what it printed since that was told last."""
        printed, _errors = self._output.since(self._mark)
        rows, branches = self._news()
        self._reply(Running(rows, printed, branches, self._controller.logged() if self._controller else ""))

    def _skip_output(self) -> None:
        """The debugger had what was printed up to here before."""
        self._mark = self._output.mark()

    def _going_back(self) -> bool:
        """Asked after every step that runs again whether to give up. What it prints again was told before."""
        self._skip_output()
        self._progress()
        return self._paused

    def _stopped(self, snapshot: Snapshot) -> Stopped:
        assert self._controller is not None
        return Stopped(snapshot, *self._news(), self._controller.logged())

    def _news(self) -> tuple[tuple[Rows, ...], tuple[Branch, ...]]:
        """The rows and branches that the debugger does not have."""
        assert self._controller is not None
        rows: list[Rows] = []
        branches = self._controller.branches
        new = branches[len(self._told) :]
        self._told += [branch.at + 1 for branch in new]
        for number in range(len(branches)):
            rows += self._controller.stretches(number, self._told[number])
        for stretch in rows:
            self._told[stretch.branch] = stretch.first + len(stretch)
        return tuple(rows), tuple(branch for branch in new if branch.number)

    def _reply(self, payload: Payload) -> None:
        self._mark = self._output.mark()
        self._beacon.report(*self._mark)
        if not isinstance(payload, Running):
            self._beacon.idle()
        try:
            self._link.send(Reply(self._number, payload))
        except OSError:
            self._paused = True  # the debugger is gone; `receive` says so next


def open_script(ask: Open, output: Output, forks: Forks, *, seed: int) -> Controller:
    """The real thing: imports torch. The script's random numbers are those of the seed, unless it seeds by itself.

    Raises:
        CannotCut: torch cannot be imported, or the script cannot be stepped.
        OSError: the script cannot be read.
    """
    try:
        from bptui.engine.controller import Controller
    except ImportError as error:
        what = (
            "PyTorch is not installed" if util.find_spec("torch") is None else f"PyTorch cannot be imported ({error})"
        )
        raise CannotCut(
            f"{what} in {sys.executable}: install it there, or name another Python with --python."
        ) from error
    controller = Controller(ask.path, ask.argv, output=output, memory=ask.memory, forks=forks)
    gc.collect()
    gc.freeze()  # PyTorch's hundreds of thousands of objects need not be looked through again and again
    random.seed(seed)
    sys.modules["torch"].manual_seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)
    return controller


def main(link_file: int, beacon_file: int, open_script: OpenScript) -> None:
    """Be the debuggee's process, until the link ends."""
    beacon = Beacon(beacon_file)
    os.close(beacon_file)
    fork_living(beacon, link_file)
    link = inherited_link(link_file)
    # what the script starts must not keep the link open after our death
    os.register_at_fork(after_in_child=lambda: None if is_ours() else link.close())
    os.set_inheritable(link_file, False)
    server = Server(link, beacon, Output.of_process(), open_script)
    signal.signal(signal.SIGINT, server.interrupt)
    atexit.register(flush_files)  # the first one registered runs last, after the script's own
    try:
        server.serve()
    except ProtocolError as error:
        sys.exit(f"The debugger asked for what this debuggee does not understand: {error}")


def flush_files() -> None:
    """Write out the files that the script left open; Python would do so only for those of its own main module."""
    for each in gc.get_objects():
        if issubclass(type(each), io.TextIOWrapper | io.BufferedWriter | io.BufferedRandom):
            with contextlib.suppress(OSError, ValueError):  # a file that cannot be written to, or is closed
                each.flush()


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
