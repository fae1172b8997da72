"""What the last forward computed: its loss, and values by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

import torch

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.compiler.syntax import bound_names, reads
from bptui.engine.interpreter.frames import Frame
from bptui.engine.tensors.facts import fact, quick_number_of
from bptui.protocol.fact import Fact, Named

_NO_CODE: set[CodeType] = set()


class ForwardResult:
    """A forward that ran."""

    def __init__(
        self, run: RunBlock, frame: Frame, local: Mapping[str, Any], detailed: bool, before: object = None
    ) -> None:
        """`local`: what the script's functions computed on the way. `detailed`: take the loss's fact at once.

        `before`: the loss as the script had it before this forward; if it is that still, this part computed none.
        """
        self.run, self.frame, self._local = run, frame, local
        loss = evaluated(frame, run.loss)
        if before is not None and loss is before and isinstance(loss, torch.Tensor) and not computes_loss(run):
            loss = None
        self.number: float | None
        """The loss as one number."""
        if isinstance(loss, torch.Tensor):
            # without its graph: how long that lives is the script's affair
            self._loss, self.number = loss.detach(), quick_number_of(loss)
        else:
            self._loss = self.number = loss
        self._loss_fact = fact(loss) if detailed and loss is not None else None
        self._values: tuple[Named, ...] | None = None

    @property
    def has_loss(self) -> bool:
        """Whether it computed a loss."""
        return self._loss is not None

    def loss(self) -> Fact | None:
        """The loss as it was computed; None if there is none."""
        if self._loss_fact is None and self._loss is not None:
            self._loss_fact = fact(self._loss)
        return self._loss_fact

    def present_loss(self) -> Any:
        """The loss as the script has it now; None if it has none."""
        return evaluated(self.frame, self.run.loss)

    def values(self) -> tuple[Named, ...]:
        """What it assigned, and what the script's functions computed on the way; read when this is first asked for."""
        if self._values is None:
            self._values = tuple(self._named())
            self._local = {}
        return self._values

    def value(self, name: str) -> Fact | None:
        """One of them, if they have been asked for."""
        return next((each.fact for each in self._values or () if each.name == name), None)

    def _named(self) -> Iterator[Named]:
        shown = {self.run.loss_name, *self.run.block.targets}
        for name in _assigned(self.run):
            value = self.frame.names.get(name)
            if name not in shown and isinstance(value, (torch.Tensor, float, int)):
                shown.add(name)
                yield Named(name, fact(value))
        for name, value in self._local.items():
            if name not in shown:
                yield Named(name, value if isinstance(value, Fact) else fact(value))


def computes_loss(run: RunBlock) -> bool:
    """Whether the forward binds a name that the loss is made of. If not, it may still compute it: as an attribute."""
    known = run.block.computes_loss
    if known is None:
        assert run.block.loss is not None
        known = bool(bound_names(run.block.statements) & reads(run.block.loss))
        run.block.computes_loss = known
    return known


def pieces_of(frame: Frame) -> set[CodeType]:
    """The code of the loop's pieces, which are no functions of the script."""
    return _NO_CODE if frame.code.is_module else {piece.__code__ for piece in frame.pieces}


def evaluated(frame: Frame, piece: int | None) -> Any:
    """The loss, by the piece that evaluates it; None where that is no number."""
    if piece is None:
        return None
    try:
        value = frame.pieces[piece]()
    except Exception:  # the loss may not be there yet: `loss` assigned in a later block
        return None
    return value if isinstance(value, (torch.Tensor, float, int)) else None


def _assigned(run: RunBlock) -> list[str]:
    names = run.block.assigned
    if names is None:
        found = bound_names(run.block.statements)
        names = run.block.assigned = sorted(name for name in found if not name.startswith("_"))
    return names
