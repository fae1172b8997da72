"""Looks at the script's state around each block, and makes snapshots and rows of it. It changes nothing."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from bptui.engine.capture import fact, grad_of, named_facts
from bptui.engine.code import RunBlock
from bptui.engine.ledger import Ledgers
from bptui.engine.machine import Frame, Machine
from bptui.engine.params import Holders, Parameters
from bptui.engine.place import Place, target_names
from bptui.engine.program import Script
from bptui.engine.syntax import bound_names
from bptui.engine.watch import LocalsWatch
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import SMALL, Fact, Ledger, Named, Param


class Recorder:
    """What is known of one run of a script."""

    def __init__(self, script: Script, machine: Machine) -> None:
        self._script, self._machine = script, machine
        self.parameters = Parameters()
        self._ledgers = Ledgers()
        self._watch = LocalsWatch(script.path)
        self.loss: Any = None
        """What the last forward computed, as long as the script keeps it; a fact is taken at once."""
        self.loss_name: str | None = None
        self._loss_fact: Fact | None = None
        self._values: list[Named] = []
        """The values that the last forward computed by name."""
        self._targets: list[Named] = []
        """The loop's targets as they were last: the loop may be over."""
        self._facts = _FactCache()
        self._walked: set[int] = set()
        """Blocks whose loss was walked once."""

    def holders(self) -> Holders:
        """The variables of the scopes being run, the innermost first."""
        frames = self._machine.frames
        return [frame.names for frame in reversed(frames)] or [self._machine.module]

    # ---- around a block

    def around(self, run: RunBlock, frame: Frame, place: Place, whole: bool) -> AbstractContextManager[None]:
        """Around a block: what is seen of it. `whole`: take everything, and not only what costs next to nothing."""
        match run.block.phase:
            case Phase.FORWARD:
                return self._forward(run, frame, whole)
            case Phase.BACKWARD:
                return self._ledgers.watching(self.parameters, place.epoch, place.sample, whole)
            case _:
                return nullcontext()

    def settled(self, run: RunBlock | None) -> None:
        """After a block or other code: follow leaves that were bound anew, close ledgers that were zeroed."""
        if run is None or run.block.phase is not Phase.FORWARD:
            self.parameters.follow(self.holders())
            if run is None or run.block.phase is not Phase.BACKWARD:
                self._ledgers.settle(self.parameters)

    @contextmanager
    def _forward(self, run: RunBlock, frame: Frame, whole: bool) -> Iterator[None]:
        pieces = {piece.__code__ for piece in frame.pieces} if frame.code.scope.name != "<module>" else set()
        with self._watch.watching(pieces):
            yield
        loss = _evaluated(frame, run.loss)
        self.loss_name = self._script.loss_name(run.block)
        self.loss = loss
        self._loss_fact = None if loss is None else fact(loss, whole=whole)
        if isinstance(loss, torch.Tensor) and (whole or run.block.index not in self._walked):
            self.parameters.reached(loss, self.holders(), keep=bool(self._walked))
            self._walked.add(run.block.index)
        self._values = list(self._named_values(run, frame, whole))
        self._watch.values = {}

    def _named_values(self, run: RunBlock, frame: Frame, whole: bool) -> Iterator[Named]:
        """What the block assigns, and what the script's functions computed on the way."""
        shown = {self.loss_name, *target_names(self._machine)}
        for name in self._assigned(run):
            value = frame.names.get(name)
            if name not in shown and isinstance(value, (torch.Tensor, float, int)):
                shown.add(name)
                yield Named(name, fact(value, whole=whole))
        for name, value in self._watch.values.items():
            if name not in shown:
                yield Named(name, fact(value, whole=whole))

    def _assigned(self, run: RunBlock) -> list[str]:
        names = run.block.assigned
        if names is None:
            found = bound_names(run.block.statements)
            names = run.block.assigned = sorted(name for name in found if not name.startswith("_"))
        return names

    # ---- facts

    def values(self) -> tuple[tuple[Named, ...], int]:
        """The loop's targets and then the values computed on the way; and how many are targets."""
        holders = self.holders()
        targets: list[Named] = []
        for name in target_names(self._machine):
            for names in holders:
                if name in names:
                    targets += self._facts.named(name, names[name])
                    break
        self._targets = targets or self._targets
        return (*self._targets, *self._values), len(self._targets)

    def computed(self, name: str) -> Fact | None:
        """What is known of a value that the last forward computed by name."""
        return next((each.fact for each in self._values if each.name == name), None)

    def loss_fact(self) -> Fact | None:
        return self._loss_fact

    def params(self, phase: Phase | None) -> tuple[Param, ...]:
        """Every parameter with its gradient. What the phase cannot have written is not read again."""
        kept = phase in (Phase.FORWARD, Phase.BACKWARD)
        return tuple(
            Param(
                name,
                self._facts.of(("value", name), tensor, kept),
                None if (grad := grad_of(tensor)) is None else self._facts.of(("grad", name), grad, kept),
            )
            for name, tensor in self.parameters
        )

    def ledger(self) -> tuple[Ledger, ...]:
        return self._ledgers.facts(self.parameters)

    def numbers(self) -> tuple[float | None, tuple[tuple[str, float | None, float | None], ...]]:
        """Loss, and value and gradient of each parameter, where they are one number: what a row holds."""
        loss = self._loss_fact.number if self._loss_fact else None
        return loss, tuple((name, _number(tensor), _number(grad_of(tensor))) for name, tensor in self.parameters)


class _FactCache:
    """Facts of tensors that were not written since: same tensor, same version."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[weakref.ref[torch.Tensor], int, int, Fact]] = {}

    def of(self, key: object, tensor: torch.Tensor, trust_version: bool = True) -> Fact:
        """The fact of a tensor. `trust_version=False` after code that may write through `.data`, unseen."""
        if tensor.numel() <= SMALL or tensor.layout != torch.strided:
            return fact(tensor)
        kept = self._kept.get(key)
        if trust_version and kept is not None:
            reference, version, address, known = kept
            if reference() is tensor and version == tensor._version and address == tensor.data_ptr():
                return known
        new = fact(tensor)
        self._kept[key] = (weakref.ref(tensor), tensor._version, tensor.data_ptr(), new)
        return new

    def named(self, name: str, value: object) -> list[Named]:
        if isinstance(value, torch.Tensor):
            return [Named(name, self.of(("name", name), value))]
        return list(named_facts(name, value))


def _evaluated(frame: Frame, piece: int | None) -> Any:
    if piece is None:
        return None
    try:
        value = frame.pieces[piece]()
    except Exception:  # the loss may not be there yet: `loss` assigned in a later block
        return None
    return value if isinstance(value, (torch.Tensor, float, int)) else None


def _number(tensor: torch.Tensor | None) -> float | None:
    if tensor is None or tensor.numel() != 1 or tensor.is_complex():
        return None
    return tensor.item()
