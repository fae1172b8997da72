"""Runs the instructions of a cut script, and stands still before each phase block.

Its state is plain: a stack of frames, each with the number of an instruction, the iterators of the loops around and
the contexts entered. What the script raises comes out as `Raised`, with the machine still standing at that instruction.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from bptui.engine.compiler import instructions as C
from bptui.engine.errors import CannotCut, LateRefusal
from bptui.engine.interpreter.frames import Cells, Entered, Frame, Slot
from bptui.engine.interpreter.items import Items
from bptui.engine.interpreter.lengths import length_of
from bptui.engine.interpreter.pieces import BREAK, CONTINUE, FRAME, CompiledPiece
from bptui.engine.interpreter.stack import script_traceback
from bptui.engine.interpreter.unwind import Catcher, Finally, catcher_of, leave
from bptui.protocol.phase import Phase


class Raised(Exception):
    """The script's own code raised."""

    def __init__(self, error: BaseException, line: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.line = line
        """The line of the statement that the machine was running."""


class Machine:
    """A cut script that is being run."""

    def __init__(self, codes: dict[str, C.Code], pieces: list[CompiledPiece], main: ModuleType) -> None:
        """`pieces` are the module's."""
        self._codes = codes
        self.main = main
        """The script's module."""
        self.module = names = main.__dict__
        self.frames = [Frame(codes["<module>"], pieces, names)]
        """The scopes being run, the module first; empty when the script has ended."""
        self.moves = 0
        """How often a loop took another item or ended: while it is the same, so is the place in the data."""
        self.rounds = 0
        """How often a function was begun or left, or a loop was begun after other code had run."""
        self._strayed = False
        """Whether code without a phase ran since a loop was begun, or a loop around took more than a number."""
        self.turn = 0
        """How many turns of the loop were begun."""
        self.others = 0
        """How often code without a phase ran: behind a phase in its block, or between blocks."""
        self.totals: dict[int, int] = {}
        """How many items each loop had the last time that it ran out, by the identity of its node."""
        self.started: Callable[[Phase | None, int], None] = lambda phase, line: None
        """Told before each instruction that runs the script's code."""
        self._execute: dict[type[C.Instruction], Callable[[Frame, Any], None]] = {
            C.RunPlain: self._run_plain, C.Iterate: self._iterate, C.Pull: self._pull, C.Bind: self._bind,
            C.Count: self._count, C.Leave: self._leave, C.TestCondition: self._test,
            C.Jump: self._jump, C.Enter: self._enter,
            C.EnterFinally: self._enter_finally,
            C.Exit: self._exit, C.Invoke: self._invoke, C.Finish: self._finish, C.Handle: self._handle,
            C.End: self._end,
        }  # fmt: skip

    def close(self) -> None:
        """Leave every context that is still entered: the script will not go on."""
        for frame in reversed(self.frames):
            with contextlib.suppress(BaseException):  # it is given up; nobody is left to hear of it
                leave(frame, 0, None)
        self.frames.clear()

    # ---- where it stands

    @property
    def ended(self) -> bool:
        return not self.frames

    @property
    def cursor(self) -> C.RunBlock | None:
        """The phase block that comes next; None when the script has ended or stands before other code."""
        if not self.frames:
            return None
        instruction = self.frames[-1].instruction
        return instruction if isinstance(instruction, C.RunBlock) else None

    def slots(self) -> Iterator[Slot]:
        """The loops that are being run, outermost first."""
        for frame in self.frames:
            yield from frame.slots.values()

    # ---- running

    def advance(self) -> None:
        """Run what has no phase until the next phase block, or the end.

        Raises:
            Raised: the script raised; the machine stands at that instruction, and would try it again.
        """
        frames, execute, run_block = self.frames, self._execute, C.RunBlock
        while frames:
            frame = frames[-1]
            instruction = frame.code.instructions[frame.pc]
            kind = type(instruction)
            if kind is run_block:
                return
            self.others += 1
            try:
                execute[kind](frame, instruction)
            except BaseException as error:
                self.failed(instruction, error)

    def step(self, *, skip: bool = False, behind: Callable[[], None] | None = None) -> None:
        """Run the block that comes next (`skip`: only its statements without a phase), and move past it.

        `behind` is called right behind the statements of the phase's own.

        Raises:
            Raised: as `advance`.
        """
        frame = self.frames[-1]
        block = frame.code.instructions[frame.pc]
        assert type(block) is C.RunBlock
        self.started(None if skip else block.phase, block.line)
        try:
            if frame.unbound is not None:
                self._bind_targets(frame, frame.unbound)
            if behind is not None:
                result = self._run_observed(frame, block, behind)
            else:
                piece = block.extras if skip else block.full
                result = None if piece is None else frame.pieces[piece]()
            if result is None:
                frame.pc += 1
            else:
                self._proceed(frame, block, result)
        except BaseException as error:
            self.failed(block, error)

    def _run_observed(self, frame: Frame, block: C.RunBlock, behind: Callable[[], None]) -> Any:
        """Run a block, and call `behind` where its own statements are done."""
        first, rest = block.split or (block.full, None)
        result = frame.pieces[first]()
        behind()
        if result is None and rest is not None:
            self.others += 1
            result = frame.pieces[rest]()
        return result

    def run_apart(self, frame: Frame, piece: int, block: C.RunBlock) -> None:
        """Run a block's piece where the machine stands, and stay there.

        Raises:
            Raised: the script raised.
        """
        self.started(block.block.phase, block.line)
        try:
            frame.pieces[piece]()
        except LateRefusal as late:
            raise CannotCut(late.message, late.line or block.line) from None
        except BaseException as error:
            raise Raised(error, block.line) from error

    def failed(self, instruction: C.Instruction, error: BaseException) -> None:
        """An instruction raised: let the script deal with it, or say so.

        Raises:
            Raised: the script does not.
        """
        if isinstance(error, LateRefusal):
            raise CannotCut(error.message, error.line or instruction.line) from None
        error.__traceback__ = script_traceback(error.__traceback__)  # the script may print it
        if self._handled(error, instruction.line):
            return
        if not isinstance(error, SystemExit):
            raise Raised(error, instruction.line) from error
        self._exited(error)

    def _exited(self, error: SystemExit) -> None:
        """The script ended itself: leave everything, and say what Python says then."""
        while self.frames:
            leave(self.frames[-1], 0, error)
            self.frames.pop()
        if error.code is not None and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)

    def _handled(self, error: BaseException, line: int) -> bool:
        """Let the `try` and `with` statements around deal with an exception, innermost first.

        Where none would, nothing is left: the program stands where it was raised.
        """
        while (catcher := catcher_of(self.frames, error)) is not None:
            for frame in self.frames[catcher.frame + 1 :]:
                frame.leave_loops()
            del self.frames[catcher.frame + 1 :]
            if self._caught(self.frames[-1], catcher, error, line):
                return True
        return False

    def _caught(self, frame: Frame, catcher: Catcher, error: BaseException, line: int) -> bool:
        suppressing = leave(frame, catcher.depth, error)
        if suppressing is not None:
            self._go(frame, suppressing)
            return True
        if catcher.handler is None:
            return False  # a context that might have suppressed it did not
        instruction = frame.code.instructions[catcher.handler.pc]
        assert isinstance(instruction, C.Handle)
        self._go(frame, catcher.handler)
        try:
            result = frame.pieces[instruction.piece](error)
        except BaseException as other:
            trace = script_traceback(other.__traceback__)
            if other is error and trace is not None:
                trace = trace.tb_next  # raised again: the script's handler lies in the frame that raised it first
            other.__traceback__ = trace
            if self._handled(other, line):
                return True
            raise Raised(other, instruction.line) from other
        self._proceed(frame, instruction, result)
        return True

    # ---- moving

    def _go(self, frame: Frame, label: C.Label) -> None:
        if len(frame.contexts) > label.depth:
            leave(frame, label.depth, None)
        frame.pc = label.pc

    def _proceed(self, frame: Frame, instruction: C.Leaves, result: Any) -> None:
        """Move on from statements, by what their piece returned."""
        if result is None:
            frame.pc += 1
        elif result is BREAK and instruction.on_break:
            self._go(frame, instruction.on_break)
        elif result is CONTINUE and instruction.on_continue:
            self._go(frame, instruction.on_continue)
        else:
            self._return(frame, result[0])

    def _return(self, frame: Frame, value: Any) -> None:
        self._go(frame, C.Label(frame.pc, 0))
        self.frames.pop().leave_loops()
        self.moves += 1
        self.rounds += 1
        if self.frames:
            self.frames[-1].returned = value
            self.frames[-1].pc += 1

    # ---- each instruction

    def _run_plain(self, frame: Frame, instruction: C.RunPlain) -> None:
        self.started(None, instruction.line)
        self._strayed = True
        self._proceed(frame, instruction, frame.pieces[instruction.piece]())

    def _iterate(self, frame: Frame, instruction: C.Iterate) -> None:
        self.started(None, instruction.line)
        items = frame.pieces[instruction.piece]()
        total = length_of(items, instruction.loop.node, frame.names, self.module)
        self.rounds += self._strayed
        self._strayed = False
        frame.slots[id(instruction.loop)] = Slot(instruction.loop, Items(iter(items)), total)
        frame.pc += 1

    def _pull(self, frame: Frame, instruction: C.Pull) -> None:
        self.started(None, instruction.line)
        slot = frame.slots[id(instruction.loop)]
        assert slot.iterator is not None
        try:
            slot.item = slot.iterator.__next__()
        except StopIteration:
            self._ran_out(frame, instruction)
            return
        slot.count += 1
        self.moves += 1
        self.turn += slot.loop.is_iteration
        frame.pc += 1

    def _ran_out(self, frame: Frame, pull: C.Pull) -> None:
        """That loop has no more items: go behind it."""
        slot = frame.slots[id(pull.loop)]
        self.moves += 1
        self.totals[id(slot.loop)] = slot.count + 1
        self._go(frame, pull.exhausted)

    def _bind(self, frame: Frame, instruction: C.Bind) -> None:
        frame.unbound = instruction
        if not isinstance(frame.code.instructions[frame.pc + 1], C.RunBlock):
            self._strayed = self._strayed or type(frame.slots[id(instruction.loop)].item) not in (int, float, str)
            self._bind_targets(frame, instruction)
        frame.pc += 1

    def _bind_targets(self, frame: Frame, instruction: C.Bind) -> None:
        slot = frame.slots[id(instruction.loop)]
        frame.pieces[instruction.piece](slot.item)
        frame.unbound = slot.item = None

    def _count(self, frame: Frame, instruction: C.Count) -> None:
        slot = frame.slots.setdefault(id(instruction.loop), Slot(instruction.loop, None, None))
        slot.count += 1
        self.moves += 1
        self.turn += slot.loop.is_iteration
        frame.pc += 1

    def _leave(self, frame: Frame, instruction: C.Leave) -> None:
        self.moves += 1
        slot = frame.slots.pop(id(instruction.loop), None)
        if slot is not None:
            slot.leave()
        frame.pc += 1

    def _test(self, frame: Frame, instruction: C.TestCondition) -> None:
        self.started(None, instruction.line)
        if frame.pieces[instruction.piece]():
            frame.pc += 1
        else:
            self._go(frame, instruction.otherwise)

    def _jump(self, frame: Frame, instruction: C.Jump) -> None:
        label = instruction.to
        if len(frame.contexts) > label.depth:
            leave(frame, label.depth, None)
        frame.pc = label.pc

    def _enter(self, frame: Frame, instruction: C.Enter) -> None:
        self.started(None, instruction.line)
        manager = frame.pieces[instruction.piece]()
        value = manager.__enter__()
        frame.contexts.append(Entered(manager, instruction.after))
        if instruction.bind is not None:
            frame.pieces[instruction.bind](value)
        frame.pc += 1

    def _enter_finally(self, frame: Frame, instruction: C.EnterFinally) -> None:
        frame.contexts.append(Entered(Finally(frame.pieces[instruction.piece]), instruction.after))
        frame.pc += 1

    def _exit(self, frame: Frame, instruction: C.Exit) -> None:
        leave(frame, len(frame.contexts) - 1, None)
        frame.pc += 1

    def _invoke(self, frame: Frame, instruction: C.Invoke) -> None:
        self.started(None, instruction.line)
        function, (args, kwargs) = frame.pieces[instruction.piece]()
        twin = getattr(function, FRAME, None)
        if twin is None:
            raise LateRefusal(f"{instruction.function}() is not the function that the script defines by that name")
        *pieces, cells = twin(*args, **kwargs)
        self.moves += 1
        self.rounds += 1
        self.frames.append(Frame(self._codes[instruction.function], pieces, Cells(cells)))

    def _finish(self, frame: Frame, instruction: C.Finish) -> None:
        returned, frame.returned = frame.returned, None
        self._proceed(frame, instruction, frame.pieces[instruction.piece](returned))

    def _handle(self, frame: Frame, instruction: C.Handle) -> None:
        frame.pc += 1  # nothing was raised

    def _end(self, frame: Frame, instruction: C.End) -> None:
        self._return(frame, None)
