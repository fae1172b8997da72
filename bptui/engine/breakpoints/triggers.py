"""What a breakpoint waits for. Each kind returns in words how it was met, or None.

After a block: a condition turned true, watched data changed, a ready-made check found new trouble. Before a block: the
program has reached a place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bptui.engine.breakpoints.checks.base import Check
from bptui.engine.breakpoints.data import Data
from bptui.engine.breakpoints.logpoints import shown
from bptui.engine.breakpoints.numeric import NumericCondition, numeric_condition
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.compiler.tree import Role
from bptui.engine.expressions.expression import Expression, only_gradients
from bptui.engine.expressions.helpers import HELPERS
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.phase import Phase

Reason = Callable[[], str]
"""Returns how a breakpoint was met; called only where it stops the run."""

EVERY = tuple(Phase)
_WRITING = (Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD)


class Trigger:
    """Something that is checked after a block."""

    phases: tuple[Phase, ...] = EVERY
    """After these it is checked; found out as a run begins."""

    def begin(self) -> None:
        """A run begins: what is true now does not turn true any more."""

    def after(self, run: RunBlock) -> Reason | None:
        """That it was met by that block, in words; None where it was not."""
        raise NotImplementedError

    @property
    def trouble(self) -> str:
        """Why it cannot be evaluated now."""
        return ""

    def state(self) -> Any:
        """What it remembers, as plain data."""
        return None

    def restore(self, state: Any) -> None:
        """Remember that."""


class BecomesTrue(Trigger):
    """A condition alone: met when it turns true."""

    def __init__(self, condition: Expression, script: Script, recorder: Recorder, namespace: Namespace) -> None:
        self._condition, self._script, self._recorder, self._namespace = condition, script, recorder, namespace
        self._numeric: NumericCondition | None = None
        self._was = False

    def begin(self) -> None:
        losses, params = _losses(self._script, self._namespace), _params(self._script, self._recorder)
        self._numeric = numeric_condition_of(self._condition, self._script, self._recorder, self._namespace)
        self.phases = self._after(losses, params)
        self._was = self._condition.holds(self._namespace)

    def _after(self, losses: set[str], params: set[str]) -> tuple[Phase, ...]:
        """After which phases it may be another than before."""
        names = self._condition.names - {*HELPERS, "abs", "min", "max", "torch", "math"}
        if names and names <= losses:
            return (Phase.FORWARD,)
        if names and names <= params | only_gradients(self._condition.tree):
            return _WRITING
        return EVERY

    def after(self, run: RunBlock) -> Reason | None:
        if self._numeric is not None:
            may = self._numeric.may_hold(*self._recorder.singles())
            if may is not None and (not may or self._was):
                self._was, self._condition.error = may, ""
                return None
        was, self._was = self._was, self._condition.holds(self._namespace)
        return self._reason if self._was and not was else None

    def _reason(self) -> str:
        return f"{self._condition.text}{self._values()}"

    def _values(self) -> str:
        """The numbers of the condition's names, as it was met."""
        numbers = []
        for name in sorted(self._condition.names):
            value = self._recorder.singles()[0] if name == "loss" else self._namespace.variable(name)
            if isinstance(value, torch.Tensor) and value.numel() == 1:
                numbers.append(f"{name} = {shown(value)}")
                if f"{name}.grad" in self._condition.text and value.is_leaf:
                    numbers.append(f"{name}.grad = {shown(value.grad)}")
            elif isinstance(value, (int, float)):
                numbers.append(f"{name} = {value:.6g}" if isinstance(value, float) else f"{name} = {value}")
        return f" ({', '.join(numbers)})" if numbers else ""

    @property
    def trouble(self) -> str:
        return self._condition.error

    def state(self) -> Any:
        return self._was

    def restore(self, state: Any) -> None:
        self._was = state


def numeric_condition_of(
    condition: Expression, script: Script, recorder: Recorder, namespace: Namespace
) -> NumericCondition | None:
    """A condition over plain numbers, if the parameters and losses known now are all that it needs."""
    losses, params = _losses(script, namespace), _params(script, recorder)
    return numeric_condition(condition.tree, losses, params, namespace.bound - losses - params)


def _losses(script: Script, namespace: Namespace) -> set[str]:
    """The names that stand for the loss: the script's one name for it, and `loss` if that is nothing else."""
    names = {run.loss_name for run in script.runs.values() if run.phase is Phase.FORWARD}
    name = names.pop() if len(names) == 1 else None
    losses = {name} if name is not None and name.isidentifier() else set()
    if "loss" not in namespace.bound or callable(namespace.variable("loss")):
        losses.add("loss")
    return losses


def _params(script: Script, recorder: Recorder) -> set[str]:
    """The parameters that are variables themselves, each the same one all the time."""
    return {name for name, _ in recorder.parameters if name.isidentifier() and name not in script.loop_targets}


class DataWritten(Trigger):
    """Watched data: met whenever it changes."""

    def __init__(self, data: Data, namespace: Namespace) -> None:
        self._data, self._namespace = data, namespace

    def begin(self) -> None:
        self._data.begin(self._namespace)

    def after(self, run: RunBlock) -> Reason | None:
        return self._data.written(run, self._namespace)

    @property
    def trouble(self) -> str:
        return self._data.error


class CheckFires(Trigger):
    """A ready-made check: met when it finds trouble that was not there the last time."""

    def __init__(self, name: str, check: Check) -> None:
        self._name, self.check = name, check
        self._known: dict[str, frozenset[str]] = {}
        """The troubles found the last time, by the phase after which they were looked for."""
        self.phases = check.phases

    def begin(self) -> None:
        present = frozenset(self.check.present())
        if present:
            for phase in self.phases:
                self._known[phase.value] = self._known.get(phase.value, frozenset()) | present

    def after(self, run: RunBlock) -> Reason | None:
        with torch.no_grad():
            found = self.check.found(run)
        if found is None:
            return None
        known = self._known.get(run.phase_name, frozenset())
        if not found and not known:
            return None
        self._known[run.phase_name] = frozenset(found)
        new = [words for name, words in found.items() if name not in known]
        if not new:
            return None
        more = f" and {len(new) - 3} more" if len(new) > 3 else ""
        return lambda: f"{self._name}: {', '.join(new[:3])}{more}, after {run.phase}, line {run.line}"

    def state(self) -> Any:
        return tuple((phase, tuple(sorted(names))) for phase, names in self._known.items()), self.check.state()

    def restore(self, state: Any) -> None:
        known, check = state
        self._known = {phase: frozenset(names) for phase, names in known}
        self.check.restore(check)


class LoopEntry:
    """An epoch or a sample beginning: a place in the data that is reached anew."""

    def __init__(self, machine: Machine, *, of_sample: bool) -> None:
        """`of_sample`: it is a sample that begins, and not only an epoch."""
        self._machine, self._of_sample = machine, of_sample
        self._here: tuple[Any, ...] = ()

    def begin(self) -> None:
        """A run begins here."""
        self._here = self._key()

    def moved(self) -> bool:
        """Whether another pass has begun, of those that it is about."""
        before, here = self._here, self._key()
        if before[0] is here[0] and before[1] == here[1] and before[2] is here[2] and before[3] == here[3]:
            return False
        self._here = here
        return here[2] is not None if self._of_sample else here[0] is not None

    def _key(self) -> tuple[Any, ...]:
        """The passes through the loops that it is about, by the loop's own run and the number of its pass."""
        epoch = sample = None
        for slot in self._machine.slots():
            if slot.loop.role is Role.EPOCH:
                epoch = slot
            elif slot.loop.role is Role.SAMPLE:
                sample = slot
        key: tuple[Any, ...] = (epoch, epoch.count if epoch is not None else -1)
        if not self._of_sample:
            return (*key, None, -1)
        return (*key, sample, sample.count if sample is not None else -1)
