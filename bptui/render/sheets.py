"""What is told on sheets over the screen: all of one op or node, and a gradient check."""

from __future__ import annotations

import math

from rich.text import Text

from bptui.protocol.fact import Named
from bptui.protocol.messages import GradientsChecked, ParamCheck
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Op, Tape
from bptui.render import chain as chain_text
from bptui.render import facts
from bptui.render.fit import cut, piece
from bptui.render.folding import Fold, Folding
from bptui.render.paths import chain_of
from bptui.render.reveal import revealed
from bptui.render.style import BAD, FAINT, GOOD, LIT, QUIET, STRONG, WARN
from bptui.render.tape import Table

VERDICTS = {"equal": ("✓", GOOD), "different": ("✗", BAD)}


def op_sheet(op: Op, width: int) -> Text:
    """Everything that is known of an op or node: what went in and out, gradients, derivatives, saved tensors."""
    lines = [piece(op.expression, STRONG)] if op.expression else []
    where = [f"line {op.line}" if op.line else "", op.module, f"step {op.index + 1} of {op.count}"]
    lines.append(piece("   ".join(each for each in where if each), QUIET))
    for title, named in (("inputs", op.inputs), ("output", op.output), ("upstream", op.upstream)):
        lines += _section(title, named, width)
    if op.local:
        lines += [Text(), piece("local derivatives", QUIET)]
        for each in op.local:
            value = f" = {facts.fact(each.fact)}" if each.fact is not None and each.fact.number is None else ""
            said = each.formula or f"{each.name}"
            number = f" = {facts.fact(each.fact)}" if each.fact is not None and not each.formula else ""
            lines.append(cut(piece("  ") + piece(said, LIT) + piece(value or number), width))
    lines += _section("downstream", op.downstream, width)
    if op.saved:
        total = sum(each.bytes for each in op.saved)
        lines += [Text(), piece(f"saved for the backward, {total} bytes", QUIET)]
        for saved in op.saved:
            size = f"  {saved.bytes} bytes" if saved.bytes else ""
            lines.append(
                cut(piece(f"  {saved.name} ") + piece(facts.fact(saved.fact), STRONG) + piece(size, QUIET), width)
            )
    if op.opaque:
        lines += [Text(), piece(f"not shown: {op.opaque}", WARN)]
    return piece("\n").join(lines)


def _section(title: str, named: tuple[Named, ...], width: int) -> list[Text]:
    if not named:
        return []
    names = max(len(each.name) for each in named) + 2
    lines = [
        cut(
            piece(f"  {each.name.ljust(names)}")
            + piece(facts.fact(each.fact), STRONG)
            + piece(f"  {facts.kind(each.fact)}", FAINT),
            width,
        )
        for each in named
    ]
    return [Text(), piece(title, QUIET), *lines]


def check_sheet(checked: GradientsChecked | None, width: int) -> Text:
    """The verdict on each parameter's gradient. None while it is being computed."""
    if checked is None:
        return piece("computing central differences on a copy …", QUIET)
    if checked.reason:
        return piece(f"not possible: {checked.reason}", WARN)
    if not checked.params:
        return piece("the loss reaches no parameter", WARN)
    names = max(len(each.name) for each in checked.params) + 2
    head = f"{'parameter'.ljust(max(names, 11))}{'entries':>9}{'autograd':>12}{'numeric':>12}{'error':>9}  verdict"
    lines = [piece(head, QUIET)]
    lines += [cut(check_line(each, max(names, 11)), width) for each in checked.params]
    lines += [Text(), piece(f"where they differ most, in {checked.dtype}; the error is relative", QUIET)]
    return piece("\n").join(lines)


def check_line(check: ParamCheck, names: int) -> Text:
    """One parameter: `w  1/1  -2  -2  1e-10  ✓ equal`."""
    entries = f"{check.checked}/{check.numel}"
    numbers = f"{_short(check.autograd):>12}{_short(check.numeric):>12}{check.error:>9.1e}"
    sign, style = VERDICTS.get(check.verdict, ("?", WARN))
    return piece(f"{check.name.ljust(names)}{entries:>9}{numbers}  ") + piece(f"{sign} {check.verdict}", style)


def _short(number: float) -> str:
    return f"{number:.6g}" if math.isfinite(number) else str(number)


def tape_lines(tape: Tape | None, snapshot: Snapshot | None, width: int = 120) -> list[str]:
    """The whole tape as text: its table unfolded, and the chain rule of every parameter that a backward reached."""
    if tape is None or not tape.values:
        return ["nothing was stepped into yet: in steps in"]
    op = snapshot.op if snapshot is not None else None
    folding = Folding()
    folding.load(tape)
    while closed := [row for row, _ in folding.rows() if isinstance(row, Fold) and not folding.is_open(row)]:
        for each in closed:
            folding.set_open(each, True)
    table = Table(tape, op, folding)
    lines = [table.header(width).plain]
    lines += [table.line(index, width, False).plain for index in range(len(folding.rows()))]
    for place, value in enumerate(tape.values):
        if value.leaf and tape.nodes and (chain := chain_of(tape, place)) is not None:
            lines += ["", *(each.plain for each in chain_text.lines(chain, width, revealed(op)))]
    return [line.rstrip() for line in lines]
