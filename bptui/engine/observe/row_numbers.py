"""The numbers of parameters and gradients that a row of the timeline holds at full speed."""

from __future__ import annotations

import time

import torch

from bptui.engine.observe.parameters import Numbers, Parameters
from bptui.engine.tensors.facts import grad_of, number_of

SingleNumbers = tuple[str, float | None, float | None]
"""Name, value and gradient of a parameter; None where it is more than one number."""

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
        self._items: list[tuple[str, torch.Tensor]] | None = None
        """The parameters for which the next two were made."""
        self._row: list[SingleNumbers] = []
        """A row with the parameters that are more than one number already in it: of them nothing is told."""
        self._single: list[tuple[int, str, torch.Tensor]] = []
        """Place, name and tensor of each of the others."""

    def read(self) -> Numbers:
        """Read the parameters that are single numbers. Done behind every block, so it asks no more than that."""
        if self._parameters.items is not self._items:
            self.prepare()
        row = self._row
        for place, name, tensor in self._single:
            gradient = tensor.grad if tensor.is_leaf else grad_of(tensor)
            try:
                row[place] = name, tensor.item(), None if gradient is None else gradient.item()
            except RuntimeError:  # it has another shape now
                row[place] = name, number_of(tensor), number_of(gradient)
        self.singles = self.shown = tuple(row)
        return self.singles

    def prepare(self) -> None:
        """Tell the parameters that are single numbers from the large ones; one that becomes large is seen to be so."""
        items = self._items = self._parameters.items
        self._row = [(name, None, None) for name, _ in items]
        self._single = [(place, name, tensor) for place, (name, tensor) in enumerate(items) if _is_single(tensor)]

    def measure(self) -> None:
        """Measure norms too, if it is time to: as often as costs next to nothing."""
        now = time.perf_counter()
        if now >= self._due:
            self.shown = self._parameters.norms(self.singles)
            done = time.perf_counter()
            self._due = done + NORMS * (done - now)


def _is_single(tensor: torch.Tensor) -> bool:
    """Whether it is one real number."""
    return not (tensor.is_nested or tensor.is_complex() or tensor.numel() != 1)
