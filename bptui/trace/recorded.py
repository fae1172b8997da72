"""A recorded run as a session: it is gone through step by step, and nothing of it runs. No torch is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bptui.protocol.breakpoint import BreakpointState
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import (
    BreakpointsSet,
    Completed,
    CurveDrawn,
    Listener,
    Opened,
    Payload,
    Refused,
    Reply,
    SeenAnew,
    Stopped,
)
from bptui.protocol.requests import (
    Ask,
    Back,
    Complete,
    Do,
    DrawCurve,
    GoTo,
    Inspect,
    Next,
    Run,
    RunBack,
    SetBreakpoints,
    SetWatches,
    Step,
)
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.protocol.tape import Move
from bptui.trace.errors import NotATrace
from bptui.trace.inspected import inspected, watched
from bptui.trace.moves import breakpoint_before, end_of_run, main_branch
from bptui.trace.short import as_recorded, in_short
from bptui.trace.timeline import Timeline

RECORDED = "This is a recorded run: it can be looked at, but nothing runs in it."
UNMET = "a recorded run stops only where it stopped when it was recorded"
TURN = 64
"""At most so many rows are looked at for what ran in the same turn of the loop."""


class Refusal(Exception):
    """It cannot be done; why, and what can."""


class RecordedSession:
    """A session over a trace. Each request is answered before `send` returns."""

    def __init__(self, path: Path, at: tuple[int, int] | None = None, note: str = "") -> None:
        """Over that file; to begin at that branch and step (default: the entry), of which the note is said.

        Raises:
            NotATrace: it is not one, or cannot be read.
        """
        self.timeline = Timeline.open(path)
        program = self.timeline.program
        if program is None or self.timeline.last(0) < 0:
            self.timeline.close()
            raise NotATrace(f"{path} has no steps: the program did not come to its loop.")
        self.program: ProgramInfo = program
        self._listener: Listener | None = None
        self._number = 0
        self._first = at or (main_branch(self.timeline), 0)
        self._note = note
        self._watches: tuple[str, ...] | None = None
        """None: those of each stop as they were recorded."""
        self._branch, self._index = self._first
        self._known: Snapshot | None = None
        """The latest kept snapshot that was seen: what of it does not change is taken for steps without one."""

    def start(self, listener: Listener) -> None:
        """Send `Opened` and then `Stopped` at the step where it begins."""
        self._listener = listener
        self.restart()

    def restart(self) -> None:
        """Go to the step where it began, as a restarted program would: `Opened` and `Stopped` follow."""
        self._number += 1
        self._branch, self._index = self._first
        self._reply(Opened(self.program, *self.timeline.versions))
        self._reply(self._answer_safely(lambda: replace(self._stop(), branches=self.timeline.branches[1:])))

    def send(self, ask: Ask) -> int:
        """Ask for something; the listener hears the answer before this returns its number."""
        self._number += 1
        number = self._number
        self._reply(self._answer_safely(lambda: self._answer(ask)))
        return number

    def pause(self) -> None:
        """Nothing runs."""

    def kill(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Close the file."""
        self._listener = None
        self.timeline.close()

    def _reply(self, payload: Payload) -> None:
        if self._listener is not None:
            self._listener(Reply(self._number, payload))

    def _answer_safely(self, answer: Callable[[], Payload]) -> Payload:
        try:
            return answer()
        except Refusal as refusal:
            return Refused(*refusal.args)
        except NotATrace as damage:
            return Refused(str(damage), "The file is damaged there; other steps may be whole.")

    def _answer(self, ask: Ask) -> Payload:
        match ask:
            case Next():
                return self._on()
            case Do(phase):
                self._check_phase(phase)
                return self._on()
            case Back(steps):
                return self._back(steps)
            case Step(Move.BACK):
                return self._back(1)
            case GoTo(index, branch):
                return self._go(index, self._branch if branch is None else branch)
            case RunBack():
                return self._go(breakpoint_before(self.timeline, self._branch, self._index), self._branch)
            case Run(goal, steps):
                self._check_going()
                return self._walk(end_of_run(self.timeline, self._branch, self._index, goal, steps))
            case Inspect(name):
                found = inspected(name, self._snapshot())
                if found is None:
                    raise Refusal(f"There is no {name} in what was kept of this step.", "")
                return found
            case DrawCurve(param):
                return CurveDrawn(param, (), (), None, None, None, "this is a recorded run: nothing can be computed")
            case SetWatches(expressions):
                self._watches = expressions
                return SeenAnew(self._snapshot())
            case SetBreakpoints(breakpoints):
                return BreakpointsSet(tuple(BreakpointState(each.number, False, UNMET, 0) for each in breakpoints))
            case Complete(text):
                return Completed(len(text), ())
            case Step():
                raise Refusal("A recorded run has no inside of a phase.", "`next` goes on by a whole phase.")
            case _:
                raise Refusal(RECORDED, f"bptui {self.program.name} runs the script itself.")

    # ---- going through it

    def _on(self) -> Stopped:
        self._check_going()
        return self._walk(self._index + 1)

    def _walk(self, index: int) -> Stopped:
        """Go on to a later step; the stop reason is the recorded one."""
        self._index = index
        return self._stop()

    def _back(self, steps: int) -> Stopped:
        if self._index == 0:
            raise Refusal("This is the entry: nothing has run before it.", "`next` goes to the first phase.")
        return self._go(max(self._index - steps, 0), self._branch)

    def _go(self, index: int, branch: int) -> Stopped:
        """Go to any step of any branch; the stop reason is `goto`, and nothing is printed again."""
        branches = self.timeline.branches
        if all(each.number != branch for each in branches):
            raise Refusal(f"There is no branch {branch}.", f"They are numbered 0 to {len(branches) - 1}.")
        last = self.timeline.last(branch)
        index = last if index == -1 else index
        if not 0 <= index <= last:
            raise Refusal(f"There is no step {index} on branch {branch}.", f"They are numbered 0 to {last}.")
        self._branch, self._index = branch, index
        there = replace(self._snapshot(), stop_reason=StopReason.GOTO, printed="", errors="")
        return Stopped(there, ())

    def _check_going(self) -> None:
        if self._index >= self.timeline.last(self._branch):
            death = self.timeline.died
            raise Refusal(
                f"The recording ends here.{f' {death}' if death else ''}",
                "`back` goes back, `first` to its first step.",
            )

    def _check_phase(self, phase: Phase) -> None:
        following = self.timeline.row(self._branch, self._index + 1)
        if following is not None and following.phase is not phase:
            did = str(following.phase) if following.phase else f"`{following.edit}`"
            raise Refusal(f"This is a recorded run, and what it did next was {did}.", "`next` goes along with it.")

    # ---- what is seen there

    def _stop(self) -> Stopped:
        return Stopped(self._snapshot(), ())

    def _snapshot(self) -> Snapshot:
        """What is known of where it stands."""
        snapshot = replace(self._known_here(), branch=self._branch)
        if self._watches is not None:
            snapshot = replace(snapshot, watches=tuple(watched(each, snapshot) for each in self._watches))
        noted = self._note and (self._branch, self._index) == self._first
        return replace(snapshot, explain=self._note) if noted else snapshot

    def _nearest(self) -> Snapshot | None:
        """A snapshot near by; where it is damaged the last one that was seen."""
        try:
            return self.timeline.nearest(self._branch, self._index) or self._known
        except NotATrace:
            return self._known

    def _known_here(self) -> Snapshot:
        rows = self.timeline.rows(self._branch, self._index - TURN, self._index + 2)
        row = next((each for each in rows if each.index == self._index), None)
        if row is None:
            raise NotATrace(f"{self.timeline.path} is damaged: step {self._index} is missing.")
        before = next((each for each in rows if each.index == self._index - 1), None)
        following = rows[-1] if rows[-1].index == self._index + 1 else None
        snapshot = self.timeline.snapshot(self._branch, self._index)
        if snapshot is not None:
            self._known = snapshot
            return as_recorded(snapshot, row, before, following, self.program)
        like = self._nearest()
        if like is None:
            raise NotATrace(f"{self.timeline.path} is damaged: of step {self._index} too little was kept.")
        turn = [each for each in rows if each.index <= self._index]
        while (turn[0].epoch, turn[0].sample) != (row.epoch, row.sample):
            turn.pop(0)
        return in_short(row, before, turn, following, like, self.program)
