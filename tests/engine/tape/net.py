"""Walks through a program and computes every equation again that is shown inside of its phases.

Sentences at each op and node, local derivatives, the chain rule, the ledger and the line about to run: each is parsed
from the very text that is shown, and evaluated with the facts of that stop.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.position import pending
from bptui.protocol.fact import Fact, summary
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Op, Tape
from bptui.render.stop.cards import ledger as card
from bptui.render.tape.chain import lines
from bptui.render.tape.inside import what_it_did
from bptui.render.tape.paths import chain_of
from bptui.render.tape.reveal import revealed
from tests.equations import disagreements, value_of
from tests.printed_numbers import FOUR, SIX, NotEvaluable, exactly, number

WIDE = 10_000
WIDTHS = (120, 70)
PLAIN = 12
"""So many steps are made without stepping in before a walk with zeroing off begins."""

Names = dict[str, Any]


@dataclass
class Found:
    """What was computed again."""

    wrong: list[str] = field(default_factory=list)
    sides: int = 0
    """How many sides of equations could be evaluated."""

    def check(self, equation: str, names: Mapping[str, Any], where: str, digits: int = SIX) -> None:
        sides = equation.split(" = ")
        evaluable = [each for each in sides if _evaluates(each, names, digits)]
        self.sides += len(evaluable) if len(evaluable) > 1 else 0
        for one, other in disagreements(evaluable, names, digits):
            self.wrong.append(f"{where}: {one!r} is not {other!r} in {equation!r}")


def _evaluates(side: str, names: Mapping[str, Any], digits: int) -> bool:
    try:
        value_of(side, names, digits)
    except NotEvaluable:
        return False
    return True


def walk(path: str, most: int, zeroing: bool = True, first: int = 0) -> Found:
    """Into the phases of a script, with so many steps at most, after so many plain ones."""
    controller, found = Controller(path), Found()
    stop = controller.start()
    if not zeroing:
        stop = controller.set_zeroing(False)
    plain: Names = {}
    steps = 0
    while stop.next is not None and stop.failure is None and steps < most:
        try:
            if first:
                stop, first = controller.next(), first - 1
            else:
                stop, steps = controller.step(), steps + 1
        except StepRefused:
            break
        where = f"{path}: #{stop.index} {stop.phase}"
        ledgers(stop, where, found)
        upcoming(controller, stop, where, found)
        if stop.op is None:
            continue
        tape = controller.tape().tape
        assert tape is not None
        inside(stop, stop.op, tape, plain, where, found)
    return found


# ---- at an op or node


def inside(stop: Snapshot, op: Op, tape: Tape, plain: Names, where: str, found: Found) -> None:
    """Everything that is said of the op or node at which the program stands."""
    names = _names(op, tape)
    if op.node < 0:
        if op.op == 0:
            plain.clear()  # another tape
        numbers = {each.name: each.fact for each in op.inputs if not each.fact.is_tensor}
        plain[_key(op, tape)] = numbers
        called(op, tape, where, found)
    else:
        names |= plain.get(_key(op, tape), {})
    if stop.failure is None:
        sentence(stop.explain, op, names, where, found)
        for width in WIDTHS:
            sentence(what_it_did(stop, op, width).plain, op, names, where, found, cut=True)
    for local in op.local:
        found.check(local.formula.partition(" = ")[2], names, where)
        known = local.fact.number if local.fact is not None else None
        if known is not None and " = " in local.formula:
            found.check(f"{local.formula.rpartition(' = ')[2]} = local", {**names, "local": known}, where)
    chains(tape, op, plain, where, found)


def _key(op: Op, tape: Tape) -> str:
    return f"{op.op} {tape.ops[op.op].text}" if op.op >= 0 else ""


def _names(op: Op, tape: Tape) -> Names:
    """What the names in a sentence stand for: what the op took, by name and by symbol, and the gradients."""
    names: Names = {}
    for group in (op.upstream, op.downstream, op.inputs):
        names.update((each.name, each.fact) for each in group)
    if op.op >= 0:
        taken = [tape.values[place] for place in tape.ops[op.op].inputs]
        for value in taken:
            if sum(each.symbol == value.symbol for each in taken) == 1:
                names[value.symbol] = next((each.fact for each in op.inputs if each.name == value.name), value.fact)
    return {name: each for name, each in names.items() if name and "…" not in name}


def sentence(text: str, op: Op, names: Names, where: str, found: Found, cut: bool = False) -> None:
    """`backward 2/4: MulBackward0: ∂l/∂w = -2 · x = -2 · 2 = -4; …`."""
    said = re.sub(r"^(\d+  )?(\w+ )?\d+/\d+: ", "", text)
    said = re.sub(rf"^{re.escape(op.name)}: ", "", said)
    for part in said.split("; "):
        if cut and "…" in part:
            continue
        equation = part.removesuffix(" …")
        if op.name == "AccumulateGrad":
            equation = equation.replace("None + ", "0 + ")
        left, *sides = equation.split(" = ")
        if op.node < 0:
            _result(sides, op, where, found)
            continue
        found.check(equation, names, where)
        known = names.get(left)
        if isinstance(known, Fact) and sides:
            _norm(sides[-1], known, f"{where}: {part}", found)


def _result(sides: list[str], op: Op, where: str, found: Found) -> None:
    """The value that an op's sentence ends with is what it made."""
    if len(op.output) == 1 and sides:
        found.check(f"{sides[-1]} = made", {"made": op.output[0].fact}, where)
        _norm(sides[-1], op.output[0].fact, where, found)


def _norm(side: str, known: Fact, where: str, found: Found) -> None:
    norm = summary(known)
    if side.startswith("norm ") and norm is not None:
        found.sides += 1
        if not number(side[5:]).overlaps(exactly(norm)):
            found.wrong.append(f"{where}: {side} is not {norm}")


_OPS = frozenset(
    "mul add sub div pow neg exp log tanh sigmoid relu sum mean matmul abs sqrt square floor_divide remainder lt gt le "
    "ge eq ne cos sin softmax log_softmax".split()
)


def called(op: Op, tape: Tape, where: str, found: Found) -> None:
    """`pow(%2, 2)` is what the op made, when it is computed again."""
    text = tape.ops[op.op].text
    match = re.fullmatch(r"(\w+?)_?\((.*)\)", text)
    if match is None or match[1] not in _OPS or len(op.output) != 1 or op.output[0].fact.value is None:
        return
    made = op.output[0].fact
    known = {each.name: each.fact for each in op.inputs}
    arguments: list[Any] = []
    for each in match[2].split(", "):
        fact = known.get(each)
        if fact is not None and fact.value is not None:
            dtype = getattr(torch, fact.dtype or "", None)
            value = torch.tensor(fact.value, dtype=dtype).reshape(fact.shape) if fact.shape is not None else fact.value
            arguments.append(value)
        else:
            try:
                arguments.append(ast.literal_eval(each))
            except (ValueError, SyntaxError):
                return
    try:
        again = getattr(torch, match[1])(*arguments)
    except (TypeError, RuntimeError):
        return
    found.sides += 1
    expected = torch.tensor(made.value).reshape(again.shape) if again.numel() == made.numel else torch.tensor(torch.nan)
    if not torch.allclose(again.double(), expected.double(), rtol=1e-2 if "16" in (made.dtype or "") else 1e-4,
                          atol=1e-6, equal_nan=True):  # fmt: skip
        found.wrong.append(f"{where}: {text} is {again.tolist()} and not {made.value}")


# ---- the chain rule, the ledger, the line about to run


def chains(tape: Tape, op: Op, plain: Names, where: str, found: Found) -> None:
    """The chain rule of every leaf, as far as it is revealed at this op; not at each one."""
    if op.node < 0 or (op.name != "AccumulateGrad" and op.index % 4):
        return
    names: Names = {}
    known = [(name, value.fact) for value in tape.values for name in {value.name, value.symbol}]
    known += [each for numbers in plain.values() for each in numbers.items()]
    for name, fact in known:
        names[name] = fact if name not in names or _same(names[name], fact) else None
    names = {name: each for name, each in names.items() if each is not None}
    for place, value in enumerate(tape.values):
        chain = chain_of(tape, place) if value.leaf else None
        for line in lines(chain, WIDE, revealed(op)) if chain is not None else ():
            equation = re.sub(r"^path \d+: ", "", line.plain).partition(", recorded ")[0].partition("  a hook")[0]
            found.check(equation, names, where, FOUR)


def _same(one: Fact | None, other: Fact) -> bool:
    return one is not None and repr((one.value, one.shape)) == repr((other.value, other.shape))


def ledgers(stop: Snapshot, where: str, found: Found) -> None:
    """The contributions make the sum, and with the difference the gradient; so they do in the line that is shown."""
    for ledger in stop.ledger:
        shown = re.sub(r" \([\d/]+\)", "", card(stop, ledger.name, WIDE).plain)
        if "  and " not in shown:
            found.check(shown, {}, where, FOUR)
        param = stop.param(ledger.name)
        gradient = param.grad if param is not None else None
        if gradient is None:
            found.wrong.append(f"{where}: there is a ledger of {ledger.name}, whose .grad is None")
        elif ledger.sum is not None and ledger.sum.value is not None and gradient.value is not None:
            parts = [each.value for each in ledger.contributions]
            names = {f"c{at}_": each for at, each in enumerate(parts)}
            names |= {"sum_": ledger.sum, "grad_": gradient, "more_": ledger.difference or 0.0}
            if not ledger.earlier and "16" not in (gradient.dtype or ""):  # each sum is rounded there, to three digits
                found.check(" + ".join(f"c{at}_" for at in range(len(parts))) + " = sum_", names, where)
            found.check("sum_ + more_ = grad_", names, where)


def upcoming(controller: Controller, stop: Snapshot, where: str, found: Found) -> None:
    """`w.data = 1.2755 - 0.01 * -5.7962` is what the line's own names give."""
    if stop.op is not None or stop.next is None or stop.next.numbers == stop.next.text:
        return
    names = {
        name: value
        for holder in reversed(controller._execution.recorder.holders())
        for name, value in holder.items()
    } | dict(pending(controller._execution.machine))  # fmt: skip
    for written, filled in zip(_sides(stop.next.text), _sides(stop.next.numbers), strict=True):
        if isinstance(written, ast.Name) or not _is_arithmetic(filled):
            continue
        try:
            with torch.no_grad():
                value = eval(compile(ast.Expression(written), "line", "eval"), dict(names))
            value = value.item() if isinstance(value, torch.Tensor) else value
            found.check(f"{ast.unparse(filled)} = was", {"was": float(value)}, f"{where}: {stop.next.numbers}", FOUR)
        except Exception as error:  # whatever the script's names are
            found.wrong.append(f"{where}: {stop.next.numbers}: {error!r}")


def _sides(line: str) -> list[ast.expr]:
    """The largest expressions of a statement's line, in order."""
    try:
        (statement,) = ast.parse(line).body
    except (SyntaxError, ValueError):  # the header of a compound statement
        return []
    value = getattr(statement, "value", None)
    return [value] if isinstance(value, ast.expr) else []


def _is_arithmetic(tree: ast.expr) -> bool:
    allowed = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.operator, ast.unaryop)
    return isinstance(tree, ast.BinOp) and all(isinstance(each, allowed) for each in ast.walk(tree))


def report(path: str, most: int, accumulating: bool) -> dict[str, Any]:
    """Walks through a script of so many steps, also one with zeroing off if asked for; for the worker of the corpus."""
    found = [walk(path, most)]
    if accumulating:
        found.append(walk(path, most, zeroing=False, first=PLAIN))
    return {"wrong": [each for one in found for each in one.wrong], "sides": sum(each.sides for each in found)}
