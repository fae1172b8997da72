"""Going back in copies of the process: a way back is tried in one, and sleeping ones are checkpoints of everything.

A copy that arrives takes the place of the process that asked, which ends without a trace; one that does not arrive ends
itself, and then nothing has changed, to the bit. Copies inherit the link to the debugger and all that is known; one
that slept is handed what came to be known since.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from bptui.engine.checkpoint.fork import fork, offsets, private_bytes, set_offsets, trouble
from bptui.engine.errors import StepRefused
from bptui.protocol.beacon import Beacon
from bptui.protocol.files import nameless_file, size

if TYPE_CHECKING:
    from bptui.engine.run.history import History

APART = 0.25
"""Seconds of running between two sleepers, at least: it can be run again without a long wait."""
SHARE = 30
"""And so many times what one costs to make: running loses at most 3 %."""
SHARE_STEPPING = 3
"""The same while a person steps."""
MOST = 24
"""So many sleepers at most."""
COPIED_PER_SECOND = 1e9
"""Bytes: what a copy shares with this process is copied page by page when it is written next, which takes time too."""
WAKE = signal.SIGUSR1

T = TypeVar("T")


@dataclass(frozen=True)
class Sleeper:
    """A copy of the process that stands still."""

    process: int
    branch: int
    index: int
    detailed: bool
    """Whether the steps before it were looked at in detail."""


@dataclass
class Handover:
    """What a copy that slept has to be told: what came to be known since, and where to go."""

    branch: int
    index: int
    history: History
    known: dict[str, Any]
    """The rest, by name, as those said who know it (see `Program.known` and `Server.known`)."""
    sleepers: list[Sleeper] = field(default_factory=list)


class Woken(BaseException):
    """Raised in a copy that slept, through all that it was doing: it is to go where the handover says."""

    def __init__(self, handover: Handover) -> None:
        super().__init__()
        self.handover = handover


class Forks:
    """The copies of one debuggee."""

    def __init__(self, beacon: Beacon) -> None:
        self._beacon = beacon
        self._paper = nameless_file()
        """Where the handover to a woken copy is written."""
        self._outcome, self._report = Pipe(duplex=False)
        """What became of a copy."""
        self.sleepers: list[Sleeper] = []
        self.traveller = 0
        """The copy that goes back now, while this process waits for it; 0 if there is none."""
        self.backlog: Callable[[], list[Any]] = list
        """What the debugger asked for while a copy went back; a copy that gives up hands it to the one that goes on."""
        self.take_backlog: Callable[[list[Any]], None] = lambda requests: None
        self._cost = self._since = 0.0
        self._largest = 0
        """How many bytes the largest sleeper had for itself."""
        self._began: float | None = None

    @property
    def trouble(self) -> str:
        """Why the process cannot be copied now; empty if it can."""
        return trouble([each.process for each in self.sleepers])

    # ---- trying a way back

    def attempt(self, travel: Callable[[], T]) -> T:
        """Do that in a copy, which takes this process's place when it is done. Returns in the copy.

        Raises:
            StepRefused: it was refused there. Nothing changed here.
        """
        read_at = offsets()
        copy = fork()
        if copy == 0:
            return self._take_over(travel)
        self.traveller = copy
        refusal = self._wait(copy)
        set_offsets(read_at)
        os.waitpid(copy, 0)
        raise refusal

    def _take_over(self, travel: Callable[[], T]) -> T:
        """In the copy: go there, and be the living one from then on."""
        self.traveller = 0
        try:
            arrived = travel()
        except StepRefused as refusal:
            self._give_up(refusal.message, refusal.hint)
        except Exception as error:
            self._give_up(f"bptui failed: {type(error).__name__}: {error}", "It is a fault of bptui; nothing changed.")
        self._beacon.living = os.getpid()
        self._report.send(None)
        return arrived

    def _give_up(self, message: str, hint: str) -> NoReturn:
        """In the copy: it did not arrive."""
        self._report.send((message, hint, self.backlog()))
        os._exit(0)

    def _wait(self, process: int) -> StepRefused:
        """Wait for what becomes of a copy, which that process is or makes. Ends this one where that took its place."""
        try:
            while True:
                while not self._outcome.poll(0.1):
                    if not _lives(process) and not self._outcome.poll():
                        return StepRefused("The program died on the way back.", "Nothing changed.")
                outcome = self._outcome.recv()
                if outcome is None:
                    os._exit(0)
                if not isinstance(outcome, int):
                    message, hint, backlog = outcome
                    self.take_backlog(backlog)
                    return StepRefused(message, hint)
                self.traveller = process = outcome
        finally:
            self.traveller = 0

    # ---- sleepers

    def running(self) -> None:
        """The script's lines begin to run."""
        self._began = time.perf_counter()

    def paused(self) -> None:
        """The script's lines no longer run."""
        if self._began is not None:
            self._since += time.perf_counter() - self._began
            self._began = None

    def visit(self, branch: int, index: int, room: int, *, detailed: bool, soon: bool) -> None:
        """The program is between two blocks: leave a sleeper if it is time for one.

        `room`: how many bytes all sleepers may take; `soon`: one is likely to be needed.
        """
        since = self._since + (time.perf_counter() - self._began if self._began is not None else 0.0)
        if since >= (SHARE_STEPPING * self._cost if soon else max(APART, SHARE * self._cost)):
            self.leave(branch, index, room, detailed=detailed)

    def leave(self, branch: int, index: int, room: int, *, detailed: bool) -> None:
        """Leave a copy that sleeps here, if that is safe. In each copy of it that is woken, `Woken` comes from here."""
        if any((each.branch, each.index) == (branch, index) for each in self.sleepers):
            return
        started = time.perf_counter()
        if not self.trouble:
            read_at = offsets()
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, [WAKE])
            copy = fork()
            if copy == 0:
                self._sleep(mask, read_at)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self.sleepers.append(Sleeper(copy, branch, index, detailed))
            self._keep_to(room)
        now = time.perf_counter()
        self._cost, self._since = now - started + self._largest / COPIED_PER_SECOND, 0.0
        if self._began is not None:
            self._began = now

    def _keep_to(self, room: int) -> None:
        """End the least useful sleepers, until there are not too many and what they take fits in."""
        sizes = {each: private_bytes(each.process) for each in self.sleepers}
        self._largest = max(sizes.values())
        while self.sleepers and (len(self.sleepers) > MOST or sum(sizes.values()) > room):
            gone = self._least_useful()
            del sizes[gone]
            self._end(gone)

    def _sleep(self, mask: set[int | signal.Signals], read_at: dict[int, int]) -> None:
        """In the copy: wait to be woken, again and again; each time another copy goes where it is told."""
        while True:
            signal.sigwait([WAKE])
            middle = fork()
            if middle == 0:
                if fork():
                    os._exit(0)  # so that nobody who sleeps is the parent of one who lives
                self._report.send(os.getpid())
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                set_offsets(read_at)
                raise Woken(pickle.loads(os.pread(self._paper, size(self._paper), 0)))
            os.waitpid(middle, 0)

    def nearest(self, history: History, branch: int, index: int, detailed_tail: int) -> Sleeper | None:
        """The latest sleeper from which that step can be reached, the last `detailed_tail` steps in detail."""
        self.sleepers = [each for each in self.sleepers if self._sleeps(each)]
        before = [
            each
            for each in self.sleepers
            if each.index <= (index if each.detailed else index - detailed_tail)
            and history.contains(branch, each.branch, each.index)
        ]
        return max(before, key=lambda each: each.index, default=None)

    def wake(self, sleeper: Sleeper, handover: Handover) -> StepRefused | None:
        """Let a copy of it go where the handover says. Returns only where that did not arrive: nothing changed.

        None if the sleeper itself is gone: it was killed, say where memory ran out.
        """
        handover.sleepers = self.sleepers
        read_at = offsets()
        os.truncate(self._paper, 0)
        os.write(self._paper, pickle.dumps(handover, protocol=5))
        os.kill(sleeper.process, WAKE)
        refusal = self._wait(sleeper.process)
        set_offsets(read_at)
        if not self._sleeps(sleeper):
            self._end(sleeper)
            return None
        return refusal

    def arrive(self, handover: Handover, travel: Callable[[], T]) -> T:
        """In a copy that was woken: go there, and be the living one from then on."""
        self.sleepers = handover.sleepers
        self._since, self._began = 0.0, None
        return self._take_over(travel)

    def end_all(self) -> None:
        """The timeline begins anew: no sleeper leads anywhere any more."""
        while self.sleepers:
            self._end(self.sleepers[0])

    def _sleeps(self, sleeper: Sleeper) -> bool:
        """Whether it is still there: memory may have run out."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(sleeper.process, os.WNOHANG)
        return _lives(sleeper.process)

    def _end(self, sleeper: Sleeper) -> None:
        self.sleepers.remove(sleeper)
        with contextlib.suppress(ProcessLookupError):
            os.kill(sleeper.process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # another process's child, which that one or the root buries
            os.waitpid(sleeper.process, 0)

    def _least_useful(self) -> Sleeper:
        """The one that leaves the smallest gap, seen from the latest; of two the earlier."""
        if len(self.sleepers) < 3:
            return self.sleepers[0]
        ordered: Sequence[Sleeper] = sorted(self.sleepers, key=lambda each: each.index)
        newest = ordered[-1].index
        gaps = [
            ((after.index - before.index) / (newest - here.index + 1), here)
            for before, here, after in zip(ordered, ordered[1:], ordered[2:], strict=False)
        ]
        return min(gaps, key=lambda each: each[0])[1]


def _lives(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
