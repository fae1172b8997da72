"""Sees what blocks do: the loss, values on the way, parameters, gradients and what they are made of.

Whoever runs a block says so before and after it: by `observe` and `observed` where a person will look at it, or by
`glance` and `glanced` in a run at full speed; and by `abandon` where it raised. Nothing here runs the script's own
lines, but for the expression of the loss.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.compiler.syntax import bound_names
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position, target_names
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.around_block import AroundBlock
from bptui.engine.observe.fact_cache import FactCache
from bptui.engine.observe.forward import ForwardResult, computes_loss, evaluated, pieces_of
from bptui.engine.observe.ledger import Ledgers
from bptui.engine.observe.local_variables import LocalsWatch
from bptui.engine.observe.parameters import Holders, Numbers, Parameters
from bptui.engine.observe.reached import ReachedParameters
from bptui.engine.observe.row_numbers import RowNumbers
from bptui.engine.observe.step_facts import Known, StepFacts, known
from bptui.engine.observe.step_result import StepResult
from bptui.engine.tensors.facts import grad_of
from bptui.protocol.fact import Fact, Named
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Ledger, Param

_FORWARD, _BACKWARD = Phase.FORWARD, Phase.BACKWARD
"""At hand: the members of an enum are looked up slowly, and these behind every block."""


class Recorder:
    """What is known of one execution of a script.

    To observe a block takes the facts of large tensors, which cost passes over them. A glance takes only what costs
    next to nothing: the loss, and the parameters that are single numbers.
    """

    parts: tuple[type, ...] = (
        Parameters, Ledgers, LocalsWatch, FactCache, ForwardResult, ReachedParameters, RowNumbers, AroundBlock,
    )  # fmt: skip
    """The types of what it consists of, as far as that changes from step to step."""

    def __init__(self, script: Script, machine: Machine) -> None:
        self._machine = machine
        self.parameters = Parameters(script.loop_targets)
        self.ledgers = Ledgers()
        self._reached = ReachedParameters(machine, self.parameters)
        self._numbers = RowNumbers(self.parameters)
        self._facts = FactCache()
        self._locals = LocalsWatch(script.path)
        self._watches = _computes_by_name(script)
        """Whether functions of the script have values of their own to show."""
        self._forward: ForwardResult | None = None
        """The last forward; None before any, and after one that raised."""
        self._loss_number: float | None = None
        self.loss_name: str | None = None
        self._backward: tuple[Position, bool] = Position(), True
        """Where the last backward began, and whether it was looked at in detail."""
        self._around = AroundBlock()
        self._old_loss: object = None
        """The loss before a forward that may not compute it, while that runs."""

    def holders(self) -> Holders:
        """The variables of the scopes being run, the innermost first. The caller may keep the list and change it."""
        frames = self._machine.frames
        if len(frames) == 1:
            return [frames[0].names]
        return [frame.names for frame in reversed(frames)] or [self._machine.module]

    def all_holders(self) -> Holders:
        """The same, and those of the scope where the last forward ran: it may be left by now."""
        holders = self.holders()
        if self._forward is not None and all(self._forward.frame.names is not names for names in holders):
            holders.append(self._forward.frame.names)
        return holders

    # ---- around a block

    def observe(self, run: RunBlock, frame: Frame, position: Position) -> None:
        """A block begins, and is looked at in detail. `observed` or `abandon` must follow."""
        self._begin(run, frame, position, self._around.stop or self._known(self.params(None)), detailed=True)

    def glance(self, run: RunBlock, frame: Frame, position: Position) -> None:
        """A block begins in a run at full speed. `glanced` or `abandon` must follow."""
        phase = run.phase
        if phase is _FORWARD or (phase is _BACKWARD and run.block.rewrites) or self.parameters.rebound:
            self._begin(run, frame, position, self._numbers.shown, detailed=False)
            return
        self._around.begin(self._numbers.shown)
        if phase is _BACKWARD:
            self.ledgers.before_backward(self.parameters, False)
            self._backward = (position, False)

    def _begin(
        self, run: RunBlock, frame: Frame, position: Position, before: Known | Numbers, *, detailed: bool
    ) -> None:
        """A block begins. `before`: what is known of the parameters."""
        if self.parameters.rebound:
            self.parameters.rebound = {}
        self._around.begin(before)
        if run.phase is _FORWARD:
            self._around.forward_begins(run.loss_name)
            self._old_loss = None if run.block.computes_loss or computes_loss(run) else evaluated(frame, run.loss)
            if self._watches:
                self._locals.begin(pieces_of(frame), detailed)
        elif run.phase is _BACKWARD:
            self.ledgers.before_backward(self.parameters, detailed or run.block.rewrites)
            self._backward = (position, detailed)

    def abandon(self, run: RunBlock) -> None:
        """It raised: nothing of ours stays behind in the interpreter or on tensors."""
        if run.phase is _FORWARD:
            self._locals.end()
        elif run.phase is _BACKWARD:
            self.ledgers.release()

    def refused(self) -> None:
        """The block that raised was refused, and nothing changed."""
        self._around.refused()

    def observed(self, run: RunBlock, frame: Frame, position: Position) -> None:
        """Its own statements ran: see what came of it."""
        if run.phase is _FORWARD:
            self._locals.end()
            self._after_forward(run, frame, detailed=True)
        else:
            self.ledgers.release()
            self._after_other(run.phase, position, detailed=True)
        around = self._around
        around.ended = True
        around.behind, around.others = self.params(run.phase), self._machine.others
        around.brought = self.ledgers.brought(self.parameters) if run.phase is Phase.BACKWARD else {}

    def glanced(self, run: RunBlock, frame: Frame, position: Position) -> None:
        """It ran, in a run at full speed: take the numbers of its row."""
        phase = run.phase
        if phase is _FORWARD:
            if self._watches:
                self._locals.end()
            self._after_forward(run, frame, detailed=False)
        else:
            parameters, ledgers, names = self.parameters, self.ledgers, frame.names
            frames = self._machine.frames
            if parameters.has_members or not frames or frames[-1] is not frame:
                parameters.follow(self.holders())
            else:
                for name, tensor in parameters.variables:
                    if names.get(name) is not tensor:  # bound anew, or a variable of another scope
                        parameters.follow(self.holders())
                        break
            numbers = self._numbers.read()
            if phase is _BACKWARD:
                ledgers.release()
                if parameters.has_large:
                    self._numbers.measure()
                ledgers.after_backward(parameters, numbers, position)
            elif ledgers.has_any:
                ledgers.settle(parameters, numbers, phase)
        self._around.ended = True

    def settle(self, run: RunBlock) -> None:
        """What else its block holds ran too: names may stand for other tensors, and gradients may be gone."""
        if run.split is not None:
            self.parameters.follow(self.holders())
            self.parameters.look_into_containers(self.holders())
            self._numbers.read()
            self.ledgers.settle(self.parameters, None, Phase.ZERO_GRAD)

    def failed(self, run: RunBlock) -> None:
        """A block raised and is not refused: take what it did before it raised."""
        if self._around.ended:
            self.settle(run)
        elif run.phase is Phase.FORWARD:
            self._forward = self._loss_number = None
        elif run.phase is Phase.BACKWARD:
            self._after_other(run.phase, *self._backward)
        else:  # names may stand for other tensors already
            self._after_other(run.phase, Position(), True)

    def edited(self) -> None:
        """A person changed the program: names may stand for other tensors, and gradients may be gone."""
        self._around.begin(self._around.stop or ())
        self.parameters.follow(self.holders())
        self._numbers.read()
        self.ledgers.settle(self.parameters, None, Phase.ZERO_GRAD)

    def _after_forward(self, run: RunBlock, frame: Frame, detailed: bool) -> None:
        local = self._locals.taken() if self._watches else {}
        forward = self._forward = ForwardResult(run, frame, local, detailed, self._old_loss)
        self._old_loss = None
        self._around.forward_ended(run.loss_name, forward)
        self._loss_number, self.loss_name = forward.number, run.loss_name
        if detailed or self._reached.may_be_others(run, frame):
            self._reached.walk(run, forward.present_loss(), self.all_holders())
            self._numbers.read()  # there may be other parameters now

    def _after_other(self, phase: Phase, position: Position, detailed: bool) -> None:
        """After a block that may have written parameters or gradients, which is looked at."""
        parameters = self.parameters
        parameters.follow(self.holders())
        if detailed:
            parameters.look_into_containers(self.holders())
        numbers = self._numbers.read()
        if phase is _BACKWARD:
            self.ledgers.after_backward(parameters, None if detailed else numbers, position)
        else:
            self.ledgers.settle(parameters, None if detailed else numbers, phase)

    # ---- what a step did

    def step_facts(self, step: StepResult) -> StepFacts:
        """What is known of the step that led to where the program stands."""
        around, phase = self._around, step.phase
        if around.behind is not None and around.others == self._machine.others:
            params = around.behind  # no code ran since they were read
        else:
            params = self.params(phase if around.behind is None else None)
        brought = around.brought
        if around.behind is None:
            brought = self.ledgers.brought(self.parameters) if phase is Phase.BACKWARD else {}
        now = around.stop = self._known(params)
        before = around.known_before(params, self.loss_name, forward=phase is Phase.FORWARD)
        if step.ran is None and not step.edit:
            before = now  # no block ran, so that what was known before the last one says nothing of this step
        behind = now if around.behind is None else Known.of(around.behind, {})
        root = step.ran.root if step.ran is not None else ""
        return StepFacts(before, behind, now, params, brought, root, step.steps, step.passed)

    def _known(self, params: tuple[Param, ...]) -> Known:
        return known(params, self.values()[0], self.loss_name, self.loss_fact())

    # ---- around a run at full speed

    def run_begins(self) -> None:
        """A run at full speed begins: what rows hold is read anew."""
        self._numbers.prepare()
        self._numbers.read()

    def run_ends(self) -> None:
        """It is over: find the parameters that its last loss reaches.

        Leaves without a name are left out: an update since may have bound their names to others.
        """
        self._reached.reach(self.present_loss(), self.all_holders(), unnamed=False)

    def numbers(self) -> tuple[float | None, Numbers]:
        """What a row holds: the loss, and of each parameter value and gradient, or of many numbers the norm."""
        return self._loss_number, self._numbers.shown

    def singles(self) -> tuple[float | None, Numbers]:
        """The loss, and value and gradient of each parameter, where they are one number."""
        return self._loss_number, self._numbers.singles

    # ---- facts

    def present_loss(self) -> Any:
        """The loss as the script has it now; None if it has none."""
        return None if self._forward is None else self._forward.present_loss()

    def loss_fact(self) -> Fact | None:
        """The loss that the last forward computed."""
        return None if self._forward is None else self._forward.loss()

    def values(self) -> tuple[tuple[Named, ...], int]:
        """The loop's targets and then the values computed on the way; and how many are targets."""
        targets = list(self._targets())
        return (*targets, *(() if self._forward is None else self._forward.values())), len(targets)

    def computed(self, name: str) -> Fact | None:
        """What is known of a value that the last forward computed by name."""
        return None if self._forward is None else self._forward.value(name)

    def _targets(self) -> Iterator[Named]:
        """The targets of the loop in which the last forward ran, also when that loop is over."""
        forward = self._forward
        for name in target_names(self._machine) if forward is None else forward.run.block.targets:
            for names in self.all_holders():
                if name in names:
                    yield from self._facts.named(name, names[name])
                    break

    def params(self, phase: Phase | None) -> tuple[Param, ...]:
        """Every parameter with its gradient. What the phase cannot have written is not read again."""
        trusted = phase in (Phase.FORWARD, Phase.BACKWARD)
        return tuple(
            Param(
                name,
                self._facts.of(("value", name), tensor, trusted),
                None if (grad := grad_of(tensor)) is None else self._facts.of(("grad", name), grad, trusted),
            )
            for name, tensor in self.parameters
        )

    def ledger(self) -> tuple[Ledger, ...]:
        """What each gradient is made of."""
        return self.ledgers.facts(self.parameters)


def _computes_by_name(script: Script) -> bool:
    """Whether the script defines a function, other than those that are stepped through, with variables of its own."""
    for each in ast.walk(script.tree):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.name not in script.codes:
            given = {argument.arg for argument in ast.walk(each.args) if isinstance(argument, ast.arg)}
            if any(not name.startswith("_") for name in bound_names(each.body) - given):
                return True
    return False
