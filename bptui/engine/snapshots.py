"""Makes the snapshots and keeps the timeline's rows."""

from __future__ import annotations

import dataclasses
from collections import ChainMap

from bptui.engine.code import RunBlock
from bptui.engine.explain import explain
from bptui.engine.machine import Machine
from bptui.engine.numbers import one_line, with_numbers
from bptui.engine.output import Output
from bptui.engine.params import Numbers
from bptui.engine.place import Place, pending, place_of
from bptui.engine.program import Script
from bptui.engine.recorder import Recorder
from bptui.engine.turn import Turn
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Failure, Row, Snapshot, Upcoming

_Fields = tuple[str | None, int | None, int | None, float | None, Numbers]
"""Phase, epoch, sample, loss, parameters."""


class Snapshots:
    """The timeline of one run."""

    def __init__(self, script: Script, machine: Machine, recorder: Recorder, output: Output) -> None:
        self._script, self._machine, self._recorder, self._output = script, machine, recorder, output
        self._rows: list[_Fields] = []
        """The fields of each row; made into a `Row` when asked for.

        Plain words and numbers only: then the garbage collector soon leaves them alone, and a run stays fast however
        long its timeline grows.
        """
        self._reasons: dict[int, StopReason] = {}
        """Why the program stood still at an index, where that was not a step."""
        self.tape = 0
        """The tape's number, as `Snapshot.tape` counts it."""
        self.last: Snapshot | None = None
        """The snapshot of where the program stands; None before the entry stop."""

    def rows(self, since: int) -> tuple[Row, ...]:
        """The timeline from that index on."""
        return tuple(self._row(index, *self._rows[index]) for index in range(since, len(self._rows)))

    def _row(
        self, index: int, phase: str | None, epoch: int | None, sample: int | None, loss: float | None, params: Numbers
    ) -> Row:
        reason = self._reasons.get(index, StopReason.STEP)
        return Row(index, Phase(phase) if phase else None, reason, epoch, sample, loss, params)

    def keep_row(self, ran: RunBlock | None, place: Place) -> None:
        """Keep in short what a block did while running at full speed."""
        loss, params = self._recorder.numbers()
        self._rows.append((ran.word if ran is not None else None, place.epoch, place.sample, loss, params))

    def take(
        self,
        ran: RunBlock | None,
        reason: StopReason,
        place: Place,
        output: tuple[str, str],
        failure: Failure | None,
        turn: Turn,
        zeroing: bool,
        *,
        passed: bool = False,
        replace_row: bool = False,
        met: str = "",
    ) -> Snapshot:
        """The snapshot of where the program stands.

        `passed`: zero_grad was passed over. `replace_row`: the row for this step is kept already. `met`: by which
        breakpoint it stopped.
        """
        if replace_row:
            self._rows.pop()
        phase = ran.phase if ran is not None else None
        values, targets = self._recorder.values()
        snapshot = Snapshot(
            index=len(self._rows),
            phase=phase,
            block=ran.block.index if ran is not None else None,
            stop_reason=reason,
            epoch=place.epoch,
            sample=place.sample,
            epochs=place.epochs,
            samples=place.samples,
            consumed=turn.consumed,
            values=values,
            targets=targets,
            loss_name=self._recorder.loss_name,
            loss=self._recorder.loss_fact(),
            params=self._recorder.params(phase),
            ledger=self._recorder.ledger(),
            zeroing=zeroing,
            marks=turn.marks(zeroing),
            next=self._upcoming(place, turn, zeroing),
            possible=turn.possible(),
            explain="",
            printed=output[0],
            errors=output[1],
            failure=failure,
            tape=self.tape,
            met=met,
        )
        snapshot = dataclasses.replace(snapshot, explain=explain(self.last, snapshot, passed))
        self.last = snapshot
        row = snapshot.row()
        self._rows.append((str(phase) if phase else None, row.epoch, row.sample, row.loss, row.params))
        if reason is not StopReason.STEP:
            self._reasons[row.index] = reason
        return snapshot

    def see_anew(self, turn: Turn, zeroing: bool) -> Snapshot:
        """The same stop, with zeroing on or off."""
        assert self.last is not None
        there = Place(self.last.epoch, self.last.sample, self.last.epochs, self.last.samples)
        upcoming = self._upcoming(there, turn, zeroing)
        self.last = dataclasses.replace(self.last, zeroing=zeroing, marks=turn.marks(zeroing), next=upcoming)
        return self.last

    def _upcoming(self, place: Place, turn: Turn, zeroing: bool) -> Upcoming | None:
        cursor, another = turn.upcoming(zeroing)
        if cursor is None:
            return None
        statement = self._script.first_statement(cursor.block)
        if another:  # its numbers are not known yet, nor where it will be
            text = one_line(statement)
            return Upcoming(cursor.phase, cursor.block.index, cursor.line, text, text, None, None)
        names = ChainMap(dict(pending(self._machine)), *self._recorder.holders())  # type: ignore[arg-type]
        there = place_of(self._machine, place)
        return Upcoming(
            phase=cursor.phase,
            block=cursor.block.index,
            line=cursor.line,
            text=one_line(statement),
            numbers=with_numbers(statement, names),
            epoch=there.epoch,
            sample=there.sample,
        )
