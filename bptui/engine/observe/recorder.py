"""Looks at the script's state around each block, and makes snapshots and rows of it. It changes nothing."""

from __future__ import annotations

import struct
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from types import CodeType
from typing import Any

import torch

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.compiler.syntax import bound_names
from bptui.engine.interpreter.environment import RandomState
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position, is_last, target_names
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.ledger import Ledgers
from bptui.engine.observe.local_variables import LocalsWatch
from bptui.engine.observe.parameters import Holders, Numbers, Parameters
from bptui.engine.tensors.facts import fact, grad_of, named_facts, number_of, version_of
from bptui.protocol.fact import SMALL, Fact, Named
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Ledger, Param

_NO_CODE: set[CodeType] = set()

Went = tuple[tuple[RunBlock, Frame], torch.Tensor, float, Numbers]
"""A forward at full speed, its loss, and the parameters before it."""


NORMS = 100
"""At full speed norms are measured for so small a part of the time: one in this."""
SLOW = 0.001
"""Seconds from which on a forward is slow."""


class Recorder:
    """What is known of one run of a script."""

    def __init__(self, script: Script, machine: Machine) -> None:
        self._script, self._machine = script, machine
        self.parameters = Parameters(script.loop_targets)
        self.ledgers = Ledgers()
        self._watch = LocalsWatch(script.path)
        self._loss: Any = None
        """What the last forward computed, without its graph: that is the script's to keep."""
        self.loss_name: str | None = None
        self._loss_fact: Fact | None = None
        self._computed: tuple[RunBlock, Frame] | None = None
        """The last forward."""
        self._values: tuple[Named, ...] | None = None
        """The values that it computed by name, once they were asked for."""
        self._went_back: tuple[Position, bool] = Position(), True
        """Where the last backward began, and whether it was looked at closely."""
        self._reached = False
        """Whether any loss was seen to reach parameters."""
        self._rounds = -1
        """`Machine.rounds` when graphs were walked."""
        self.sparing = False
        """Whether the values that functions compute on the way are left out of fast forwards, but for the last one."""
        self.unwatched = False
        """Whether they were left out of the last forward."""
        self.recalls = False
        """Whether a forward can be run again for a look."""
        self.on_trial = False
        """Whether the next forward is watched to see that it draws no random numbers: then it cannot."""
        self._stops = False
        """Whether a run may stop behind any forward, and must show its values then."""
        self.before_forward: Numbers = ()
        """The parameters before such a forward, where they are single numbers."""
        self.slow = False
        """Whether a forward takes so long that watching it costs nothing."""
        self._facts = _FactCache()
        self._measured_again = 0.0
        """When norms are measured again, by `time.perf_counter`."""
        self._loss_number: float | None = None
        self._numbers: Numbers = ()
        self._singles: Numbers = ()
        """The same without norms."""
        self._walked: set[int] = set()
        """Blocks whose loss was walked once."""

    @property
    def parts(self) -> list[type]:
        """What it consists of, as far as that changes from step to step."""
        return [Parameters, Ledgers, LocalsWatch, _FactCache]

    def holders(self) -> Holders:
        """The variables of the scopes being run, the innermost first."""
        frames = self._machine.frames
        return [frame.names for frame in reversed(frames)] or [self._machine.module]

    # ---- around a block

    def observe(self, run: RunBlock, frame: Frame, place: Position, whole: bool, step: Callable[[], None]) -> None:
        """Run a block by `step`, and see what it does.

        `whole`: take everything, and not only what costs next to nothing. What `step` raises goes through; the hooks
        are gone in any case.
        """
        if run.phase is Phase.FORWARD:
            self._forward(frame, whole, step)
        elif run.phase is Phase.BACKWARD:
            self.ledgers.before_backward(self.parameters, whole or run.block.rewrites)
            self._went_back = (place, whole)
            try:
                step()
            finally:
                self.ledgers.release()
        else:
            step()
        self.after(run, frame, place, whole)

    def after(self, run: RunBlock, frame: Frame, place: Position, whole: bool) -> None:
        """A block ran: see what came of it."""
        if run.phase is Phase.FORWARD:
            self._after_forward(run, frame, whole)
        else:
            self._settle(run.phase, place, whole)

    def went(
        self, forward: Went | None, numbers: Numbers, first: dict[str, tuple[Position, float]], place: Position
    ) -> None:
        """Blocks ran elsewhere, at full speed: what the last forward computed, and how parameters and ledgers are."""
        if forward is not None:
            self._computed, loss, self._loss_number, before = forward
            self.loss_name = self._computed[0].loss_name
            self._loss, self._loss_fact, self._values = loss.detach(), None, None
            self.unwatch(before)
        self._numbers = self._singles = numbers
        self._went_back = (place, False)
        self.ledgers.went(first)

    def unwatch(self, numbers: Numbers) -> None:
        """A forward began elsewhere, at these values of the parameters, and nobody watches it."""
        self.unwatched, self._watch.values, self.before_forward = True, {}, numbers

    def failed(self, run: RunBlock) -> None:
        """A block raised and is not refused: take what it did before it raised."""
        if run.phase is Phase.FORWARD:
            self._loss = self._loss_fact = self._loss_number = self._computed = None
            self._values = ()
        elif run.phase is Phase.BACKWARD:
            self._settle(run.phase, *self._went_back)

    def _settle(self, phase: Phase, place: Position, whole: bool) -> None:
        """After a block that may have written parameters or gradients."""
        self.parameters.follow(self.holders())
        singles = self._read_numbers()
        numbers = None if whole else singles
        if numbers is not None and phase is Phase.BACKWARD and self.parameters.has_large:
            self._measure(numbers)
        if phase is Phase.BACKWARD:
            self.ledgers.after_backward(self.parameters, numbers, place)
        else:
            self.ledgers.settle(self.parameters, numbers, phase)

    def edited(self) -> None:
        """A person changed the program: names may stand for other tensors, and gradients may be gone."""
        self.parameters.follow(self.holders())
        self._read_numbers()
        self.ledgers.settle(self.parameters, None, Phase.ZERO_GRAD)

    def _read_numbers(self) -> Numbers:
        self._numbers = self._singles = self.parameters.numbers()
        return self._singles

    def _measure(self, numbers: Numbers) -> None:
        """Now and then, norms too: as often as costs next to nothing."""
        now = time.perf_counter()
        if now >= self._measured_again:
            self._numbers = self.parameters.norms(numbers)
            done = time.perf_counter()
            self._measured_again = done + NORMS * (done - now)

    def _forward(self, frame: Frame, whole: bool, step: Callable[[], None]) -> None:
        trial, self.on_trial = self.on_trial, False
        self.unwatched = self.sparing and not (whole or trial or self.slow or is_last(self._machine))
        if self.unwatched:
            self.unwatch(() if self.parameters.has_large else self.parameters.numbers())
            started = time.perf_counter()
            step()
            self.slow = time.perf_counter() - started > SLOW
            return
        random = RandomState(value for names in self.holders() for value in names.values()) if trial else None
        self._watch.begin(_pieces_of(frame), whole)
        try:
            step()
        finally:
            self._watch.end()
        if random is not None and not random.holds():
            self.recalls, self.sparing = False, self.sparing and not self._stops

    def _after_forward(self, run: RunBlock, frame: Frame, whole: bool) -> None:
        self.loss_name = run.loss_name
        loss = _evaluated(frame, run.loss)
        self._loss = loss.detach() if isinstance(loss, torch.Tensor) else loss
        self._loss_fact = fact(loss) if whole and loss is not None else None
        self._loss_number = number_of(loss) if isinstance(loss, torch.Tensor) else loss
        self._values = None
        self.walk(run, frame, loss, whole)

    @property
    def unseen(self) -> tuple[tuple[RunBlock, Frame], Numbers] | None:
        """The last forward and the parameters before it, if nobody watched it."""
        return (self._computed, self.before_forward) if self.unwatched and self._computed is not None else None

    def see(self, again: Callable[[], Any]) -> None:
        """Watch the last forward as it is run again; if it gives the same loss, what it computes is what it had."""
        assert self._computed is not None
        self._watch.begin(_pieces_of(self._computed[1]), True)
        try:
            loss = again()
        except Exception:  # the script's own code
            loss = None
        finally:
            self._watch.end()
        number = number_of(loss) if isinstance(loss, torch.Tensor) else loss
        self.unwatched = number is None or struct.pack("d", number) != struct.pack("d", self._loss_number or 0.0)
        if self.unwatched:
            self._watch.values = {}

    def walk(self, run: RunBlock, frame: Frame, loss: Any, whole: bool) -> None:
        """A forward ran: find the parameters that its loss reaches, if they may be others than before."""
        self._computed = (run, frame)
        if whole or self._may_reach_others(run, frame):
            self._reach(loss)
            self._walked.add(run.block.index)

    def is_walked(self, runs: Iterable[RunBlock]) -> bool:
        """Whether it is known what the losses of these forwards reach."""
        return self._rounds == self._machine.rounds and all(run.block.index in self._walked for run in runs)

    def _may_reach_others(self, run: RunBlock, frame: Frame) -> bool:
        """Whether a loss may reach other leaves than before, at full speed where not every graph is walked.

        After another epoch or function began, and wherever leaves are members of a container, which may be bound anew,
        or the loop goes over models.
        """
        if self._rounds != self._machine.rounds:
            self._rounds = self._machine.rounds
            self._walked.clear()
        if run.block.index not in self._walked or self.parameters.has_members:
            return True
        return any(_holds_leaves(frame.names.get(name)) for name in run.block.targets)

    def _reach(self, loss: Any, *, unnamed: bool = True) -> None:
        if isinstance(loss, torch.Tensor):
            self.parameters.reached(loss, self.all_holders(), keep=self._reached, unnamed=unnamed)
            self._reached = True

    def all_holders(self) -> Holders:
        """The variables of the scopes being run, and of the one where the last forward ran: it may be left by now."""
        holders = self.holders()
        if self._computed is not None and all(self._computed[1].names is not names for names in holders):
            holders.append(self._computed[1].names)
        return holders

    def present_loss(self) -> Any:
        """The loss as the script has it now; None if it has none."""
        return None if self._computed is None else _evaluated(self._computed[1], self._computed[0].loss)

    def _named_values(self) -> Iterator[Named]:
        """What the last forward assigned, and what the script's functions computed on the way."""
        if self._computed is None:
            return
        run, frame = self._computed
        shown = {self.loss_name, *self._target_names()}
        for name in self._assigned(run):
            value = frame.names.get(name)
            if name not in shown and isinstance(value, (torch.Tensor, float, int)):
                shown.add(name)
                yield Named(name, fact(value))
        for name, value in self._watch.values.items():
            if name not in shown:
                yield Named(name, value if isinstance(value, Fact) else fact(value))

    def _assigned(self, run: RunBlock) -> list[str]:
        names = run.block.assigned
        if names is None:
            found = bound_names(run.block.statements)
            names = run.block.assigned = sorted(name for name in found if not name.startswith("_"))
        return names

    # ---- facts

    def values(self) -> tuple[tuple[Named, ...], int]:
        """The loop's targets and then the values computed on the way; and how many are targets."""
        targets: list[Named] = []
        for name in self._target_names():
            for names in self.all_holders():
                if name in names:
                    targets += self._facts.named(name, names[name])
                    break
        if self._values is None:
            self._values = tuple(self._named_values())
            self._watch.values = {}
        return (*targets, *self._values), len(targets)

    def _target_names(self) -> list[str]:
        """The targets of the loop in which the last forward ran, also when that loop is over."""
        if self._computed is None:
            return target_names(self._machine)
        return self._computed[0].block.targets

    def computed(self, name: str) -> Fact | None:
        """What is known of a value that the last forward computed by name."""
        return next((each.fact for each in self._values or () if each.name == name), None)

    def loss_fact(self) -> Fact | None:
        if self._loss_fact is None and self._loss is not None:
            self._loss_fact = fact(self._loss)
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
        return self.ledgers.facts(self.parameters)

    def run_begins(self, *, sparing: bool, recalls: bool = False, stops: bool = False) -> None:
        """A run at full speed begins: what rows hold is read anew.

        `sparing`: a long one, to the end. `recalls`: its forwards can be run again for a look; `stops`: they must be,
        since it may stop behind any block.
        """
        self.sparing, self.slow = sparing and (recalls or not stops), False
        self.recalls = self.on_trial = recalls
        self._stops = stops
        self._read_numbers()

    def run_ends(self) -> None:
        """A run at full speed is over: look closely again.

        Leaves without a name are left out: an update since may have bound their names to others.
        """
        self._reach(self.present_loss(), unnamed=False)

    def numbers(self) -> tuple[float | None, Numbers]:
        """What a row holds: the loss, and of each parameter value and gradient, or of many numbers the norm."""
        return self._loss_number, self._numbers

    def singles(self) -> tuple[float | None, Numbers]:
        """The loss, and value and gradient of each parameter, where they are one number."""
        return self._loss_number, self._singles


class _FactCache:
    """Facts of tensors that were not written since: same tensor, same version."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[weakref.ref[torch.Tensor], int, int, Fact]] = {}

    def of(self, key: object, tensor: torch.Tensor, trust_version: bool = True) -> Fact:
        """The fact of a tensor. `trust_version=False` after code that may write through `.data`, unseen."""
        if tensor.is_nested or tensor.layout != torch.strided or tensor.numel() <= SMALL:
            return fact(tensor)
        kept = self._kept.get(key)
        if trust_version and kept is not None:
            reference, version, address, known = kept
            if reference() is tensor and version == version_of(tensor) and address == tensor.data_ptr():
                return known
        new = fact(tensor)
        self._kept[key] = (weakref.ref(tensor), version_of(tensor), tensor.data_ptr(), new)
        return new

    def named(self, name: str, value: object) -> list[Named]:
        if isinstance(value, torch.Tensor):
            return [Named(name, self.of(("name", name), value))]
        return list(named_facts(name, value))


def _pieces_of(frame: Frame) -> set[CodeType]:
    """The code of the loop's pieces, which are no functions of the script."""
    return _NO_CODE if frame.code.is_module else {piece.__code__ for piece in frame.pieces}


def _holds_leaves(value: object) -> bool:
    return isinstance(value, torch.nn.Module) or (isinstance(value, torch.Tensor) and value.requires_grad)


def _evaluated(frame: Frame, piece: int | None) -> Any:
    if piece is None:
        return None
    try:
        value = frame.pieces[piece]()
    except Exception:  # the loss may not be there yet: `loss` assigned in a later block
        return None
    return value if isinstance(value, (torch.Tensor, float, int)) else None
