"""The numbers of parameters and gradients that a row of the timeline holds at full speed."""

from __future__ import annotations

import time

from bptui.engine.observe.parameters import Numbers, Parameters

NORMS = 100
"""Norms of large parameters are measured for so small a part of the time: one in this."""


class RowNumbers:
    """Values and gradients of parameters, as they were read last."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self.singles: Numbers = ()
        """Of parameters that are single numbers; None for the others."""
        self.shown: Numbers = ()
        """The same, and norms of the others where they were measured."""
        self._due = 0.0
        """When norms are measured again, by `time.perf_counter`."""

    def read(self) -> Numbers:
        """Read the parameters that are single numbers."""
        self.singles = self.shown = self._parameters.numbers()
        return self.singles

    def measure(self) -> None:
        """Measure norms too, if it is time to: as often as costs next to nothing."""
        now = time.perf_counter()
        if now >= self._due:
            self.shown = self._parameters.norms(self.singles)
            done = time.perf_counter()
            self._due = done + NORMS * (done - now)
