"""The line mode: commands as words, one a line, and for each stop a readable line or a JSON object.

It serves screen readers, scripts and tests. All happens in turn: a command is read once the one before is answered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import TextIOWrapper
from queue import Empty, SimpleQueue
from types import FrameType

from bptui.commands.parse import NotUnderstood, asked, check_alone, no_command, read
from bptui.plain.commands import PlainCommands
from bptui.plain.printers import Json, Printer, Readable
from bptui.protocol.phase import Goal, StopReason
from bptui.protocol.replies import (
    BreakpointsSet,
    Compared,
    Died,
    Evaluated,
    GradientsChecked,
    Opened,
    Refused,
    Reply,
    Running,
    SeenAnew,
    Stopped,
    TapeShown,
    Uncut,
)
from bptui.protocol.requests import Ask, CheckGradients, Evaluate, Next, Run, SetZeroing, ShowTape
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.protocol.words import counted
from bptui.render.text.gate import complain
from bptui.session.live import Session

Answer = (
    Stopped | SeenAnew | TapeShown | GradientsChecked | Evaluated | BreakpointsSet | Compared | Refused | Uncut | Died
)

INTERRUPTS = 2
"""So often ctrl+c is handed on: it pauses, and then raises KeyboardInterrupt in the script."""
UNCUT = 2
"""The exit status when the script cannot be stepped."""
DIED = 1
"""The exit status when the debuggee had died at the end of the input."""


class LineMode:
    """Reads commands, asks the session, prints what it tells."""

    def __init__(self, session: Session, printer: Printer, *, remembers: bool = True) -> None:
        """`remembers`: whether breakpoints and watches are those of the last start, and are there again at the next."""
        self._session, self._printer = session, printer
        self._replies: SimpleQueue[Reply | None] = SimpleQueue()
        """What the session told; None for a ctrl+c."""
        self._waiting = False
        self._program: ProgramInfo | None = None
        self._snapshot: Snapshot | None = None
        self._dead = False
        self._said_passed_over = False
        self._evaluating = ""
        """What the debuggee is asked to evaluate."""
        self._commands = PlainCommands(session, printer, self._ask, self._branch, remembers=remembers)

    def run(self) -> int:
        """Until the input ends or `quit`. Returns the exit status."""
        with self._pausing_at_ctrl_c():
            self._session.start(self._replies.put)
            opening = self._answer()
            if isinstance(opening, Uncut):
                complain(f"{_place(opening)}{opening.message}")
                return UNCUT
            self._show(opening)
            self._begin()
            for line in _lines():
                self._catch_up()
                if line.strip() and not self._obey(line.strip()):
                    break
            self._catch_up()
        return DIED if self._dead else 0

    def _begin(self) -> None:
        """The program stands at its entry."""
        if self._program is not None and not self._dead:
            self._commands.open(self._program.path)
            self._say_passed_over()

    def _say_passed_over(self) -> None:
        """Once, on stderr: what earlier starts set is not set now."""
        points, watches = self._commands.breakpoints.passed_over, self._commands.watches.passed_over
        if not self._said_passed_over and points + watches:
            self._said_passed_over = True
            before = f"{counted(points, 'breakpoint')}, {counted(watches, 'watch')}"
            sys.stderr.write(
                f"bptui: what was set for this script before ({before}) is not set now, "
                "since the commands are piped; --remembered sets it.\n"
            )

    def _branch(self) -> int:
        return self._snapshot.branch if self._snapshot is not None else 0

    def _obey(self, line: str) -> bool:
        """Carry out a line, which is read as the screen reads one. False where it is the end."""
        try:
            command, argument = read(line)
            if command is None or command.id == "eval":
                self._evaluate(argument)
            elif (request := asked(command, argument)) is not None:
                self._repeat(*request)
            elif command.id in self._commands.handlers:
                self._commands.carry_out(command.id, argument)
            else:
                check_alone(command, argument)
                return self._obey_word(command.id)
        except NotUnderstood as error:
            self._printer.error(Refused(*error.args))
        return True

    def _obey_word(self, command: str) -> bool:
        """Carry out a command that takes nothing. False where it is the end."""
        if command == "restart":
            self._session.restart()
            self._show(self._answer())
            self._begin()
        elif command == "tape":
            self._ask(ShowTape())
        elif command == "check":
            self._ask(CheckGradients())
        elif command == "zeroing":
            self._ask(SetZeroing(self._snapshot is None or not self._snapshot.zeroing))
        return command != "quit"

    def _evaluate(self, text: str) -> None:
        if not text:
            raise NotUnderstood("Evaluate what?", "eval w.grad.norm()")
        self._evaluating = text
        self._ask(Evaluate(text))

    def _repeat(self, ask: Ask, times: int) -> None:
        if isinstance(ask, Next) and times > 1 and self._commands.breakpoints.enabled:
            ask = Run(Goal.END, 1)  # as in gdb, several steps stop at a breakpoint
        for _ in range(times):
            if not self._ask(ask):
                break

    def _ask(self, ask: Ask) -> bool:
        """Ask and print the answer. Returns whether to go on to the next repetition."""
        return self._show(self._answer(self._session.send(ask)))

    def _catch_up(self) -> None:
        """Show a death that came when nothing was asked."""
        while not self._replies.empty():
            if (reply := self._replies.get()) is not None and isinstance(reply.payload, Died):
                self._show(reply.payload)

    def _answer(self, number: int | None = None) -> Answer:
        """The answer to the request of that number (None: to the script's opening).

        A ctrl+c meanwhile pauses what runs, and a second one interrupts the block itself. What does not react to that,
        since it is in C code, can be killed.
        """
        printed, pressed = "", 0
        self._waiting = True
        while True:
            reply = self._next_reply()
            if reply is None:
                pressed += 1
                self._ctrl_c(pressed)
            elif isinstance(reply.payload, Opened):
                self._program = reply.payload.program
            elif isinstance(reply.payload, Running):
                printed += reply.payload.printed
                self._show_logged(reply.payload.logged)
            elif isinstance(reply.payload, Died) and number not in (None, reply.number):
                self._show(reply.payload)  # it came before we asked; the answer says so again
            elif isinstance(reply.payload, Answer):
                self._waiting = False
                payload = reply.payload
                return replace(payload, printed=printed + payload.printed) if isinstance(payload, Died) else payload

    def _next_reply(self) -> Reply | None:
        """The next reply, or None for a ctrl+c, waiting for it.

        Not in one wait: a ctrl+c that comes in the moment before Python begins to wait is handled only after it.
        """
        while True:
            with suppress(Empty):
                return self._replies.get(timeout=0.1)

    def _ctrl_c(self, pressed: int) -> None:
        """It was pressed so often while one command runs."""
        if pressed <= INTERRUPTS:
            self._session.pause()
        elif pressed == INTERRUPTS + 1:
            sys.stderr.write("bptui: the script does not react; once more kills it, and restart begins again.\n")
            sys.stderr.flush()
        else:
            self._session.kill()

    def _show_logged(self, logged: str) -> None:
        """What logpoints said."""
        for line in logged.splitlines():
            self._printer.show({"log": line}, [line])

    def _show(self, payload: Answer) -> bool:
        if isinstance(payload, Stopped):
            self._show_logged(payload.logged)
        if isinstance(payload, SeenAnew) and self._snapshot and payload.snapshot.zeroing == self._snapshot.zeroing:
            self._snapshot = payload.snapshot
            self._commands.show_watches(payload.snapshot)
            return True
        if isinstance(payload, Refused) and self._commands.quiet:
            return False
        if isinstance(payload, Stopped | SeenAnew):
            self._dead = False
            self._snapshot = payload.snapshot
            assert self._program is not None
            show = self._printer.zeroing if isinstance(payload, SeenAnew) else self._printer.stop
            show(payload.snapshot, self._program)
            return payload.snapshot.stop_reason is StopReason.STEP
        if isinstance(payload, TapeShown):
            self._printer.tape(payload, self._snapshot)
            return True
        if isinstance(payload, GradientsChecked):
            self._printer.check(payload)
            return True
        if (
            isinstance(payload, Evaluated)
            and payload.failed
            and (slip := no_command(self._evaluating, payload.text)) is not None
        ):
            self._printer.error(Refused(*slip.args))
            return False
        if isinstance(payload, Evaluated | BreakpointsSet | Compared):
            self._commands.show(payload)
            if not isinstance(payload, BreakpointsSet) and payload.stop is not None:
                self._show(payload.stop)
            return True
        self._dead = self._dead or isinstance(payload, Died)
        self._printer.error(payload)
        return False

    @contextmanager
    def _pausing_at_ctrl_c(self) -> Iterator[None]:
        def interrupted(_signal: int, _frame: FrameType | None) -> None:
            if not self._waiting:
                raise KeyboardInterrupt
            self._replies.put(None)  # a SimpleQueue may be put to from a signal handler

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def run(session: Session, *, as_json: bool, remembers: bool = False) -> int:
    """Step through the session's program by words from stdin. Returns the exit status.

    Breakpoints and watches of earlier starts are there again where a person types, or if it `remembers`; commands that
    are piped mean the same every time.
    """
    remembers = remembers or sys.stdin.isatty()
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return LineMode(session, Json() if as_json else Readable(), remembers=remembers).run()
    except BrokenPipeError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    finally:
        session.close()


def _lines() -> Iterator[str]:
    """The lines of the input; a prompt where a person types them."""
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    import readline  # noqa: F401 (`input` then edits the line and remembers)

    while True:
        try:
            yield input("> ")
        except EOFError:
            return


def _place(uncut: Uncut) -> str:
    return f"line {uncut.line}: " if uncut.line else ""
