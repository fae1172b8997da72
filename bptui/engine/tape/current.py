"""Which recording is shown as the tape: the phase last stepped into, as long as its graph is the present one."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from bptui.engine.interpreter.output import Output
from bptui.engine.observe.recorder import Recorder
from bptui.engine.tape.blame import BackwardWatch, cause_of
from bptui.engine.tape.broadcasts import both_ways
from bptui.engine.tape.call_log import CallLog
from bptui.engine.tape.call_sites import Sites
from bptui.engine.tape.recording import Recording
from bptui.protocol.phase import Phase
from bptui.protocol.replies import TapeShown
from bptui.protocol.snapshot import Failure


class Tapes:
    """The tape of one run of a script."""

    def __init__(self, recorder: Recorder, sites: Sites, output: Output) -> None:
        self._recorder, self._sites, self._output = recorder, sites, output
        self.number = 0
        """Grows with each change of the tape."""
        self._shown: Recording | None = None
        self._forward: Recording | None = None
        """The recorded forward whose graph is the present one."""
        self._backward_ran = False
        """Whether a backward ran since that forward."""
        self._log = CallLog(sites, lambda: (tensor for _, tensor in recorder.parameters))
        self._backward = BackwardWatch(recorder.holders)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """While a block runs as a single step: learn which line makes which node, and where a backward raises."""
        with self._log.watching(), self._backward:
            yield

    def broadcast(self, loss: Any) -> str:
        """What the forward just made as a single step broadcast both ways; empty for nothing."""
        return both_ways(loss, self._log)

    def explained(self, failure: Failure, recording: Recording | None = None) -> Failure:
        """The failure with what is known of its cause, if a backward raised in the step or recording just made."""
        failing = self._backward.failing if recording is None else recording.failing
        if failing is None:
            return failure
        return dataclasses.replace(failure, cause=cause_of(failure.message, failing, self._log, self._sites))

    def begin(self, phase: Phase) -> Recording:
        """Record a phase."""
        follows = phase is Phase.BACKWARD or (phase is Phase.FORWARD and not self._backward_ran)
        return Recording(
            phase, self._recorder, self._sites, self._output, self._forward if follows else None, self._log
        )

    def recorded(self, recording: Recording) -> None:
        """Show a phase that was recorded."""
        self._shown = recording
        self.number += 1
        if recording.phase is Phase.FORWARD:
            self._forward, self._backward_ran = recording, False
        self._note(recording.phase)

    def ran(self, phase: Phase) -> None:
        """A phase ran that was not recorded: after a forward, the tape shown is of an older graph, and is dropped."""
        if phase is Phase.FORWARD and self._shown is not None:
            self._shown = self._forward = None
            self.number += 1
        self._note(phase)

    def forget(self) -> None:
        """Many phases ran, not recorded: drop the tape."""
        self.ran(Phase.FORWARD)

    def _note(self, phase: Phase) -> None:
        self._backward_ran = self._backward_ran or phase is Phase.BACKWARD

    def shown(self) -> TapeShown:
        """The tape as it is now."""
        return TapeShown(self.number, self._shown.tape if self._shown is not None else None)
