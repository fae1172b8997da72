"""What has run of the present iteration, and which block a phase asked for out of order means."""

from __future__ import annotations

from bptui.engine.compiler.instructions import Count, End, Invoke, Jump, Pull, RunBlock
from bptui.engine.compiler.tree import Block
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import is_last
from bptui.engine.interpreter.script import Script
from bptui.protocol.phase import Mark, Phase

_DONE, _FORWARD, _BACKWARD = Mark.DONE, Phase.FORWARD, Phase.BACKWARD
"""At hand: the members of an enum are looked up slowly, and these behind every block."""

IterationMark = tuple[int, dict[int, Mark], tuple[RunBlock, Frame] | None]
"""The state of an iteration: its number, its blocks' marks, and the forward that a backward may follow."""


class Iteration:
    """The blocks of the present iteration: done, next, skipped, to do."""

    def __init__(self, script: Script, machine: Machine) -> None:
        self._script, self._machine = script, machine
        self.number = 0
        """The iteration that these marks are of, as `Machine.iteration` counts."""
        self._marks: dict[int, Mark] = {}
        """The blocks of this iteration that ran or were skipped, by index."""
        self._forward: tuple[RunBlock, Frame] | None = None
        """The last forward, as long as no backward came after it."""
        self._last_forward: tuple[RunBlock, Frame] | None = None
        self.any_forward = False
        """Whether a forward has run at all."""
        self.consumed = 0
        """How many samples went backward."""
        self._consumed_turn: int | None = None

    def bookmark(self) -> IterationMark:
        """Its state, for `restore`."""
        return self.number, dict(self._marks), self._forward

    def restore(self, there: IterationMark) -> None:
        """Restore the state of a bookmark."""
        self.number, self._marks, self._forward = there

    # ---- what happened

    @property
    def is_new(self) -> bool:
        """Whether no block of the present iteration has run."""
        return self.number != self._machine.iteration

    def begin(self) -> None:
        """Called before a block runs: if another iteration has begun since the last one, all of it is still to do."""
        number = self._machine.iteration
        if self.number != number:
            self.number = number
            self._marks.clear()
            self._forward = None

    def ran(self, run: RunBlock, frame: Frame) -> None:
        """The block ran."""
        if self.number == self._machine.iteration:
            self._marks[run.block.index] = _DONE
        if run.phase is _FORWARD:
            self._forward = self._last_forward = (run, frame)
            self.any_forward = True
        elif run.phase is _BACKWARD:
            self._forward = None
            if self._consumed_turn != self.number:
                self._consumed_turn = self.number
                self.consumed += 1

    def passed(self, run: RunBlock) -> None:
        """The block was passed over."""
        self.begin()
        self._marks[run.block.index] = Mark.SKIPPED

    # ---- what can be done

    def forward_again(self) -> tuple[RunBlock, Frame] | None:
        """The forward that no backward followed yet, if its scope is still being run, in the same iteration."""
        if self._forward is None or self.number != self._machine.iteration:
            return None
        return self._forward if self._forward[1] in self._machine.frames else None

    def last_forward(self) -> tuple[RunBlock, Frame] | None:
        """The forward that ran last, if its scope is still there."""
        return self._last_forward

    def forward_ahead(self) -> bool:
        """Whether a forward comes later in the code of the scopes being run, without another iteration."""
        return any(
            isinstance(each, RunBlock) and each.phase is Phase.FORWARD
            for frame in self._machine.frames
            for each in frame.code.instructions[frame.pc + 1 :]
        )

    @property
    def phases(self) -> set[Phase]:
        """Those that the script's loop has."""
        return {run.phase for run in self._script.runs.values()}

    def check_has(self, phase: Phase) -> None:
        """Before a phase is run out of order.

        Raises:
            StepRefused: the loop has none of that kind.
        """
        if phase not in self.phases:
            raise StepRefused(f"The script's loop has no {phase}.", "`next` runs what comes next.")

    def find(self, phase: Phase) -> tuple[RunBlock, Frame]:
        """The block that the phase means here: the next of its kind in this iteration, else the one before.

        Raises:
            StepRefused: there is none, or it cannot run from here.
        """
        self.check_has(phase)
        if phase is Phase.BACKWARD and not self.any_forward and Phase.FORWARD in self.phases:
            raise StepRefused("There is no loss to go backward from.", "`forward` computes one.")
        runs = [run for run in self._script.runs.values() if run.phase is phase]
        runs.sort(key=lambda run: run.block.index)
        here = self._here()
        loop = self._script.blocks[here].loop
        near = [run for run in runs if run.block.loop == loop] or runs
        ahead = [run for run in near if run.block.index >= here]
        run = ahead[0] if ahead else near[-1]
        for frame in reversed(self._machine.frames):
            if any(each is run for each in frame.code.instructions):
                if len(frame.contexts) < run.contexts:
                    break
                return run, frame
        raise StepRefused(f"The {phase} at line {run.line} is in code that the program is not in now.",
                          "`next` gets there.")  # fmt: skip

    def _here(self) -> int:
        cursor = self._machine.cursor
        if cursor is not None:
            return cursor.block.index
        return max(self._marks, default=0)

    def possible(self) -> tuple[Phase, ...]:
        """The phases that can be asked for now."""
        if self._machine.ended:
            return ()
        return tuple(phase for phase in Phase if self._is_possible(phase))

    def _is_possible(self, phase: Phase) -> bool:
        cursor = self._machine.cursor
        if cursor is not None and cursor.phase is phase:
            return True
        if phase is Phase.FORWARD:
            return self.forward_again() is not None or not is_last(self._machine) or self.forward_ahead()
        try:
            self.find(phase)
        except StepRefused:
            return False
        return True

    def upcoming(self, zeroing: bool) -> tuple[RunBlock | None, bool]:
        """The block that `next` runs, and whether another sample begins before it.

        With zeroing off that is the one after a zero_grad, as far as the code tells: an `if` counts as true, a loop as
        going on. At the last sample it is the zero_grad itself, behind which the script ends.
        """
        cursor = self._machine.cursor
        if zeroing or cursor is None or cursor.phase is not Phase.ZERO_GRAD:
            return cursor, False
        frame, another = self._machine.frames[-1], False
        pc = frame.pc
        for _ in frame.code.instructions:
            instruction = frame.code.instructions[pc]
            if isinstance(instruction, RunBlock) and instruction.phase is not Phase.ZERO_GRAD:
                return (cursor, False) if another and is_last(self._machine) else (instruction, another)
            if isinstance(instruction, (End, Invoke)):
                break
            another = another or isinstance(instruction, (Pull, Count))
            pc = instruction.to.pc if isinstance(instruction, Jump) else pc + 1
        return cursor, False

    def marks(self, zeroing: bool) -> tuple[Mark, ...]:
        """The mark of each of the program's blocks, in the script's order."""
        current = self._marks if self.number == self._machine.iteration else {}
        cursor, _ = self.upcoming(zeroing)
        return tuple(self._mark(block, cursor, current, zeroing) for block in self._script.blocks)

    def _mark(self, block: Block, cursor: RunBlock | None, marks: dict[int, Mark], zeroing: bool) -> Mark:
        if not zeroing and block.phase is Phase.ZERO_GRAD and marks.get(block.index) is not Mark.DONE:
            return Mark.SKIPPED
        if cursor is not None and cursor.block is block:
            return Mark.NEXT
        if block.index in marks:
            return marks[block.index]
        if self._machine.ended:
            return Mark.SKIPPED
        behind = cursor is not None and cursor.block.loop == block.loop and block.index < cursor.block.index
        return Mark.SKIPPED if behind and marks else Mark.TODO
