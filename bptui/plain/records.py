"""A snapshot as one JSON object: what `--json` prints. The README documents the fields.

Strict JSON, in which floats keep their bits: Python's shortest repr, and "nan", "inf", "-inf" as strings.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from bptui.commands.hints import about_failure, with_words
from bptui.protocol.fact import Fact, Value
from bptui.protocol.replies import Died, GradientsChecked, Refused, Uncut
from bptui.protocol.snapshot import Ledger, Param, Snapshot
from bptui.protocol.tape import Op, Tape

_SIDES = ("inputs", "output", "upstream", "downstream")


def snapshot_record(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot's facts; `errors` and `failure` only where there are any."""
    record = {
        "index": snapshot.index,
        "phase": snapshot.phase,
        "epoch": snapshot.epoch,
        "sample": snapshot.sample,
        "values": {named.name: _fact(named.fact) for named in snapshot.values},
        "loss": _fact(snapshot.loss),
        "zeroing": snapshot.zeroing,
        "params": [_param(param) for param in snapshot.params],
        "ledger": [_ledger(ledger) for ledger in snapshot.ledger],
        "line": snapshot.line,
        "explain": snapshot.explain,
        "stop_reason": snapshot.stop_reason,
        "printed": snapshot.printed,
    }
    if snapshot.errors:
        record["errors"] = snapshot.errors
    if snapshot.failure is not None:
        record["failure"] = asdict(snapshot.failure)
        if hint := about_failure(snapshot.failure):
            record["failure"]["hint"] = hint
    if snapshot.op is not None:
        record["op"] = _op(snapshot.op)
    if snapshot.branch:
        record["branch"] = snapshot.branch
    if snapshot.edit:
        record["edit"] = snapshot.edit
    if snapshot.met:
        record["breakpoint"] = snapshot.met
    if snapshot.changes:
        record["changed"] = {each.name: _fact(each.old) for each in snapshot.changes}
    if snapshot.watches:
        record["watches"] = {each.expression: each.text for each in snapshot.watches}
    return record


def error_record(error: Refused | Uncut | Died) -> dict[str, Any]:
    """What went wrong, with what is known besides: a hint, a line, the script's last words."""
    record: dict[str, Any] = {"error": error.message}
    for name in ("hint", "line", "printed", "errors"):
        if more := getattr(error, name, None):
            record[name] = with_words(more) if name == "hint" else more
    return record


def tape_record(tape: Tape | None) -> dict[str, Any] | None:
    """The tape: values, ops and nodes by their places; None while there is none."""
    if tape is None:
        return None
    values = [
        {"name": v.name, "op": v.op, "leaf": v.leaf, "value": _fact(v.fact), "grad": _fact(v.grad)} for v in tape.values
    ]
    nodes = [
        {
            "name": node.name,
            "op": node.op,
            "value": node.value,
            "upstream": _fact(node.upstream),
            "edges": [
                {
                    "value": edge.value,
                    "node": edge.node,
                    "formula": edge.formula,
                    "local": _fact(edge.local),
                    "downstream": _fact(edge.downstream),
                }
                for edge in node.edges
            ],
            "old": _fact(node.old),
            "new": _fact(node.new),
        }
        for node in tape.nodes
    ]
    return {"values": values, "ops": [asdict(op) for op in tape.ops], "nodes": nodes, "loss": tape.loss}


def check_record(checked: GradientsChecked) -> dict[str, Any]:
    """A gradient check, parameter by parameter."""
    params = [{name: json_value(value) for name, value in asdict(each).items()} for each in checked.params]
    return {"check": params, "loss": json_value(checked.loss), "dtype": checked.dtype, "reason": checked.reason}


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "shape": list(param.value.shape or ()),
        "dtype": param.value.dtype,
        "value": _fact(param.value),
        "grad": _fact(param.grad),
    }


def _op(op: Op) -> dict[str, Any]:
    record: dict[str, Any] = {
        "index": op.index,
        "count": op.count,
        "name": op.name,
        "expression": op.expression,
        "line": op.line,
        "module": op.module,
    }
    record |= {side: {each.name: _fact(each.fact) for each in getattr(op, side)} for side in _SIDES}
    record["local"] = {each.name: {"formula": each.formula, "value": _fact(each.fact)} for each in op.local}
    record["saved"] = {each.name: {"bytes": each.bytes, "value": _fact(each.fact)} for each in op.saved}
    if op.opaque:
        record["opaque"] = op.opaque
    return record


def _ledger(ledger: Ledger) -> dict[str, Any]:
    return {
        "name": ledger.name,
        "contributions": [
            {"epoch": each.epoch, "sample": each.sample, "value": _fact(each.value)} for each in ledger.contributions
        ],
        "sum": _fact(ledger.sum),
        "difference": _fact(ledger.difference),
    }


def _fact(fact: Fact | None) -> Any:
    """The value where it is known whole, else an object with what is known."""
    if fact is None:
        return None
    if fact.is_tensor and fact.numel == 1 and fact.number is not None:
        return json_value(fact.number)
    if fact.value is not None or fact.type == "NoneType":
        return json_value(fact.value)
    known: dict[str, Any] = {"type": fact.type}
    if fact.is_tensor:
        known |= {"shape": list(fact.shape or ()), "dtype": fact.dtype, "device": fact.device}
    if fact.stats is not None:
        known["stats"] = {name: json_value(number) for name, number in asdict(fact.stats).items()}
    if fact.corner is not None:
        known["corner"] = json_value(fact.corner)
    if fact.text is not None:
        known["text"] = fact.text
    return known


def json_value(value: Value) -> Any:
    """A number or nested tuples of numbers in strict JSON, which has no words for nan and inf: they are strings."""
    if isinstance(value, tuple):
        return [json_value(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
