"""Makes the snapshots of where a program stands."""

from __future__ import annotations

import dataclasses
from collections import ChainMap
from collections.abc import Callable, Iterator

from bptui.engine.interpreter.iteration import Iteration
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position, pending, position_of
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.explain import explain
from bptui.engine.observe.recorder import Recorder
from bptui.engine.observe.remarks import Scalers, clipping, rebindings, rewriting, together
from bptui.engine.observe.step_facts import changed
from bptui.engine.observe.step_result import StepResult
from bptui.engine.observe.substitution import one_line, with_numbers
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Snapshot, Upcoming, Watched


class Snapshots:
    """Makes them, and keeps the latest."""

    def __init__(self, script: Script, machine: Machine, recorder: Recorder, iteration: Iteration) -> None:
        self._script, self._machine, self._recorder, self._iteration = script, machine, recorder, iteration
        self.tape = 0
        """The tape's number, as `Snapshot.tape` counts it."""
        self.last: Snapshot | None = None
        """The snapshot of where the program stands; None before the entry stop."""
        self._scalers = Scalers()
        self.watched: Callable[[], tuple[Watched, ...]] = tuple
        """Evaluates the watched expressions."""

    def take(self, branch: int, index: int, step: StepResult) -> Snapshot:
        """The snapshot of where the program stands behind a step, at that place of the timeline."""
        ran, position, iteration = step.ran, step.position, self._iteration
        values, targets = self._recorder.values()
        facts = self._recorder.step_facts(step)
        snapshot = Snapshot(
            index=index,
            phase=step.phase,
            block=None if ran is None else ran.block.index,
            stop_reason=step.reason,
            epoch=position.epoch,
            sample=position.sample,
            epochs=position.epochs,
            samples=position.samples,
            consumed=iteration.consumed,
            values=values,
            targets=targets,
            loss_name=self._recorder.loss_name,
            loss=self._recorder.loss_fact(),
            params=facts.params,
            ledger=self._recorder.ledger(),
            zeroing=step.zeroing,
            marks=iteration.marks(step.zeroing),
            next=self._upcoming(position, step.zeroing),
            possible=iteration.possible(),
            explain=step.said,
            printed=step.output[0],
            errors=step.output[1],
            failure=step.failure,
            tape=self.tape,
            branch=branch,
            edit=step.edit,
            changes=changed(facts.before, facts.now),
        )
        if step.edit:
            return snapshot
        said = together(explain(snapshot, facts), self._remarks(snapshot, step))
        return dataclasses.replace(snapshot, explain=said)

    def _remarks(self, snapshot: Snapshot, step: StepResult) -> Iterator[str]:
        """What the step did besides its phase."""
        holders, last = self._recorder.holders(), self.last
        alone = last is not None and (last.branch, last.index + 1) == (snapshot.branch, snapshot.index)
        if step.phase is Phase.BACKWARD and step.ran is not None and step.ran.block.rewrites:
            yield rewriting(snapshot, step.ran.block)
        yield self._scalers.skipped(step.phase, alone, holders)
        if step.phase is Phase.UPDATE and step.ran is not None and alone and last is not None and not self._scalers:
            yield clipping(last, snapshot, step.ran.block)  # a scaler divides the gradients as well
        yield from rebindings(self._recorder.parameters, holders)

    def settle(self, snapshot: Snapshot, branch: int, said: str = "", reason: StopReason | None = None) -> Snapshot:
        """That is where the program stands now. `said`: how a step differs from when it was made before."""
        if said or branch != snapshot.branch or (reason is not None and reason is not snapshot.stop_reason):
            text = snapshot.explain
            if said:
                text = f"{text}; it does not repeat: {said}; branch {branch} begins"
            snapshot = dataclasses.replace(
                snapshot, branch=branch, explain=text, stop_reason=reason or snapshot.stop_reason
            )
        self.last = dataclasses.replace(snapshot, watches=self._look_at_watches(snapshot))
        return self.last

    def pass_by(self, snapshot: Snapshot, *, look: bool) -> None:
        """The program comes by there on its way to another step; `look` at the watches, to compare with them there."""
        self.last = dataclasses.replace(snapshot, watches=self.watched() if look else ())

    def _look_at_watches(self, stop: Snapshot) -> tuple[Watched, ...]:
        """Evaluate the watched expressions at that stop; those are marked that were others at the step before it."""
        last = self.last
        if last is None or last.index not in (stop.index - 1, stop.index):
            return self.watched()
        old = {each.expression: each for each in last.watches}

        def is_changed(now: Watched) -> bool:
            was = old.get(now.expression)
            if was is None:
                return False
            return was.changed if last.index == stop.index else (was.text, was.failed) != (now.text, now.failed)

        return tuple(dataclasses.replace(each, changed=is_changed(each)) for each in self.watched())

    def say_met(self, words: str) -> Snapshot:
        """Which breakpoint stopped the program."""
        assert self.last is not None
        self.last = dataclasses.replace(self.last, met=words)
        return self.last

    def add(self, text: str) -> Snapshot:
        """Say more of the present stop."""
        assert self.last is not None
        self.last = dataclasses.replace(self.last, explain=f"{self.last.explain}; {text}")
        return self.last

    def see_anew(self, zeroing: bool) -> Snapshot:
        """The same stop, with zeroing on or off."""
        assert self.last is not None
        there = Position(self.last.epoch, self.last.sample, self.last.epochs, self.last.samples)
        upcoming = self._upcoming(there, zeroing)
        self.last = dataclasses.replace(
            self.last,
            zeroing=zeroing,
            marks=self._iteration.marks(zeroing),
            next=upcoming,
            watches=self._look_at_watches(self.last),
        )
        return self.last

    def _upcoming(self, position: Position, zeroing: bool) -> Upcoming | None:
        cursor, another = self._iteration.upcoming(zeroing)
        if cursor is None:
            return None
        statement = self._script.first_statement(cursor.block)
        if another:  # its numbers are not known yet, nor where it will be
            text = one_line(statement)
            return Upcoming(cursor.phase, cursor.block.index, cursor.line, text, text, None, None)
        names = ChainMap(dict(pending(self._machine)), *self._recorder.holders())  # type: ignore[arg-type]
        there = position_of(self._machine, position)
        return Upcoming(
            phase=cursor.phase,
            block=cursor.block.index,
            line=cursor.line,
            text=one_line(statement),
            numbers=with_numbers(statement, names, self._script.unknown_before(cursor.block)),
            epoch=there.epoch,
            sample=there.sample,
        )
