"""What a step did, in words: from the facts before and after it."""

from __future__ import annotations

from bptui.protocol.fact import Fact, flatten, summary
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Ledger, Param, Snapshot

_WRITTEN = 4
"""Tensors of up to so many elements are written out."""
_NAMED = 2
"""At most so many parameters are spoken of one by one."""


def explain(before: Snapshot | None, after: Snapshot, passed: bool) -> str:
    """One line. `passed`: zero_grad was passed over."""
    if after.failure is not None:
        where = f" at line {after.failure.line}" if after.failure.line else ""
        during = f"{after.phase}: " if after.phase else ""
        cause = f"; {after.failure.cause}" if after.failure.cause else ""
        return f"{during}{after.failure.type}{where}: {after.failure.message}".splitlines()[0] + cause
    said = _said(before, after)
    if before is not None and after.index > before.index + 1:
        said = f"{after.index - before.index} steps, then {said}"
    if passed:
        said = f"{said}; zero_grad passed over" + _kept(after)
    if after.stop_reason is StopReason.END:
        return f"{said}; the script has ended" if said else "the script has ended"
    return said


def _said(before: Snapshot | None, after: Snapshot) -> str:
    if after.phase is Phase.FORWARD:
        return _forward(after)
    if after.phase is Phase.BACKWARD:
        return _backward(before, after)
    if after.phase is Phase.UPDATE:
        return _update(before, after)
    if after.phase is Phase.ZERO_GRAD:
        return _zero_grad(before, after)
    if after.stop_reason is StopReason.ENTRY and after.next is not None:
        return f"ready: {after.next.phase} is next, line {after.next.line}"
    return ""


def _forward(after: Snapshot) -> str:
    loss = f"loss = {short(after.loss)}" if after.loss else "no loss yet"
    sample = ", ".join(f"{each.name} = {short(each.fact)}" for each in after.values[: after.targets])
    return f"forward: {loss}" + (f" for {sample}" if sample else "")


def _backward(before: Snapshot | None, after: Snapshot) -> str:
    ledgers = {ledger.name: ledger for ledger in after.ledger}
    known = {ledger.name: _entries(ledger) for ledger in before.ledger} if before else {}
    alone = before is not None and after.index == before.index + 1
    told = []
    for param in after.params:
        ledger = ledgers.get(param.name)
        if param.grad is None or ledger is None or not ledger.contributions:
            continue
        if alone and _entries(ledger) == known.get(param.name):
            continue  # this backward did not reach it
        added = ledger.contributions[-1].value
        told.append(
            f"∂loss/∂{param.name} = {short(added)} added to {param.name}.grad: "
            f"{_old(before, param, grad=True)} -> {short(param.grad)}"
        )
    return f"backward: {_joined(told, 'gradients')}" if told else "backward: no parameter got a gradient"


def _entries(ledger: Ledger) -> int:
    return ledger.earlier + len(ledger.contributions)


def _update(before: Snapshot | None, after: Snapshot) -> str:
    told = []
    for param in after.params:
        old = before.param(param.name) if before else None
        if old is not None and changed(old.value, param.value):
            told.append(f"{param.name} {short(old.value)} -> {short(param.value)}")
    if told:
        return f"update: {_joined(told, 'parameters')}"
    missing = [param.name for param in after.params if param.grad is None]
    if missing and len(missing) == len(after.params):
        return f"update: nothing moved, {_names(missing)}.grad is None"
    return "update: nothing moved"


def _zero_grad(before: Snapshot | None, after: Snapshot) -> str:
    told = []
    for param in after.params:
        old = before.param(param.name) if before else None
        if old is not None and changed(old.grad, param.grad):
            told.append(f"{param.name}.grad {short(old.grad)} -> {short(param.grad)}")
    return f"zero_grad: {_joined(told, 'gradients')}" if told else "zero_grad: no gradient changed"


def _kept(after: Snapshot) -> str:
    kept = [f"{param.name}.grad stays {short(param.grad)}" for param in after.params if param.grad is not None]
    return f", {kept[0]}" if len(kept) == 1 else ""


def _old(before: Snapshot | None, param: Param, *, grad: bool) -> str:
    old = before.param(param.name) if before else None
    return short(old.grad if grad else old.value) if old else "None"


def _joined(told: list[str], what: str) -> str:
    more = len(told) - _NAMED
    return "; ".join(told[:_NAMED]) + (f"; and {more} more {what}" if more > 0 else "")


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"every one of {len(names)} parameters'"


def changed(old: Fact | None, new: Fact | None) -> bool:
    """Whether two facts say different things."""
    if old is None or new is None:
        return old is not new
    if old.stats is not None and new.stats is not None:
        return repr((old.stats, old.corner)) != repr((new.stats, new.corner))
    return repr(old.value) != repr(new.value) or old.shape != new.shape or old.text != new.text


def short(fact: Fact | None) -> str:
    """A fact in a few characters: a number, a few numbers, else the norm."""
    if fact is None:
        return "None"
    if fact.number is not None:
        return _number(fact.number)
    if isinstance(fact.value, tuple) and fact.numel <= _WRITTEN:
        return "[" + ", ".join(map(_number, flatten(fact.value))) + "]"
    norm = summary(fact)
    if norm is not None:
        return f"norm {norm:.6g}"
    if fact.text is not None and len(fact.text) <= 40:
        return fact.text
    return f"{fact.type}{list(fact.shape)}" if fact.shape else fact.type


def _number(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.6g}"
