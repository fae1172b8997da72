"""Moves a program block by block, in the script's order or out of it, and lets the recorder see each block."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from bptui.engine.compiler.instructions import Bind, RunBlock
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.iteration import Iteration, IterationMark
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position, is_last, position_of
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.phase import Phase

_FORWARD = Phase.FORWARD
"""At hand: the members of an enum are looked up slowly, and this before every block."""

RecordingContext = AbstractContextManager[object]
"""Records what runs while it is entered."""


@dataclass(frozen=True)
class Bookmark:
    """A place in the program."""

    frames: list[tuple[Frame, int, Bind | None, object]]
    """Each with its instruction, the assignment that is put off, and the item for it."""
    moves: int
    place: Position
    iteration: IterationMark


class Stepper:
    """How each step is made. `detailed` says how closely the recorder looks at it."""

    def __init__(self, machine: Machine, recorder: Recorder, iteration: Iteration) -> None:
        self._machine, self._recorder, self._iteration = machine, recorder, iteration
        self.zeroing = True
        """Whether zero_grad is run, and not passed over."""
        self.place = Position()
        """Where the program last ran a block in order."""
        self._moves = -1
        """`Machine.moves` when the place was looked up."""
        self.running: RunBlock | None = None
        """The block of this step; None before any ran."""
        self.passed = False
        """Whether this step passed over a zero_grad."""
        self.watching: Callable[[], RecordingContext] = nullcontext
        """Entered around a block that runs as a single step."""

    def bookmark(self) -> Bookmark:
        """Where the program stands, to go back there when a step is refused after all."""
        frames = [(frame, frame.pc, frame.unbound, _item(frame)) for frame in self._machine.frames]
        return Bookmark(frames, self._machine.moves, self.place, self._iteration.bookmark())

    def go_back(self, there: Bookmark) -> bool:
        """Go back there, if no loop has taken another item since. Whether that could be done."""
        if there.moves != self._machine.moves or [each[0] for each in there.frames] != self._machine.frames:
            return False
        for frame, pc, unbound, item in there.frames:
            frame.pc, frame.unbound = pc, unbound
            if unbound is not None:
                frame.slots[id(unbound.loop)].item = item
        self.place = there.place
        self._iteration.restore(there.iteration)
        return True

    def begin(self) -> None:
        """Another step begins."""
        self.running, self.passed = None, False

    def locate(self) -> None:
        """Look up where the program is."""
        if self._moves != self._machine.moves:
            self._moves = self._machine.moves
            self.place = position_of(self._machine, self.place)

    def next(self, detailed: bool) -> RunBlock | None:
        """Run the block that comes next, passing over zero_grad while zeroing is off. Returns what ran.

        Raises:
            Raised: the script raised. So do all that follow.
        """
        machine = self._machine
        if machine.cursor is None:  # it stands at other code, which raised before
            machine.advance()
            return None
        if not self.zeroing:
            self.pass_zero_grad()
        return self.cursor(detailed) if machine.frames else None

    def glancing(self) -> Callable[[], RunBlock | None]:
        """What does `next(False)` time after time, with as few questions as can be: it is called for every block.

        For one run, in which the machine's frames stay the same list.
        """
        machine, recorder, iteration, frames = self._machine, self._recorder, self._iteration, self._machine.frames
        begins, ends, pass_block, ran = recorder.glance, recorder.glanced, machine.pass_block, iteration.ran
        a_block = RunBlock  # a variable of the closure is at hand, a global is looked up

        def glance() -> RunBlock | None:
            frame = frames[-1] if frames else None
            if frame is None or type(run := frame.code.instructions[frame.pc]) is not a_block:
                return self.next(False)
            self.running = run
            if self._moves != machine.moves:
                self.locate()
            if iteration.number != machine.iteration:
                iteration.begin()
            place = self.place
            begins(run, frame, place)
            try:
                if run.split is not None and run.phase is _FORWARD:
                    self._glance_at_forward(run, frame, place)
                elif pass_block(frame, run):
                    ends(run, frame, place)
                else:
                    self._caught(run)
            except BaseException:
                recorder.abandon(run)
                raise
            ran(run, frame)
            if not frames or frames[-1] is not frame or type(frame.code.instructions[frame.pc]) is not a_block:
                machine.advance()
            return run

        return glance if self.zeroing else lambda: self.next(False)

    def cursor(self, detailed: bool) -> RunBlock:
        """Run the block at which the program stands, and what comes after it up to the next one."""
        run, frame = self.block(detailed)
        self.move_on(run, frame)
        return run

    def block(self, detailed: bool, recording: RecordingContext | None = None) -> tuple[RunBlock, Frame]:
        """Run the block at which the program stands, and nothing after it. `recording`: entered around it."""
        machine = self._machine
        frame = machine.frames[-1]
        run = frame.code.instructions[frame.pc]
        assert type(run) is RunBlock
        self.running = run
        if self._moves != machine.moves:
            self.locate()
        self._iteration.begin()
        place = self.place
        recorder = self._recorder
        (recorder.observe if detailed else recorder.glance)(run, frame, place)
        try:
            if not detailed and run.split is not None and run.phase is _FORWARD:
                self._glance_at_forward(run, frame, place)
            elif not detailed:
                if machine.step():
                    recorder.glanced(run, frame, place)
                else:
                    self._caught(run)
            elif recording is None:
                with self.watching():
                    ended = machine.step(behind=lambda: recorder.observed(run, frame, place))
                if ended:
                    recorder.settle(run)
                else:
                    self._caught(run)
            else:
                with recording:
                    ended = machine.step()
                if ended:
                    recorder.observed(run, frame, place)
                else:
                    self._caught(run)
        except BaseException:
            recorder.abandon(run)
            raise
        return run, frame

    def _glance_at_forward(self, run: RunBlock, frame: Frame, place: Position) -> None:
        """Run a forward with statements behind it: its loss is what it computed, also where one of those raises."""
        if not self._machine.step(behind=lambda: self._recorder.glanced(run, frame, place)):
            self._caught(run)

    def _caught(self, run: RunBlock) -> None:
        """A block raised, and the script's own `try` dealt with that: what it did until then counts."""
        self._recorder.abandon(run)
        self._recorder.failed(run)

    def move_on(self, run: RunBlock, frame: Frame) -> None:
        """A block ran: go to the next one."""
        self._iteration.ran(run, frame)
        self._machine.advance()
        if not self.zeroing:
            self.pass_zero_grad()

    def apart(self, run: RunBlock, frame: Frame, detailed: bool) -> RunBlock:
        """Run a block out of order; the program stays where it is. Prints and counters wait for their turn."""
        self.running = run
        recorder = self._recorder
        (recorder.observe if detailed else recorder.glance)(run, frame, self.place)
        try:
            with self.watching() if detailed else nullcontext():
                self._machine.run_apart(frame, run.own, run)
        except BaseException:
            recorder.abandon(run)
            raise
        (recorder.observed if detailed else recorder.glanced)(run, frame, self.place)
        self._iteration.ran(run, frame)
        return run

    def check_forward(self) -> None:
        """Before a forward of another sample.

        Raises:
            StepRefused: the loop has no forward, or no sample is left.
        """
        self._iteration.check_has(Phase.FORWARD)
        if is_last(self._machine) and not self._iteration.forward_ahead():
            raise StepRefused("No more samples: this was the last one.", "`next` goes on to the end of the script.")

    def forward(self, detailed: bool) -> RunBlock | None:
        """Run a forward: the last one again if no backward followed it, else the next, passing over what is between."""
        again = self._iteration.forward_again()
        if again is not None:
            return self.apart(*again, detailed)
        while (cursor := self._machine.cursor) and cursor.phase is not Phase.FORWARD:
            self._pass(cursor)
        return self.cursor(detailed) if self._machine.cursor else None

    def skip(self, detailed: bool) -> RunBlock | None:
        """Go past the zero_grads that come next, and run the block behind them."""
        zeroing, self.zeroing = self.zeroing, False
        self.pass_zero_grad()
        self.zeroing = zeroing
        return self.cursor(detailed) if self._machine.frames else None

    def pass_zero_grad(self) -> bool:
        """While zeroing is off, go past the zero_grads that come next. Returns whether there were any."""
        any_passed = False
        while not self.zeroing and (cursor := self._machine.cursor) and cursor.phase is Phase.ZERO_GRAD:
            self._pass(cursor)
            self.passed = any_passed = True
        return any_passed

    def _pass(self, cursor: RunBlock) -> None:
        """Go past a block; its statements without a phase run."""
        self._iteration.passed(cursor)
        self._machine.step(skip=True)
        self._machine.advance()


def _item(frame: Frame) -> object:
    """The item that was taken and not assigned yet."""
    return None if frame.unbound is None else frame.slots[id(frame.unbound.loop)].item
