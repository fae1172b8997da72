"""Parameters, gradients and what these are made of, as they were at a step inside a phase."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import torch

from bptui.engine.interpreter.position import Position
from bptui.engine.tape.nodes import RawNode
from bptui.engine.tape.operands import value_of
from bptui.engine.tape.recording import RecordedStep, Recording
from bptui.engine.tensors.bits import same_bits
from bptui.engine.tensors.captured import CapturedTensor
from bptui.engine.tensors.facts import fact
from bptui.protocol.fact import Fact, flatten
from bptui.protocol.snapshot import Contribution, Ledger, Param, Snapshot


def state_at(
    before: Snapshot, recording: Recording, steps: Iterable[RecordedStep], place: Position
) -> tuple[tuple[Param, ...], tuple[Ledger, ...]]:
    """The parameters and ledgers after these steps. `before`: the stop before the phase; `place`: its sample."""
    params = {param.name: param for param in before.params}
    ledgers = {ledger.name: ledger for ledger in before.ledger}
    for step in steps:
        for name, (value, grad) in step.written.items():
            if value is not None:
                params[name] = Param(name, value.detailed(), grad.detailed() if grad is not None else None)
                _note_write(ledgers, params[name])
        raw = step.raw
        if isinstance(raw, RawNode) and raw.variable and raw.done:
            accumulated = recording.parameter_of(raw)
            if accumulated is not None and accumulated in params:
                params[accumulated] = dataclasses.replace(params[accumulated], grad=_fact_of(raw.new))
                ledgers[accumulated] = _with_contribution(ledgers.get(accumulated), raw, params[accumulated], place)
    return tuple(params.values()), tuple(ledgers[name] for name in params if name in ledgers)


def _fact_of(captured: CapturedTensor | None) -> Fact | None:
    return captured.detailed() if captured is not None else None


def _with_contribution(ledger: Ledger | None, raw: RawNode, param: Param, place: Position) -> Ledger:
    """The ledger with what this node added to the gradient."""
    added = next(each.detailed() for each in raw.upstream if each is not None)
    contribution = Contribution(place.epoch, place.sample, added)
    if ledger is None or raw.old is None:
        return _compared(Ledger(param.name, (contribution,), added, None), param)
    total = _added(ledger.sum, added)
    if total is None and ledger.sum is not None and ledger.difference is None:
        total = param.grad  # the sum was the gradient to the bit, and autograd adds in order
    contributions = (*ledger.contributions, contribution)
    return _compared(Ledger(param.name, contributions, total, None, ledger.earlier), param)


def _note_write(ledgers: dict[str, Ledger], param: Param) -> None:
    """An op wrote a parameter or its gradient: a ledger ends where that is None or 0."""
    ledger = ledgers.get(param.name)
    if ledger is not None:
        if param.grad is None or _is_zero(param.grad):
            del ledgers[param.name]
        else:
            ledgers[param.name] = _compared(ledger, param)


def _is_zero(known: Fact) -> bool:
    if known.stats is not None:
        return known.stats.zero == known.numel
    return known.value is not None and not any(flatten(known.value))


def _compared(ledger: Ledger, param: Param) -> Ledger:
    """With what the gradient is besides the sum."""
    total, gradient = _tensor(ledger.sum), _tensor(param.grad)
    difference = None
    if total is not None and gradient is not None and not same_bits(total, gradient):
        difference = fact(gradient - total)
    return dataclasses.replace(ledger, difference=difference)


def _added(one: Fact | None, other: Fact) -> Fact | None:
    """The sum in the tensors' own dtype; None where one is too large to be known."""
    first, second = _tensor(one), _tensor(other)
    return None if first is None or second is None else fact(first + second)


def _tensor(known: Fact | None) -> torch.Tensor | None:
    value = value_of(known)
    dtype = getattr(torch, known.dtype or "", None) if known is not None else None
    return value if value is None or not isinstance(dtype, torch.dtype) else value.to(dtype)
