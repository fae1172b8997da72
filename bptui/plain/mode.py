"""The line mode: commands as words, one a line, and for each stop a readable line or a JSON object.

It serves screen readers, scripts and tests. All happens in turn: a command is read once the one before is answered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import TextIOWrapper
from queue import SimpleQueue
from types import FrameType

from bptui.commands.parse import STEPS, NotUnderstood
from bptui.commands.table import BY_WORD, Command
from bptui.plain.printers import Json, Printer, Readable
from bptui.plain.words import TimeMode
from bptui.protocol.messages import (
    Ask,
    BreakpointsSet,
    CheckGradients,
    Compared,
    Died,
    Evaluated,
    GradientsChecked,
    Opened,
    Refused,
    Reply,
    Run,
    Running,
    SeenAnew,
    SetZeroing,
    ShowTape,
    Stopped,
    TapeShown,
    Uncut,
)
from bptui.protocol.phase import Goal, StopReason
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.render.text.gate import complain
from bptui.session.live import Session

Answer = (
    Stopped | SeenAnew | TapeShown | GradientsChecked | Evaluated | BreakpointsSet | Compared | Refused | Uncut | Died
)

UNCUT = 2
"""The exit status when the script cannot be stepped."""
DIED = 1
"""The exit status when the debuggee had died at the end of the input."""


class LineMode:
    """Reads commands, asks the session, prints what it tells."""

    def __init__(self, session: Session, printer: Printer) -> None:
        self._session, self._printer = session, printer
        self._replies: SimpleQueue[Reply | None] = SimpleQueue()
        """What the session told; None for a ctrl+c."""
        self._waiting = False
        self._program: ProgramInfo | None = None
        self._snapshot: Snapshot | None = None
        self._dead = False
        self._time = TimeMode(session, printer, self._ask)

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
                words = line.split()
                if words and BY_WORD.get(words[0]) is BY_WORD["quit"]:
                    break
                if words:
                    self._obey(words, line.strip()[len(words[0]) :].strip())
            self._catch_up()
        return DIED if self._dead else 0

    def _begin(self) -> None:
        """The program stands at its entry."""
        if self._program is not None and not self._dead:
            self._time.opened(self._program.path)

    def _obey(self, words: list[str], argument: str) -> None:
        command = BY_WORD.get(words[0])
        try:
            if command is None:
                raise ValueError(f"There is no command {words[0]!r}.")
            if command.id == "help":
                self._printer.help()
            elif command.id == "restart":
                _at_most(words, 1)
                self._session.restart()
                self._show(self._answer())
                self._begin()
            elif command.id in ("tape", "check"):
                _at_most(words, 1)
                self._ask(ShowTape() if command.id == "tape" else CheckGradients())
            elif command.id == "zeroing":
                self._ask(SetZeroing(self._zeroing(words)))
            elif not self._time.obey(command, argument, self._snapshot.branch if self._snapshot else 0):
                self._repeat(command, _count(words) if command.argument else _at_most(words, 1))
        except NotUnderstood as error:
            self._printer.error(Refused(*error.args))
        except ValueError as error:
            self._printer.error(Refused(str(error), "help lists the commands."))

    def _repeat(self, command: Command, times: int) -> None:
        ask = STEPS.get(command.id)
        if ask is None:
            raise ValueError(f"{command.words[0]} is for the screen.")
        if command.id == "next" and times > 1 and self._time.stops:
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
            if (reply := self._replies.get()) is not None and isinstance(reply.tell, Died):
                self._show(reply.tell)

    def _answer(self, number: int | None = None) -> Answer:
        """The answer to the request of that number (None: to the script's opening).

        A ctrl+c meanwhile pauses what runs.
        """
        printed = ""
        self._waiting = True
        while True:
            reply = self._replies.get()
            if reply is None:
                self._session.pause()
            elif isinstance(reply.tell, Opened):
                self._program = reply.tell.program
            elif isinstance(reply.tell, Running):
                printed += reply.tell.printed
                self._tell_logged(reply.tell.logged)
            elif isinstance(reply.tell, Died) and number not in (None, reply.number):
                self._show(reply.tell)  # it came before we asked; the answer says so again
            elif isinstance(reply.tell, Answer):
                self._waiting = False
                tell = reply.tell
                return replace(tell, printed=printed + tell.printed) if isinstance(tell, Died) else tell

    def _tell_logged(self, logged: str) -> None:
        """What logpoints said."""
        for line in logged.splitlines():
            self._printer.tell({"log": line}, [line])

    def _show(self, tell: Answer) -> bool:
        if isinstance(tell, Stopped):
            self._tell_logged(tell.logged)
        if isinstance(tell, SeenAnew) and self._snapshot and tell.snapshot.zeroing == self._snapshot.zeroing:
            self._snapshot = tell.snapshot
            self._time.show_watches(tell.snapshot)
            return True
        if isinstance(tell, Refused) and self._time.quiet:
            return False
        if isinstance(tell, Stopped | SeenAnew):
            self._dead = False
            self._snapshot = tell.snapshot
            assert self._program is not None
            show = self._printer.zeroing if isinstance(tell, SeenAnew) else self._printer.stop
            show(tell.snapshot, self._program)
            return tell.snapshot.stop_reason is StopReason.STEP
        if isinstance(tell, TapeShown):
            self._printer.tape(tell, self._snapshot)
            return True
        if isinstance(tell, GradientsChecked):
            self._printer.check(tell)
            return True
        if isinstance(tell, Evaluated | BreakpointsSet | Compared):
            self._time.show(tell)
            if not isinstance(tell, BreakpointsSet) and tell.stop is not None:
                self._show(tell.stop)
            return True
        self._dead = self._dead or isinstance(tell, Died)
        self._printer.error(tell)
        return False

    def _zeroing(self, words: list[str]) -> bool:
        _at_most(words, 2)
        if len(words) == 1:
            return self._snapshot is None or not self._snapshot.zeroing
        if words[1] not in ("on", "off"):
            raise ValueError(f"zeroing is on or off, not {words[1]!r}.")
        return words[1] == "on"

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


def run(session: Session, *, as_json: bool) -> int:
    """Step through the session's program by words from stdin. Returns the exit status."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return LineMode(session, Json() if as_json else Readable()).run()
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


def _count(words: list[str]) -> int:
    _at_most(words, 2)
    if len(words) == 1:
        return 1
    if not words[1].isdecimal() or int(words[1]) == 0:
        raise ValueError(f"{words[0]} takes a number from 1, not {words[1]!r}.")
    return int(words[1])


def _at_most(words: list[str], number: int) -> int:
    if len(words) > number:
        raise ValueError(f"{words[0]} does not take {' '.join(words[number:])!r}.")
    return 1


def _place(uncut: Uncut) -> str:
    return f"line {uncut.line}: " if uncut.line else ""
