"""A value of a snapshot, looked into: as much of it as was kept."""

from __future__ import annotations

from bptui.protocol.fact import Fact
from bptui.protocol.replies import Inspected
from bptui.protocol.snapshot import Snapshot, Watched


def inspected(name: str, snapshot: Snapshot) -> Inspected | None:
    """What is known of the value of that name; None if nothing is."""
    param = snapshot.param(name)
    if param is not None:
        return _of_fact(name, param.value)
    param = snapshot.param(name.removesuffix(".grad"))
    if param is not None:
        return Inspected(name, (("type", "NoneType"),), "None") if param.grad is None else _of_fact(name, param.grad)
    if name == snapshot.loss_name and snapshot.loss is not None:
        return _of_fact(name, snapshot.loss)
    found = next((each.fact for each in snapshot.values if each.name == name), None)
    return None if found is None else _of_fact(name, found)


def watched(expression: str, snapshot: Snapshot) -> Watched:
    """What is known of a watched expression: what it gave when it was recorded, or the value of that name."""
    for each in snapshot.watches:
        if each.expression == expression:
            return each
    found = inspected(expression, snapshot)
    text = "not known: nothing is evaluated in a recorded run" if found is None else found.text
    return Watched(expression, text, found is None)


def _of_fact(name: str, fact: Fact) -> Inspected:
    known = (("type", fact.type), ("dtype", fact.dtype), ("shape", fact.shape), ("device", fact.device))
    fields = tuple((label, str(each)) for label, each in known if each is not None)
    return Inspected(name, fields, _plain(fact))


def _plain(fact: Fact) -> str:
    if fact.value is not None:
        return str(fact.value).replace("(", "[").replace(",)", "]").replace(")", "]") if fact.shape else str(fact.value)
    if fact.stats is not None:
        return "\n".join(f"{label} {value}" for label, value in vars(fact.stats).items())
    return fact.text or ""
