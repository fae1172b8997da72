"""A value of the script as Python sees it, for the inspector."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.errors import StepRefused
from bptui.engine.observe.recorder import Recorder
from bptui.engine.tensors.facts import dtype_name, grad_of, version_of
from bptui.protocol.fact import Fact
from bptui.protocol.replies import Inspected

_NOTHING = object()
"""No such member: None may be one."""
_LONGEST = 20_000
"""At most so many characters of the values are told."""


def inspect(name: str, recorder: Recorder) -> Inspected:
    """The value of that name.

    Raises:
        StepRefused: there is none.
    """
    value = _find(name, recorder)
    if isinstance(value, Fact):
        return Inspected(name, _of_fact(value), value.text or str(value.value))
    fields = [("type", str(type(value)))]
    if isinstance(value, torch.Tensor):
        fields += _of_tensor(value)
    return Inspected(name, tuple(fields), _shown(value))


def inspect_fact(name: str, fact: Fact | None, where: str) -> Inspected:
    """A value as it was at a step inside a phase, which the script has left behind by now."""
    if fact is None:
        return Inspected(name, (("type", "NoneType"), ("at", where)), "None")
    known = (("type", fact.type), ("dtype", fact.dtype), ("shape", fact.shape), ("device", fact.device))
    fields = tuple((label, str(each)) for label, each in known if each is not None)
    return Inspected(name, (*fields, ("at", where)), _plain(fact))


def _plain(fact: Fact) -> str:
    if fact.value is not None:
        return str(fact.value).replace("(", "[").replace(",)", "]").replace(")", "]")
    if fact.stats is not None:
        return "\n".join(f"{label} {value}" for label, value in vars(fact.stats).items())
    return fact.text or ""


def _of_fact(fact: Fact) -> tuple[tuple[str, str], ...]:
    """Of a value that the script no longer keeps: what was seen of it."""
    known = (("type", fact.type), ("dtype", fact.dtype), ("shape", fact.shape), ("device", fact.device))
    return (*((label, str(each)) for label, each in known if each is not None), ("kept", "no: a local of the forward"))


def _find(name: str, recorder: Recorder) -> Any:
    parameters = dict(recorder.parameters)
    if name in parameters:
        return parameters[name]
    if name.endswith(".grad") and name.removesuffix(".grad") in parameters:
        return grad_of(parameters[name.removesuffix(".grad")])
    if name == recorder.loss_name and (loss := recorder.present_loss()) is not None:
        return loss
    for names in recorder.holders():
        if name in names:
            return names[name]
    base, bracket, rest = name.partition("[")
    for names in recorder.holders():
        if bracket and isinstance(names.get(base), (dict, list, tuple)):
            member = _member(names[base], rest)
            if member is not _NOTHING:
                return member
    computed = recorder.computed(name)
    if computed is not None:
        return computed
    raise StepRefused(f"There is no {name} now.", "Run a forward first: it may not be computed yet.")


def _member(container: Any, key: str) -> Any:
    """The member of a small container, under the label that `capture.named_facts` gives it."""
    items = container.items() if isinstance(container, dict) else enumerate(container)
    return next((value for each, value in items if f"{each!r}]" == key), _NOTHING)


def _of_tensor(tensor: torch.Tensor) -> list[tuple[str, str]]:
    gradient = grad_of(tensor)
    return [
        ("dtype", dtype_name(tensor)),
        ("shape", str(tuple(tensor.shape))),
        ("ndim", str(tensor.ndim)),
        ("device", str(tensor.device)),
        ("requires_grad", str(tensor.requires_grad)),
        ("is_leaf", str(tensor.is_leaf)),
        ("grad_fn", "None" if tensor.grad_fn is None else tensor.grad_fn.name()),
        ("version", str(version_of(tensor))),
        (".data", _shown(tensor.detach())[:400]),
        (".grad", "None" if gradient is None else _shown(gradient)[:400]),
    ]


def _shown(value: Any) -> str:
    try:
        return repr(value)[:_LONGEST]
    except Exception as error:  # a script's own __repr__ may raise anything
        return f"<repr raised {type(error).__name__}: {error}>"
