"""Checkpoints: sparse, within a budget of memory; between them the script runs again.

One is made when an iteration begins and enough time went by since the last one, so that neither making them nor
running on from the nearest one is felt.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bptui.engine.breakpoints.manager import Memory
from bptui.engine.checkpoint.heap import HeapSnapshot, weigh
from bptui.engine.checkpoint.resident import ResidentMemory
from bptui.engine.interpreter.frames import Entered
from bptui.engine.interpreter.items import Items
from bptui.engine.interpreter.unwind import Finally
from bptui.engine.run.execution import Execution
from bptui.engine.run.forks import Forks, Woken
from bptui.engine.tensors.saved import Unusable
from bptui.protocol.snapshot import Snapshot

APART = 0.02
"""Seconds of running between two checkpoints, at least: to run that again, step by step, is not felt."""
SHARE = 40
"""And so many times what one costs to make, while running on: they take a fortieth of the time."""
SHARE_STEPPING = 2
"""The same while a person steps: there is time, and a step back should be quick."""


@dataclass(eq=False)
class Checkpoint:
    """The state of the debuggee that a step can be restored from."""

    branch: int
    index: int
    moment: HeapSnapshot
    snapshot: Snapshot
    """The latest one that was made then."""
    detailed: bool
    """Whether the steps before it were looked at in detail."""
    noticed: Memory
    """What breakpoints remembered."""
    wrote: int
    """`Execution.wrote` then."""


class Checkpoints:
    """The checkpoints of one execution."""

    def __init__(self, execution: Execution, memory: int, forks: Forks | None) -> None:
        """`memory`: how many bytes all checkpoints may take. `forks`: where the process may be copied."""
        self._execution, self._memory, self._forks = execution, memory, forks if memory else None
        self._heap = execution.heap
        self._checkpoints: list[Checkpoint] = []
        self._total = 0
        self._resident = ResidentMemory()
        self._cost = 0.0
        """Seconds that the last one took."""
        self._since = 0.0
        """Seconds of running since, before the present run."""
        self._began: float | None = None
        self._iteration = -1

    @property
    def nbytes(self) -> int:
        """About how many bytes all checkpoints take."""
        return self._total

    # ---- making them

    def running(self) -> None:
        """The script's lines begin to run."""
        self._began = time.perf_counter()
        if self._forks is not None:
            self._forks.running()

    def paused(self) -> None:
        """The script's lines have run, and the program is paused again."""
        if self._began is not None:
            self._since += time.perf_counter() - self._began
            self._began = None
        if self._forks is not None:
            self._forks.paused()

    def leave_sleeper(self, detailed: bool, *, soon: bool) -> None:
        """An iteration begins: leave a copy of the process that sleeps here, if it is time for one.

        Raises:
            Woken: in a copy that went to sleep here.
        """
        if self._forks is None or self._execution.snapshots.last is None:
            return
        budget = self._memory - self._total
        if self._checkpoints and self._checkpoints[-1].moment.nbytes > budget:
            return  # a copy that sleeps would soon need as much: one of the two must do
        execution, wrote = self._execution, self._execution.wrote
        at = execution.history.branch, execution.history.index
        try:
            self._forks.visit(*at, budget, detailed=detailed, soon=soon)
        except Woken:
            execution.wrote = wrote
            raise

    def visit(self, detailed: bool) -> None:
        """The program is between two blocks: make a checkpoint if it is time for one."""
        iteration = self._execution.machine.iteration
        if iteration == self._iteration or not self._execution.iteration.is_new:
            return
        self._iteration = iteration
        self._keep_if_due(detailed)
        self.leave_sleeper(detailed, soon=detailed)

    def _keep_if_due(self, detailed: bool) -> None:
        now = time.perf_counter()
        since = self._since + (now - self._began if self._began is not None else 0.0)
        if since < APART or since < (SHARE_STEPPING if detailed else SHARE) * self._cost:
            return
        self._make_room(self._checkpoints[-1].moment.nbytes if self._checkpoints else 0)
        self.keep(detailed)

    def keep(self, detailed: bool) -> Checkpoint | None:
        """Make a checkpoint here, if there is room for it; None if not, or if none can be made."""
        execution = self._execution
        if not self._memory or not execution.machine.frames or execution.snapshots.last is None:
            return None
        at = execution.history.branch, execution.history.index
        last = self._checkpoints[-1] if self._checkpoints else None
        if last is not None and (last.branch, last.index) == at and last.detailed >= detailed:
            return last
        if last is not None and self._total + last.moment.nbytes > self._memory:
            return None
        started = time.perf_counter()
        moment = self._heap.remember(execution.machine.frames, last.moment if last is not None else None)
        self._cost = time.perf_counter() - started
        self._since = 0.0
        if self._began is not None:
            self._began = time.perf_counter()
        memory, wrote = execution.breakpoints.memory(), execution.wrote
        made = Checkpoint(*at, moment, execution.snapshots.last, detailed, memory, wrote)
        if moment.problem or moment.nbytes > self._memory:
            return None
        self._checkpoints.append(made)
        self._total += moment.own_bytes
        self._make_room(0)
        self._resident.give_back()
        return made

    def _make_room(self, needed: int) -> None:
        """Drop checkpoints until there is room for so many bytes more: fewest are left of the far past."""
        while self._checkpoints and self._total + needed > self._memory and (len(self._checkpoints) > 1 or needed):
            self._checkpoints.pop(self._least_useful() if len(self._checkpoints) > 2 else 0)
            self._total = weigh([each.moment for each in self._checkpoints])
            self._forget_items()

    def _forget_items(self) -> None:
        """Let go of the items of loops that lie before every checkpoint."""
        first: dict[Items, int] = {}
        for items, position in (each for checkpoint in self._checkpoints for each in checkpoint.moment.items):
            first[items] = min(position, first.get(items, position))
        for items, position in first.items():
            items.forget_before(position)

    def _least_useful(self) -> int:
        """Which one leaves the smallest gap, seen from the present."""
        newest = self._checkpoints[-1].index
        return min(
            range(1, len(self._checkpoints) - 1),
            key=lambda at: (
                (self._checkpoints[at + 1].index - self._checkpoints[at - 1].index)
                / (abs(newest - self._checkpoints[at].index) + 1)
            ),
        )

    # ---- going there

    def nearest(self, branch: int, index: int, detailed_tail: int) -> Checkpoint | None:
        """The latest checkpoint from which that step can be reached, the last `detailed_tail` steps in detail."""
        history = self._execution.history
        before = [
            each
            for each in reversed(self._checkpoints)
            if each.index <= (index if each.detailed else index - detailed_tail)
            and history.contains(branch, each.branch, each.index)
        ]
        latest_first = sorted(before, key=lambda each: -each.index)
        return next((each for each in latest_first if self.usable(each.moment)), None)

    def remember(self) -> HeapSnapshot:
        """The world as it is, for a step that may have to be undone at once."""
        return self._heap.remember(self._execution.machine.frames)

    def undo(self, moment: HeapSnapshot) -> bool:
        """Bring that back. Whether that could be done."""
        if not self.usable(moment):
            return False
        self._put_back(moment)
        return True

    def usable(self, moment: HeapSnapshot) -> bool:
        """Whether it can be brought back now."""
        try:
            self._heap.check(moment, self._execution.machine.frames)
        except Unusable:
            return False
        return True

    def bring_back(self, checkpoint: Checkpoint) -> None:
        """Bring the program back there."""
        execution = self._execution
        with execution.running():
            self._put_back(checkpoint.moment)
        execution.snapshots.last = checkpoint.snapshot
        execution.history.move_to(checkpoint.branch, checkpoint.index)
        execution.tapes.forget()
        execution.wrote = checkpoint.wrote
        execution.breakpoints.remember(checkpoint.noticed, execution.stepper.place)
        self._iteration = execution.machine.iteration

    def _put_back(self, moment: HeapSnapshot) -> None:
        self._leave_contexts(moment.contexts)
        self._heap.bring_back(moment)

    def _leave_contexts(self, entered: list[Entered]) -> None:
        """Leave what was entered since, without what a `finally` would do."""
        for frame in reversed(self._execution.machine.frames):
            while frame.contexts and not any(frame.contexts[-1] is each for each in entered):
                left = frame.contexts.pop()
                if not isinstance(left.manager, Finally):
                    left.manager.__exit__(None, None, None)
