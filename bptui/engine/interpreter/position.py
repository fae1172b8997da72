"""Where in the data the program is: epoch and sample, from 0."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple

from bptui.engine.compiler.tree import Role, sample_targets
from bptui.engine.interpreter.machine import Machine

_EPOCH, _SAMPLE = Role.EPOCH, Role.SAMPLE


class Position(NamedTuple):
    """A position in the data; each is None where there is no such loop, or the count is not known."""

    epoch: int | None = None
    """The present epoch, from 0."""
    sample: int | None = None
    """The present sample of the epoch, from 0."""
    epochs: int | None = None
    """How many epochs there are."""
    samples: int | None = None
    """How many samples an epoch has."""


def position_of(machine: Machine, last: Position) -> Position:
    """Where the machine is. `last`, the position before, gives the sample where there is none: between two loops."""
    epoch, sample, epochs, samples = None, last.sample, None, last.samples
    for frame in machine.frames:
        for slot in frame.slots.values():
            loop = slot.loop
            if loop.role is _EPOCH or loop.role is _SAMPLE:
                count, total = slot.count, slot.total
                if count < 0:
                    count = 0
                if total is None:
                    total = machine.totals.get(id(loop))
                if loop.role is _EPOCH:
                    epoch, epochs = count, total
                else:
                    sample, samples = count, total
    return Position(epoch, sample, epochs, samples)


def epoch_key(machine: Machine) -> tuple[int, int] | None:
    """Identifies the present epoch: which run of which epoch loop, and which pass; None outside of any."""
    return next(((id(slot), slot.count) for slot in machine.slots() if slot.loop.role is Role.EPOCH), None)


def is_last(machine: Machine) -> bool:
    """Whether no loop around has another item, as far as that is known."""
    for frame in machine.frames:
        for slot in frame.slots.values():
            if slot.total is None or slot.count + 1 < slot.total:
                return False
    return True


def is_last_of_epoch(machine: Machine) -> bool:
    """Whether no loop inside the epoch's has another item, as far as that is known."""
    slots = list(machine.slots())
    epochs = [place for place, slot in enumerate(slots) if slot.loop.role is Role.EPOCH]
    inside = slots[epochs[-1] + 1 :] if epochs else slots
    return all(slot.total is not None and slot.count + 1 >= slot.total for slot in inside)


def target_names(machine: Machine) -> list[str]:
    """The targets of the innermost loop over samples, in the script's order."""
    return sample_targets([slot.loop for slot in machine.slots()])


def pending(machine: Machine) -> Mapping[str, Any]:
    """What the loop's targets will be, by name, where an item was taken and is not bound yet (see `Bind`)."""
    if not machine.frames or machine.frames[-1].unbound is None:
        return {}
    frame = machine.frames[-1]
    assert frame.unbound is not None
    slot = frame.slots[id(frame.unbound.loop)]
    assert isinstance(slot.loop.node, ast.For)
    return dict(_destructured(slot.loop.node.target, slot.item))


def _destructured(target: ast.expr, item: Any) -> list[tuple[str, Any]]:
    if isinstance(target, ast.Name):
        return [(target.id, item)]
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(item, (tuple, list)):
        pairs = zip(target.elts, item, strict=False)
        return [found for each, part in pairs for found in _destructured(each, part)]
    return []
