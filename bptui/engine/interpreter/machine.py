"""Runs the instructions of a cut script, and pauses before each phase block.

Its state is plain data: a stack of frames, each with the number of its next instruction, the iterators of its loops and
the contexts that it entered. An instruction moves the frame on only when it is done, so after the script raised
(`Raised`) the machine is still at the instruction that did, and can try it again.
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
from bptui.engine.interpreter.handling import Raised, handle
from bptui.engine.interpreter.items import Items
from bptui.engine.interpreter.lengths import length_of
from bptui.engine.interpreter.pieces import BREAK, CONTINUE, FRAME, CompiledPiece
from bptui.engine.interpreter.stack import script_traceback
from bptui.engine.interpreter.unwind import Finally, go_to, leave
from bptui.protocol.phase import Phase


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
        """Counts items taken, loops ended, functions entered or left: while it is the same, so is the `Position`."""
        self.rounds = 0
        """Counts functions entered or left, and loops begun after other code ran. While it is the same, no such code
        has bound the variables anew that a loss is computed from, and its graph need not be walked again."""
        self._other_code_ran = False
        """Whether code without a phase ran since a loop was begun, or a loop around took more than a number."""
        self.iteration = 0
        """How many iterations of the training loop were begun."""
        self.others = 0
        """How often code without a phase ran: behind a phase in its block, or between blocks."""
        self.totals: dict[int, int] = {}
        """How many items each loop had the last time that it ran out, by the identity of its node."""
        self.started: Callable[[Phase | None, int], None] = lambda phase, line: None
        """Called before each instruction that runs the script's code, with the phase, if it has one, and the line."""
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
            with contextlib.suppress(BaseException):  # the run is given up: there is nobody to report it to
                leave(frame, 0, None)
        self.frames.clear()

    # ---- the position

    @property
    def ended(self) -> bool:
        return not self.frames

    @property
    def cursor(self) -> C.RunBlock | None:
        """The phase block that comes next; None if the script has ended, or other code comes before a block."""
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
            Raised: the script raised; the machine is still at that instruction, and would try it again.
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

    def step(self, *, skip: bool = False, behind: Callable[[], None] | None = None) -> bool:
        """Run the block that comes next (`skip`: only its statements without a phase), and move past it.

        `behind` is called right behind the statements of the phase's own. Returns whether the block came to its end;
        if not, it raised, and the script's own `try` or `with` dealt with that.

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
            return False
        return True

    def pass_block(self, frame: Frame, block: C.RunBlock) -> bool:
        """As `step` for the block at which that frame stands, with no question asked: for a run at full speed.

        Raises:
            Raised: as `advance`.
        """
        self.started(block.phase, block.line)
        try:
            if frame.unbound is not None:
                self._bind_targets(frame, frame.unbound)
            result = frame.pieces[block.full]()
            if result is None:
                frame.pc += 1
            else:
                self._proceed(frame, block, result)
        except BaseException as error:
            self.failed(block, error)
            return False
        return True

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
        """Run one piece of a block, without moving: a phase out of order, or the forward again.

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
        """An instruction raised: let the script's own `try` and `with` statements deal with it.

        Raises:
            Raised: none of them does.
            CannotCut: it is a `LateRefusal` of our own code.
        """
        if isinstance(error, LateRefusal):
            raise CannotCut(error.message, error.line or instruction.line) from None
        error.__traceback__ = script_traceback(error.__traceback__)  # before any handler runs: the script may print it
        handled = handle(self.frames, error, instruction.line)
        if handled is not None:
            if handled.clauses is not None:
                self._proceed(self.frames[-1], handled.clauses, handled.result)
            return
        if not isinstance(error, SystemExit):
            raise Raised(error, instruction.line) from error
        self._exited(error)

    def _exited(self, error: SystemExit) -> None:
        """`sys.exit`: leave everything, and print what Python prints then."""
        while self.frames:
            leave(self.frames[-1], 0, error)
            self.frames.pop()
        if error.code is not None and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)

    # ---- moving

    def _proceed(self, frame: Frame, instruction: C.Leaves, result: Any) -> None:
        """Move on from statements, by what their piece returned: None, BREAK, CONTINUE, or `(value,)` of a `return`."""
        if result is None:
            frame.pc += 1
        elif result is BREAK and instruction.on_break:
            go_to(frame, instruction.on_break)
        elif result is CONTINUE and instruction.on_continue:
            go_to(frame, instruction.on_continue)
        else:
            self._return(frame, result[0])

    def _return(self, frame: Frame, value: Any) -> None:
        """Leave the innermost frame, and give the value to the `Finish` behind its `Invoke`."""
        go_to(frame, C.Label(frame.pc, 0))
        self.frames.pop().leave_loops()
        self.moves += 1
        self.rounds += 1
        if self.frames:
            self.frames[-1].returned = value
            self.frames[-1].pc += 1

    # ---- each instruction

    def _run_plain(self, frame: Frame, instruction: C.RunPlain) -> None:
        self.started(None, instruction.line)
        self._other_code_ran = True
        self._proceed(frame, instruction, frame.pieces[instruction.piece]())

    def _iterate(self, frame: Frame, instruction: C.Iterate) -> None:
        self.started(None, instruction.line)
        items = frame.pieces[instruction.piece]()
        total = length_of(items, instruction.loop.node, frame.names, self.module)
        self.rounds += self._other_code_ran
        self._other_code_ran = False
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
        self.iteration += slot.loop.is_iteration
        frame.pc += 1

    def _ran_out(self, frame: Frame, pull: C.Pull) -> None:
        """That loop has no more items: continue behind it."""
        slot = frame.slots[id(pull.loop)]
        self.moves += 1
        self.totals[id(slot.loop)] = slot.count + 1
        go_to(frame, pull.exhausted)

    def _bind(self, frame: Frame, instruction: C.Bind) -> None:
        # Before a block the targets are bound only when the block runs: while the program is paused there, they still
        # are those that the last iteration used. Other code runs at once, and needs them now.
        frame.unbound = instruction
        if not isinstance(frame.code.instructions[frame.pc + 1], C.RunBlock):
            self._other_code_ran = self._other_code_ran or type(frame.slots[id(instruction.loop)].item) not in (
                int,
                float,
                str,
            )
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
        self.iteration += slot.loop.is_iteration
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
            go_to(frame, instruction.otherwise)

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
