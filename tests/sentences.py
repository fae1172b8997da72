"""What is said of a step, checked against the facts around it: an oracle that shares no code with the words.

`facts` are those of a walk step by step (`next`), index by index: what was there behind each step. A sentence of any
stop at such an index is read clause by clause; every number in it is compared with these facts, to the printed digits.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from bptui.protocol.fact import Fact, summary
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Snapshot
from tests.equations import value_of
from tests.printed_numbers import NotEvaluable, Printed

Facts = Mapping[str, Fact | None]
"""Parameters and gradients at one stop, by name."""

_ACCUMULATED = re.compile(
    r"(?:∂(?P<root>\S+)/∂(?P<by>.+?) = )?(?P<added>.+?) added to (?P<name>.+?): (?P<old>.+) -> (?P<new>.+)"
)
_CAME = re.compile(r"(?:∂\S+/∂(?P<by>.+?) = .+?|.+? came to (?P<to>.+?)), (?P<rest>.+)")
_CHANGE = re.compile(
    r"(?P<name>.+?) (?P<old>None|-?[\d.]+(?:e[+-]?\d+)?|-?inf|nan|\[.*?\]|norm \S+|\w+\[.*?\]) -> (?P<new>.+)"
)
_IS = re.compile(r"(?P<name>.+?) = (?P<new>.+)")
_RUN = re.compile(r"([\d,]+) steps?, then ")
_NO_CLAIM = re.compile(
    r"and [\d,]+ more \w+|what it changed was not measured|only its numbers were kept"
    r"|the script has ended|(?:not as before, since )?it does not repeat: .*|branch \d+ begins|zero_grad passed over"
    r"|ready: .*|.* is a new (?:tensor|leaf) now.*|.* now and no tensor: .*|write .*\.data = … .*|a backward .*"
    r"|.*(?:scaled the gradients by|changed the gradients).*|.* skipped the step.*|its scale .*|"
)


def facts_of(snapshot: Snapshot) -> Facts:
    """The parameters and gradients of a stop."""
    facts: dict[str, Fact | None] = {}
    for each in snapshot.params:
        facts[each.name], facts[f"{each.name}.grad"] = each.value, each.grad
    return facts


def is_printed_of(text: str, fact: Fact | None) -> bool:
    """Whether that text can stand for that fact."""
    if text == "None" or fact is None:
        return text == "None" and fact is None
    if text.startswith("norm "):
        norm = summary(fact)
        return norm is not None and value_of(text.removeprefix("norm ")).overlaps(_exactly(norm))
    try:
        printed = value_of(text)
    except NotEvaluable:
        return fact.value is None  # the type and shape of what is no plain number
    return fact.value is not None and printed.overlaps(_exactly(np.asarray(fact.value, float).reshape(printed.shape)))


def _exactly(value: Any) -> Printed:
    return Printed(value, value)


def wrong_words(stop: Snapshot, before: Facts, now: Facts, began: int | None = None) -> Iterator[str]:
    """What is not true of what a stop says. `before`, `now`: the facts behind the step before it and behind its own.

    `began`: at which step a run began that led there; None if it was no run.
    """
    if stop.failure is not None or stop.edit or stop.op is not None:
        return
    words = stop.explain.removeprefix("printed text stays; ")
    run = _RUN.match(words)
    if run is not None:
        words = words[run.end() :]
        if began is None or int(run[1].replace(",", "")) != stop.index - began:
            yield f"{run[0]!r}, but it began at {began} and is at {stop.index}"
    if stop.phase is not None and words.startswith(f"{stop.phase}: "):
        words = words.removeprefix(f"{stop.phase}: ")
    own, then, rest = words.partition("; then ")
    later = set()
    if then:
        later = {found["name"] for each in rest.split("; ") if (found := _CHANGE.fullmatch(each))}
    for clause in own.split("; "):
        yield from _wrong_clause(clause, stop, before, now, later)
    for clause in rest.split("; ") if then else ():
        yield from _wrong_clause(clause, stop, {}, now, set())
    if stop.phase is Phase.FORWARD and stop.loss is not None and "loss yet" in words:
        yield "there is a loss"


def _wrong_clause(clause: str, stop: Snapshot, before: Facts, now: Facts, later: set[str]) -> Iterator[str]:
    if _NO_CLAIM.fullmatch(clause):
        return
    if (said := re.fullmatch(r"zero_grad passed over, (.+)\.grad stays (.+)", clause)) is not None:
        if not is_printed_of(said[2], now.get(f"{said[1]}.grad")):
            yield clause
    elif (moved := _ACCUMULATED.fullmatch(clause)) is not None:
        if moved["by"] not in (None, moved["name"].removesuffix(".grad")):
            yield f"{clause}: the gradient of another one"
        yield from _wrong_change(moved["name"], moved["old"], moved["new"], before, now, later)
        yield from _wrong_sum(moved["old"], moved["added"], moved["new"])
    elif (came := _CAME.fullmatch(clause)) is not None:
        name = came["to"] or f"{came['by']}.grad"
        yield from _wrong_clause(clause[clause.rindex(f", {name} ") + 2 :], stop, before, now, later)
    elif (changed := _CHANGE.fullmatch(clause)) is not None:
        yield from _wrong_change(changed["name"], changed["old"], changed["new"], before, now, later)
    elif stop.phase is Phase.FORWARD:
        yield from _wrong_forward(clause, stop)
    elif (known := _IS.fullmatch(clause)) is not None:
        if known["name"] not in later and not is_printed_of(known["new"], now[known["name"]]):
            yield f"{clause}: it is {now[known['name']]}"
    elif clause.startswith("nothing moved"):
        if any(_differ(before[each.name], now[each.name]) for each in stop.params if each.name in before):
            yield f"{clause}: something did"
        if ".grad" in clause and any(each.grad is not None for each in stop.params):
            yield f"{clause}: there is one"
    elif clause == "no gradient changed":
        names = [f"{each.name}.grad" for each in stop.params]
        if any(_differ(before[name], now[name]) for name in names if name in before and name not in later):
            yield f"{clause}: one did"
    elif clause == "no parameter got a gradient":
        if any(each.grad is not None for each in stop.params):
            yield f"{clause}: there is one"
    else:
        yield f"not read: {clause!r}"


def _wrong_change(name: str, old: str, new: str, before: Facts, now: Facts, later: set[str]) -> Iterator[str]:
    if name not in now:
        yield f"{name} is no parameter"
        return
    if name in before and not is_printed_of(old, before[name]):
        yield f"{name} {old} -> {new}: it was {before[name]}"
    if name not in later and not is_printed_of(new, now[name]):
        yield f"{name} {old} -> {new}: it is {now[name]}"


def _wrong_sum(old: str, added: str, new: str) -> Iterator[str]:
    norms = [text.removeprefix("norm ") for text in (old, *added.split(" + "), new) if text != "None"]
    if any(text.startswith("norm ") for text in (old, added, new)):
        *parts, whole = (float(each) for each in norms if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", each))
        if whole > sum(parts) * 1.001 + 1e-9 or 2 * max(parts) - sum(parts) > whole * 1.001 + 1e-9:
            yield f"{old} + {added} = {new}: norms do not add up"
        return
    try:
        total = value_of(added if old == "None" else f"{old} + {added}")
        if not total.overlaps(value_of(new)):
            yield f"{old} + {added} = {new}"
    except NotEvaluable:
        return


def _wrong_forward(clause: str, stop: Snapshot) -> Iterator[str]:
    loss, _, sample = clause.partition(" for ")
    if loss in ("no loss yet", "no loss seen"):
        if stop.loss is not None:
            yield f"{clause}: it is {stop.loss}"
    else:
        name, _, value = loss.rpartition(" = ")
        if name not in (stop.loss_name, "loss") or not is_printed_of(value, stop.loss):
            yield f"{clause}: it is {stop.loss_name} = {stop.loss}"
    if sample and not sample.startswith(f"{stop.values[0].name} = "):
        yield f"{clause}: these are not the targets"


def _differ(one: Fact | None, other: Fact | None) -> bool:
    def content(fact: Fact | None) -> str:
        return "None" if fact is None else repr((fact.shape, fact.value, fact.corner, fact.stats, fact.text))

    return content(one) != content(other)


def wrong_changes(stop: Snapshot, before: Facts, now: Facts, known: Collection[str]) -> Iterator[str]:
    """What is not true of what a stop lists as changed. `known`: of these it must list all that changed."""
    if stop.op is not None or stop.edit:
        return
    listed = {each.name: each.old for each in stop.changes}
    for name, old in listed.items():
        if name in now and (name not in before or _differ(old, before[name])):
            yield f"{name} is said to have been {old}: it was {before.get(name)}"
        if name in now and not _differ(old, now[name]):
            yield f"{name} is said to have changed and has not"
    missed = [name for name in known if name in now and name not in listed and _differ(before.get(name), now[name])]
    if missed:
        yield f"{missed} changed and are not said to"


def wrong_numbers(text: str, numbers: str, names: Mapping[str, Any]) -> Iterator[str]:
    """What is not true of a line with its numbers in: where another number stands than that of the name there."""
    try:
        before, after = ast.parse(text), ast.parse(numbers)
    except SyntaxError:  # the header of a compound statement
        return
    yield from _compared(before, after, names)


def _compared(one: Any, other: Any, names: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(one, (ast.Name, ast.Attribute)) and isinstance(other, (ast.Constant, ast.UnaryOp)):
        value, said = _looked_up(one, names), ast.literal_eval(other)
        if value is None or not np.isclose(float(value), said, rtol=1e-3, atol=5.1e-5, equal_nan=True):
            yield f"{ast.unparse(one)} is {value}, not {ast.unparse(other)}"
    elif type(one) is not type(other):
        yield f"{ast.unparse(other)} stands for {ast.unparse(one)}"
    elif isinstance(one, ast.AST):
        for field in one._fields:
            yield from _compared(getattr(one, field, None), getattr(other, field, None), names)
    elif isinstance(one, list):
        for pair in zip(one, other, strict=True):
            yield from _compared(*pair, names)


def _looked_up(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    assert isinstance(node, ast.Attribute)
    return getattr(_looked_up(node.value, names), node.attr, None)
