"""What a step did, in words: from the facts before it, right behind it and where the program stands.

Nothing is said that these facts do not show. Where something was not looked at before the step (at full speed large
tensors are not), that is said, and not that nothing changed.
"""

from __future__ import annotations

from bptui.engine.observe.step_facts import StepFacts, adds_up, changed
from bptui.protocol.fact import Fact, differs, flatten, summary
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.words import counted, is_name

_WRITTEN = 4
"""Tensors of up to so many elements are written out."""
_NAMED = 2
"""At most so many parameters are spoken of one by one."""


def explain(after: Snapshot, facts: StepFacts) -> str:
    """One line on the step that led to that stop."""
    if after.failure is not None:
        where = f" at line {after.failure.line}" if after.failure.line else ""
        during = f"{after.phase}: " if after.phase else ""
        cause = f"; {after.failure.cause}" if after.failure.cause else ""
        return f"{during}{after.failure.type}{where}: {after.failure.message}".splitlines()[0] + cause
    said = _said(after, facts) + _then(facts)
    if facts.steps > 1:
        said = f"{counted(facts.steps, 'step')}, then {said}"
    if facts.passed:
        said = f"{said}; zero_grad passed over" + _kept(after)
    if after.stop_reason is StopReason.END:
        return f"{said}; the script has ended" if said else "the script has ended"
    return said


def _said(after: Snapshot, facts: StepFacts) -> str:
    if after.phase is Phase.FORWARD:
        return _forward(after)
    if after.phase is Phase.BACKWARD:
        return _backward(facts)
    if after.phase is Phase.UPDATE:
        return _update(facts)
    if after.phase is Phase.ZERO_GRAD:
        return _zero_grad(facts)
    if after.stop_reason is StopReason.ENTRY and after.next is not None:
        return f"ready: {after.next.phase} is next, line {after.next.line}"
    return ""


def _forward(after: Snapshot) -> str:
    name = after.loss_name if after.loss_name and is_name(after.loss_name) else "loss"
    loss = f"{name} = {short(after.loss)}" if after.loss else "no loss yet" if after.loss_to_come else "no loss seen"
    sample = ", ".join(f"{each.name} = {short(each.fact)}" for each in after.values[: after.targets])
    return f"forward: {loss}" + (f" for {sample}" if sample else "")


def _backward(facts: StepFacts) -> str:
    told, seen = [], True
    for name, known, old, new in facts.grads():
        added = facts.brought.get(name.removesuffix(".grad"), ())
        if added or (known and differs(old, new)):
            told.append(_accumulated(name, known, old, added, new, facts.root))
        seen = seen and known
    if told:
        return f"backward: {_joined(told, 'gradient')}"
    if not seen:
        return f"backward: {_UNSEEN}"
    if all(new is None for _, _, _, new in facts.grads()):
        return "backward: no parameter got a gradient"
    return "backward: no gradient changed"


def _accumulated(name: str, known: bool, old: Fact | None, added: tuple[Fact, ...], new: Fact | None, root: str) -> str:
    """`∂l/∂w = -7.84 added to w.grad: -2 -> -9.84`; or as much of that as holds."""
    by = f"∂{root}/∂{name.removesuffix('.grad')} = " if root else ""
    terms = " + ".join(map(short, added))
    if added and known and adds_up(old, added, new):
        return f"{by}{terms} added to {name}: {short(old)} -> {short(new)}"
    change = f"{name} {short(old)} -> {short(new)}" if known else f"{name} = {short(new)}"
    if not added:
        return change
    return f"{by}{terms}, {change}" if by else f"{terms} came to {name}, {change}"


_UNSEEN = "what it changed was not measured"


def _update(facts: StepFacts) -> str:
    values = list(facts.values())
    told = [f"{name} {short(old)} -> {short(new)}" for name, known, old, new in values if known and differs(old, new)]
    if told:
        return f"update: {_joined(told, 'parameter')}"
    if not all(known for _, known, _, _ in values):
        return f"update: {_UNSEEN}"
    missing = [name for name, _, _, new in facts.grads() if new is None]
    if missing and len(missing) == len(values):
        return f"update: nothing moved, {_every(missing)} is None"
    return "update: nothing moved"


def _every(grads: list[str]) -> str:
    return grads[0] if len(grads) == 1 else f"the .grad of all {counted(len(grads), 'parameter')}"


def _zero_grad(facts: StepFacts) -> str:
    grads = list(facts.grads())
    told = [f"{name} {short(old)} -> {short(new)}" for name, known, old, new in grads if known and differs(old, new)]
    if told:
        return f"zero_grad: {_joined(told, 'gradient')}"
    return "zero_grad: no gradient changed" if all(known for _, known, _, _ in grads) else f"zero_grad: {_UNSEEN}"


def _then(facts: StepFacts) -> str:
    """What statements behind the phase's own changed: of its block, and up to the next one."""
    names = {each for param in facts.params for each in (param.name, f"{param.name}.grad")}
    later = [each for each in changed(facts.behind, facts.now) if each.name in names]
    told = [f"{each.name} {short(each.old)} -> {short(facts.now.params[each.name])}" for each in later]
    return f"; then {_joined(told, 'change')}" if told else ""


def _kept(after: Snapshot) -> str:
    kept = [f"{param.name}.grad stays {short(param.grad)}" for param in after.params if param.grad is not None]
    return f", {kept[0]}" if len(kept) == 1 else ""


def _joined(told: list[str], what: str) -> str:
    more = len(told) - _NAMED
    return "; ".join(told[:_NAMED]) + (f"; and {_more(more, what)}" if more > 0 else "")


def _more(count: int, what: str) -> str:
    return f"{count:,} more {counted(count, what).split(' ', 1)[1]}"


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
