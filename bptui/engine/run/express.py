"""Full speed through a plain loop: many blocks in one function.

Between two blocks of a run little happens: numbers are read, a row is kept, conditions over these numbers are looked
at. For the plainest loops (`Track`) that is done here, without any call that can be spared. Whatever is not as plain as
that ends the stretch, and the ordinary way (`Stepper.next`) goes on from there. Both make the same steps, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from time import perf_counter
from typing import Any

import torch

from bptui.engine.breakpoints.prefilter import Prefilter, is_near, tells
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.interpreter.frames import Slot
from bptui.engine.interpreter.position import Position, is_last, place_of
from bptui.engine.observe.parameters import Numbers
from bptui.engine.run.execution import Execution
from bptui.engine.run.history import StepTaken
from bptui.engine.run.track import At, Leaf, Track, lay
from bptui.protocol.phase import Phase

STRETCH = 0.01
"""Seconds after which a stretch ends with its turn."""
LONG = 0.02
"""Seconds after which it ends with the block that runs."""
SHORT = 16
"""A stretch of fewer blocks was not worth its while."""
REST = 256
"""So many blocks go the ordinary way before the next try."""


class Express:
    """Makes the steps of one run at full speed."""

    def __init__(
        self, execution: Execution, taken: StepTaken, look: Callable[[Sequence[str]], Prefilter | None]
    ) -> None:
        """`taken`: how each step is made. `look`: what breakpoints look out for, see `Breakpoints.lookout`."""
        self._execution, self._deed, self._look = execution, taken, look
        self._machine, self._recorder = execution.machine, execution.recorder
        self._stepper, self._history = execution.stepper, execution.history
        self._known: Track | None = None
        self._rest = 0
        """So many blocks go the ordinary way."""

    def next(self) -> RunBlock | None:
        """As `Stepper.next(False)`; but many steps may be made before, and their rows are kept.

        Raises:
            Raised: the script raised.
        """
        if self._recorder.on_trial:
            return self._stepper.next(False)
        track = None if self._rest else self._track()
        if track is not None:
            return self._go(track, perf_counter() + STRETCH)
        self._rest = self._rest - 1 if self._rest else REST
        self._known = None  # breakpoints look at this step
        return self._stepper.next(False)

    def _track(self) -> Track | None:
        """The loop in which the program stands, if all is plain."""
        machine, recorder = self._machine, self._recorder
        if not machine.frames or not self._stepper.zeroing or self._history.ahead:
            return None
        frame, parameters = machine.frames[-1], recorder.parameters
        run, first = frame.instruction, recorder.ledgers.first
        if type(run) is not RunBlock or not recorder.sparing or recorder.slow or is_last(machine):
            return None
        if first is None or (first and run.phase is Phase.BACKWARD):
            return None
        if [name for name, *_ in recorder.numbers()[1]] != [name for name, _ in parameters.items]:
            return None
        known = self._known
        if known is None or known.frame is not frame or known.items is not parameters.items or run not in known.runs:
            known = self._known = lay(frame, parameters, recorder.holders(), self._look)
        return known

    def _go(self, track: Track, deadline: float) -> RunBlock:
        """Run blocks as long as nothing is out of the ordinary; the last one as `Stepper.next` leaves it."""
        machine, recorder, frame = self._machine, self._recorder, track.frame
        self._stepper.locate()
        self._execution.turn.begin()
        place, slot = self._stepper.place, frame.slots[id(track.pull.loop)]
        assert slot.iterator is not None
        started, now = machine.started, perf_counter
        binder, take = frame.pieces[track.bind.piece], slot.iterator.__next__
        blocks, leaves, begins, line_of_loop = track.blocks, track.leaves, track.begins, track.pull.line
        late, by_sample, final = deadline + LONG - STRETCH, track.by_sample, self._final(slot)
        rounds, settled, last = machine.rounds, recorder.is_walked(track.forwards), len(blocks) - 1
        loss_number, shown = recorder.numbers()
        numbers, read = _flat(shown), _flat(recorder.parameters.numbers())
        firsts, first_at = _firsts(recorder.ledgers.first, track.names)
        since: list[list[float | None]] = []
        losses: list[float | None] = []
        row: list[float | None] = []
        start = begin = at = frame.pc - track.first
        item, unbound, count, turns = slot.item, frame.unbound is not None, slot.count, 0
        here = beyond = (place.epoch, place.sample)
        places = [here]
        forward: tuple[int, torch.Tensor, float, list[float | None]] | None = None
        past = seen = moved = False
        number = machine.turn
        error: list[BaseException] = []
        result: Any = None
        todo = blocks[at:]
        try:
            while True:
                for phase, line, piece, evaluate, goes_back, tests, ahead, opens in todo:
                    past = seen = False
                    started(phase, line)
                    try:
                        if unbound:
                            binder(item)
                            unbound, item = False, None
                        result = piece()
                    except BaseException as raised:
                        error.append(raised)
                        break
                    if result is not None:
                        break
                    past = True
                    if evaluate is not None:
                        try:
                            loss = evaluate()
                            loss_number = loss.item()
                        except Exception:  # there may be none yet, or it is no single number
                            break
                        if type(loss) is not torch.Tensor or type(loss_number) is complex:
                            break
                        forward = at, loss, loss_number, read
                        if not settled:
                            recorder.walk(track.runs[at], frame, loss, False)
                            settled, seen = recorder.is_walked(track.forwards), True
                            if recorder.parameters.items is not track.items:
                                break
                    else:
                        found = _read(leaves)
                        if found is None:
                            break
                        numbers = read = found
                        if goes_back:
                            firsts, first_at, since = numbers[1::2], here, []
                        elif firsts is not None:
                            since.append(numbers)
                    seen = True
                    if tests and tells(tests, loss_number, numbers):
                        self._known = None
                        break
                    if opens and firsts is not None:
                        if any(numbers[1::2]):
                            break
                        firsts = None
                    if now() >= late:
                        break
                    if at < last:
                        if ahead and is_near(ahead, here, loss_number, numbers):
                            break
                    else:
                        if now() >= deadline or count >= final:
                            break
                        beyond = (here[0], count + 1) if by_sample else (count + 1, here[1])
                        if begins and is_near(begins, beyond, loss_number, numbers):
                            break
                        started(None, line_of_loop)
                        try:
                            item = take()
                            unbound = True
                        except StopIteration:
                            moved = True
                        except Exception:  # the ordinary way takes it again, and tells
                            break
                        if moved:  # the loop ran out: go on if it begins again at once
                            machine.went(frame, track.pull, turns)
                            number = machine.turn
                            machine.ran_out(frame, track.pull)
                            machine.advance()
                            if not self._stands_at_first_of(track):
                                break
                            slot, there = frame.slots[id(track.pull.loop)], place_of(machine, place)
                            beyond = there.epoch, there.sample
                            assert slot.iterator is not None
                            if not slot.iterator.plain or (begins and is_near(begins, beyond, loss_number, numbers)):
                                break
                            self._tell_turns(track, begin, turns + 1)
                            item, take, final = slot.item, slot.iterator.__next__, self._final(slot)
                            unbound, moved, place = True, False, there
                            begin, turns, count = 0, -1, slot.count - 1
                            if machine.rounds != rounds:  # other code ran between
                                rounds, settled = machine.rounds, recorder.is_walked(track.forwards)
                                read = _flat(recorder.parameters.numbers())
                    losses.append(loss_number)
                    row += numbers
                    at += 1
                else:
                    at, todo, here = 0, blocks, beyond
                    turns += 1
                    count += 1
                    places.append(here)
                    continue
                break
        finally:
            if moved:
                self._tell_turn(track, begin, at + 1, turns, number)
            else:
                machine.went(frame, track.pull, turns)
                self._tell_turn(track, begin, at, turns, machine.turn)
                frame.pc = track.first + at + past
                if unbound:
                    frame.unbound, slot.item = track.bind, item
            there = place._replace(epoch=here[0], sample=here[1])
            self._stepper.went(track.runs[at], there, located=not moved)
            recorder.went(
                None if forward is None else ((track.runs[forward[0]], frame), *forward[1:3], track.named(forward[3])),
                track.named(numbers),
                _left(firsts, since, track.names, place._replace(epoch=first_at[0], sample=first_at[1])),
                there,
            )
            if not seen and track.runs[at].phase is Phase.FORWARD:
                recorder.unwatch(track.named(read))
            if losses:
                self._history.keep_many(self._deed, track.columns(start, places, losses, row))
            if len(losses) < SHORT:
                self._rest = REST
        run = track.runs[at]
        if moved:
            return run
        if error:
            machine.failed(run, error.pop())
        elif not past:
            machine.left(frame, run, result)
        if not seen:
            recorder.after(run, frame, there, False)
        self._stepper.move_on(run, frame)
        return run

    def _tell_turns(self, track: Track, begin: int, turns: int) -> None:
        """From block `begin` on, so many turns were gone through to their ends."""
        if begin and turns:
            for run in track.runs[begin:]:
                self._execution.turn.ran(run, track.frame)
        self._execution.turn.went(turns - bool(begin), track.forwards, track.goes_back, track.frame)

    def _tell_turn(self, track: Track, begin: int, end: int, turns: int, number: int) -> None:
        """From block `begin` on so many turns were begun; the last one is of that number, and came to block `end`."""
        turn = self._execution.turn
        if turns:
            self._tell_turns(track, begin, turns)
        turn.begin(number)
        for run in track.runs[0 if turns else begin : end]:
            turn.ran(run, track.frame)

    def _stands_at_first_of(self, track: Track) -> bool:
        frames = self._machine.frames
        return bool(frames) and frames[-1] is track.frame and track.frame.pc == track.first

    def _final(self, slot: Slot) -> float:
        """Behind which pass through the loop its last one is the last of all loops around."""
        for each in self._machine.slots():
            if each.total is None or (each is not slot and each.count + 1 < each.total):
                return inf
        assert slot.total is not None
        return slot.total - 2


def _read(leaves: list[Leaf]) -> list[float | None] | None:
    """Value and gradient of each parameter in turn; None where one is another tensor now, or no single number."""
    read: list[float | None] = []
    try:
        for tensor, find in leaves:
            if find is not None and find() is not tensor:
                return None
            gradient = tensor.grad
            read.append(tensor.item())
            read.append(None if gradient is None else gradient.item())
    except RuntimeError:
        return None
    return read


def _flat(numbers: Numbers) -> list[float | None]:
    return [number for _, *pair in numbers for number in pair]


Firsts = list[float | None] | None
"""Of each parameter its first contribution, None for those without; None if there are none at all."""


def _firsts(known: dict[str, tuple[Position, float]] | None, names: Sequence[str]) -> tuple[Firsts, At]:
    """What ledgers know, and where that was."""
    if not known:
        return None, (None, None)
    place = next(place for place, _ in known.values())
    return [known[name][1] if name in known else None for name in names], (place.epoch, place.sample)


def _left(
    firsts: Firsts, since: list[list[float | None]], names: Sequence[str], place: Position
) -> dict[str, tuple[Position, float]]:
    """What is left of them, as ledgers keep it: those of gradients that were neither None nor zero since."""
    return {
        name: (place, first)
        for index, (name, first) in enumerate(zip(names, firsts or (), strict=False))
        if first is not None and all(numbers[2 * index + 1] for numbers in since)
    }
