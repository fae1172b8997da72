"""A plain loop, and all that is asked for its blocks at full speed: see `express`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from bptui.engine.breakpoints.numeric import NumericTest
from bptui.engine.breakpoints.prefilter import Ahead, Prefilter
from bptui.engine.compiler.instructions import Bind, Jump, Pull, RunBlock
from bptui.engine.compiler.tree import Role
from bptui.engine.interpreter.frames import Cells, Frame
from bptui.engine.interpreter.pieces import CompiledPiece
from bptui.engine.observe.parameters import Holders, Numbers, Parameters
from bptui.engine.run.history import StepColumns
from bptui.protocol.phase import Phase

Find = Callable[[], object]
"""What a name stands for now."""
Leaf = tuple[torch.Tensor, Find | None]
"""A parameter, and how to see whether its name still stands for it."""
Block = tuple[Phase, int, CompiledPiece, CompiledPiece | None, bool, list[NumericTest], list[Ahead], bool]
"""Phase and line; the piece that runs it and, for a forward, the one that evaluates the loss; whether it goes backward;
what to look out for behind it and before the next one of the turn; whether that one goes backward."""
At = tuple[int | None, int | None]
"""Epoch and sample."""


@dataclass(frozen=True)
class Track:
    """One `for` whose body is phase blocks one after the other, while all parameters are single numbers."""

    frame: Frame
    first: int
    """The number of the instruction of its first block."""
    pull: Pull
    bind: Bind
    runs: list[RunBlock]
    blocks: list[Block]
    begins: list[Ahead]
    """What to look out for as a turn begins."""
    items: list[tuple[str, torch.Tensor]]
    """The parameters for which it was laid."""
    names: tuple[str, ...]
    leaves: list[Leaf]
    forwards: list[RunBlock]
    goes_back: bool
    """Whether a turn goes backward."""

    @property
    def by_sample(self) -> bool:
        """Whether a pass through the loop is a sample, and not an epoch."""
        return self.pull.loop.role is Role.SAMPLE

    def named(self, numbers: Sequence[float | None]) -> Numbers:
        """Numbers in a row, value and gradient of each parameter in turn, as the timeline names them."""
        return tuple(zip(self.names, numbers[::2], numbers[1::2], strict=True))

    def columns(
        self, begin: int, places: list[At], losses: list[float | None], numbers: list[float | None]
    ) -> StepColumns:
        """The rows of blocks from that one on, turn after turn in these places."""
        until = begin + len(losses)
        words = [run.word for run in self.runs] * len(places)
        epochs = self._each([epoch for epoch, _ in places])
        samples = self._each([sample for _, sample in places])
        return StepColumns(self.names, words[begin:until], epochs[begin:until], samples[begin:until], losses, numbers)

    def _each(self, numbers: list[int | None]) -> list[int | None]:
        """Each number as often as a turn has blocks."""
        width = len(self.runs)
        repeated = numbers * width
        for place in range(width):
            repeated[place::width] = numbers
        return repeated


def lay(
    frame: Frame,
    parameters: Parameters,
    holders: Holders,
    look: Callable[[Sequence[str]], Prefilter | None],
) -> Track | None:
    """The track around the block at which the program stands; None if anything there is not plain."""
    code = frame.code.instructions
    first = last = frame.pc
    while isinstance(code[first - 1], RunBlock):
        first -= 1
    while isinstance(code[last + 1], RunBlock):
        last += 1
    bind, pull, jump = code[first - 1], code[first - 2], code[last + 1]
    if not isinstance(pull, Pull) or not isinstance(bind, Bind) or not isinstance(jump, Jump):
        return None
    runs = [each for each in code[first : last + 1] if isinstance(each, RunBlock)]
    if jump.to.pc != first - 2 or len(frame.contexts) > jump.to.depth or not _is_plain(pull, frame, runs):
        return None
    leaves = _leaves(parameters, holders)
    names = tuple(name for name, _ in parameters.items)
    prefilter = look(names) if leaves else None
    if prefilter is None or leaves is None:
        return None
    blocks = [_block(frame, run, after, prefilter) for run, after in zip(runs, runs[1:] + runs[:1], strict=True)]
    begins = prefilter.begins + prefilter.before.get(runs[0].block.index, [])
    forwards = [run for run in runs if run.phase is Phase.FORWARD]
    goes_back = any(run.phase is Phase.BACKWARD for run in runs)
    return Track(frame, first, pull, bind, runs, blocks, begins, parameters.items, names, leaves, forwards, goes_back)


def _block(frame: Frame, run: RunBlock, after: RunBlock, prefilter: Prefilter) -> Block:
    return (
        run.phase,
        run.line,
        frame.pieces[run.full],
        frame.pieces[run.loss] if run.phase is Phase.FORWARD and run.loss is not None else None,
        run.phase is Phase.BACKWARD,
        prefilter.after.get(run.phase, []),
        prefilter.before.get(after.block.index, []),
        after.phase is Phase.BACKWARD,
    )


def _is_plain(pull: Pull, frame: Frame, runs: list[RunBlock]) -> bool:
    """Whether a loop is one over samples or epochs, its items are Python's own, and no block is a special one."""
    iterator = frame.slots[id(pull.loop)].iterator
    if iterator is None or not iterator.plain or not pull.loop.turn or pull.loop.role is Role.OUTER:
        return False
    return all(not run.block.rewrites and (run.loss is not None or run.phase is not Phase.FORWARD) for run in runs)


def _leaves(parameters: Parameters, holders: Holders) -> list[Leaf] | None:
    """Each parameter with how to look its name up, if it is a variable; None where one is not a single number."""
    if parameters.has_members:
        return None
    found: list[Leaf] = []
    for name, tensor in parameters.items:
        if tensor.is_nested or tensor.numel() != 1 or tensor.is_complex() or not tensor.is_leaf:
            return None
        find = _finding(name, holders) if name in parameters.plain else None
        if find is not None and find() is not tensor:
            return None
        found.append((tensor, find))
    return found


def _finding(name: str, holders: Holders) -> Find | None:
    """How to look up a variable; None if there is none."""
    for names in holders:
        if isinstance(names, Cells):
            if name in names.cells:
                return partial(getattr, names.cells[name], "cell_contents", None)
        elif names.get(name) is not None:
            return partial(names.get, name)
    return None
