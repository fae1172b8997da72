"""Going to a step that has run: from the nearest checkpoint on, or from where the program is, or from the start."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from bptui.engine.breakpoints.manager import Hit
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.errors import StepRefused
from bptui.engine.run.checkpoints import Checkpoint
from bptui.engine.run.execution import NotThere
from bptui.engine.run.forks import Handover, Sleeper
from bptui.engine.run.program import Program
from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import Snapshot

IsPaused = Callable[[], bool]
"""Asked after every step that runs again whether to give up."""


class ArrivedElsewhere(Exception):
    """The program does not repeat itself, and could not be put back to where it had been either."""

    def __init__(self, snapshot: Snapshot) -> None:
        """`snapshot`: where it stands now, on a branch of its own."""
        super().__init__(snapshot.explain)
        self.snapshot = snapshot


class Travel:
    """One way back, or forth again.

    Where the process may be copied, a copy goes and takes this one's place when it arrives; else it goes by itself.
    """

    def __init__(self, program: Program, pause: IsPaused, handover_state: Callable[[], dict[str, Any]] = dict) -> None:
        """`handover_state`: gives what a copy that wakes up has to know, besides what the program knows."""
        self._program, self._pause, self._handover_state = program, pause, handover_state
        self._goal = 0
        """The index that it goes to; a little before it a sleeper is left, since more steps back may follow."""
        self._trial = False
        """Whether this is a copy that ends if it does not arrive."""
        self._wrote = program.execution.wrote
        self._present: Checkpoint | None = None
        """Where the program stood before."""

    def check(self, branch: int, index: int) -> int:
        """The index of that step; -1 is the last one of the branch.

        Raises:
            StepRefused: there is no such step.
        """
        history = self._program.history
        if not 0 <= branch < len(history.branches):
            raise StepRefused(f"There is no branch {branch}.", f"They are numbered 0 to {len(history.branches) - 1}.")
        last = history.last(branch)
        index = last if index == -1 else index
        if not 0 <= index <= last:
            raise StepRefused(f"There is no step {index} on branch {branch}.", f"They are numbered 0 to {last}.")
        return index

    def to(self, branch: int, index: int, *, wake: bool = True) -> Snapshot:
        """Stand at that step. `wake`: a copy that slept may go there and answer what was asked.

        A program that does not repeat itself stands where it stood before, and if that is out of reach too, behind the
        first step that went otherwise, on a branch of its own: the snapshot says so.

        Raises:
            StepRefused: there is no such step, or the program does not repeat itself. Nothing changed.
        """
        index = self.check(branch, index)
        program, here = self._program, (self._program.history.branch, self._program.history.index)
        if (
            program.forks is None
            or (here[1] == index and program.history.contains(branch, *here))
            or program.forks.trouble
        ):
            return self._by_itself(lambda: self._to(branch, index))
        while (
            wake and (sleeper := program.forks.nearest(program.history, branch, index, self._detailed_tail)) is not None
        ):
            if not self._is_nearer(sleeper, branch, index):
                break
            handover = Handover(branch, index, program.history, {**program.known(), **self._handover_state()})
            if (refusal := program.forks.wake(sleeper, handover)) is not None:
                raise refusal
        return program.forks.attempt(lambda: self.as_copy(lambda: self._to(branch, index)))

    def _is_nearer(self, sleeper: Sleeper, branch: int, index: int) -> bool:
        """Whether no other way leads there from as near."""
        program, here = self._program, (self._program.history.branch, self._program.history.index)
        if program.history.contains(branch, *here) and sleeper.index <= here[1] <= index:
            return False
        start = program.checkpoints.nearest(branch, index, self._detailed_tail)
        return start is None or start.index <= sleeper.index

    def _by_itself(self, go: Callable[[], Snapshot]) -> Snapshot:
        try:
            return go()
        except ArrivedElsewhere as elsewhere:
            return elsewhere.snapshot

    def as_copy(self, go: Callable[[], Snapshot]) -> Snapshot:
        """In a copy of the process: go there.

        Raises:
            StepRefused: the program does not repeat itself. This copy is of no use any more.
        """
        self._trial = True
        return go()

    def onwards(self, branch: int, index: int) -> Snapshot:
        """In a copy that was woken: go there from here; see `as_copy`."""
        return self.as_copy(lambda: self._to(branch, index))

    def _to(self, branch: int, index: int) -> Snapshot:
        history = self._program.history
        self._goal = index
        here = (history.branch, history.index)
        if history.index == index and history.contains(branch, *here):
            history.move_to(branch, index)
            return self._arrived(None)
        self._present = None if self._trial else self._program.checkpoints.keep(True)
        start = self._program.checkpoints.nearest(branch, index, self._detailed_tail)
        onwards = history.contains(branch, *here) and here[1] <= index
        if not onwards or (start is not None and start.index > here[1]):
            self._go_to(start)
        return self._not_undone(self._arrived(self._replay(branch, index, self._detailed_tail, self._follow)))

    def to_breakpoint(self) -> Snapshot:
        """Stand where the latest breakpoint before this stop was met, or else at the entry; see `to`.

        Raises:
            StepRefused: the program does not repeat itself. Nothing changed.
        """
        if self._program.forks is None or self._program.forks.trouble:
            return self._by_itself(self._to_breakpoint)
        return self._program.forks.attempt(lambda: self.as_copy(self._to_breakpoint))

    def _to_breakpoint(self) -> Snapshot:
        history, checkpoints = self._program.history, self._program.checkpoints
        branch, here = history.branch, history.index
        self._present = None if self._trial else checkpoints.keep(True)
        found = self._latest_met(branch, here) if self._program.execution.breakpoints.active else None
        if found is None:
            return self._to(branch, here if self._pause() else 0)
        index, hit = found
        self._go_to(self._program.checkpoints.nearest(branch, index, self._detailed_tail))
        self._pause = lambda: False  # it is found; the rest is short
        snapshot = self._arrived(self._replay(branch, index, self._detailed_tail, self._follow))
        snapshots = self._program.execution.snapshots
        snapshots.last = dataclasses.replace(snapshot, stop_reason=hit.reason)
        return self._not_undone(snapshots.say_met(hit.words))

    def _latest_met(self, branch: int, end: int) -> tuple[int, Hit] | None:
        """Where before that step a breakpoint was met last: what lies between two checkpoints runs again."""
        program = self._program
        counts = program.execution.breakpoints.counts()
        found: list[tuple[int, Hit]] = []

        def see(ran: RunBlock | None) -> bool:
            hit = program.execution.breakpoints.met(ran, program.execution.stepper.place)
            if hit is not None:
                found.append((program.history.index, hit))
            return not self._pause()

        try:
            while end > 1 and not found and not self._pause():
                self._go_to(program.checkpoints.nearest(branch, end - 2, 0))
                start = program.history.index
                with program.execution.running():
                    program.execution.breakpoints.begin(program.execution.stepper.place)
                self._replay(branch, end - 1, 0, see)
                end = start + 1
        finally:
            program.execution.breakpoints.restore(counts)
            program.execution.breakpoints.logged()
        return found[-1] if found else None

    @property
    def _detailed_tail(self) -> int:
        """So many steps before one that is gone to are looked at in detail: those of a turn."""
        return max(len(self._program.script.program.blocks), 2) + 1

    def _go_to(self, start: Checkpoint | None) -> None:
        """Stand at that checkpoint, or without one at the entry of a new execution."""
        if start is not None:
            self._program.checkpoints.bring_back(start)
        else:
            self._present = None  # of the execution that ends: it could not be brought back
            self._program.start_over()

    def _replay(
        self, branch: int, index: int, detailed_tail: int, progress: Callable[[RunBlock | None], bool]
    ) -> Snapshot | None:
        """Run again up to that step. Where that fails, the program is where it stood before it went back.

        Raises:
            StepRefused: the program does not repeat itself, or it was interrupted. Nothing changed.
            ArrivedElsewhere: the same, and it could not be put back.
        """
        program = self._program
        try:
            return program.execution.replay(branch, index, detailed_tail, progress)
        except NotThere as failed:
            if self._trial:
                raise StepRefused(failed.message, f"{failed.hint} Nothing changed.".strip()) from None
            if self._present is not None and program.checkpoints.usable(self._present.moment):
                program.checkpoints.bring_back(self._present)
                program.restore_zeroing()
                raise StepRefused(failed.message, f"{failed.hint} Nothing changed.".strip()) from None
            program.set_zeroing(failed.taken.zeroing)
            stop = program.execution.stop(failed.taken, failed.step)
            said = f"step {index} could not be gone to: {failed.message[0].lower()}{failed.message[1:]}"
            text = f"{said} It stands at step {stop.index} of branch {stop.branch}. {failed.hint}".strip()
            stop = dataclasses.replace(stop, explain=text)
            program.execution.snapshots.last = stop
            raise ArrivedElsewhere(stop) from None

    def _follow(self, ran: RunBlock | None) -> bool:
        """A step ran again: what breakpoints remember follows. Whether to go on."""
        program = self._program
        program.execution.breakpoints.stepped(ran, program.execution.stepper.place)
        left = self._goal - program.history.index
        program.checkpoints.leave_sleeper(False, soon=self._detailed_tail < left <= 4 * self._detailed_tail)
        return not self._pause()

    def _arrived(self, snapshot: Snapshot | None) -> Snapshot:
        """The program is at a step that had run before."""
        program = self._program
        program.restore_zeroing()
        snapshots = program.execution.snapshots
        snapshot = snapshot or snapshots.last
        assert snapshot is not None
        snapshots.settle(snapshot, program.history.branch, reason=StopReason.GOTO)
        holders = program.execution.recorder.holders()
        others = program.plain_variables.different(program.history.owner_number, program.history.index, holders)
        if others:
            snapshots.add(f"not as before, since it does not repeat: {', '.join(others)}")
        return snapshots.see_anew(program.zeroing)

    def _not_undone(self, snapshot: Snapshot) -> Snapshot:
        """Say so where steps were undone that had printed."""
        if self._program.execution.wrote >= self._wrote:
            return snapshot
        return dataclasses.replace(snapshot, explain=f"printed text stays; {snapshot.explain}")
