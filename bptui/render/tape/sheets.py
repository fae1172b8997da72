"""All of one op or node, and all of a tape, as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bptui.protocol.fact import Fact
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Local, Op, Tape
from bptui.protocol.words import counted
from bptui.render.tape import chain as chain_text
from bptui.render.tape.folding import Fold, Folding
from bptui.render.tape.inside import in_bytes
from bptui.render.tape.paths import chain_of
from bptui.render.tape.reveal import revealed
from bptui.render.tape.tape import Table
from bptui.render.text import facts
from bptui.render.text.cells import to_left, width_of
from bptui.render.text.fit import piece, wrapped_text
from bptui.render.text.gate import one_line
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG, WARN

ROWS = 8
"""At most so many rows of a tensor are written out."""


def op_sheet(op: Op, width: int) -> Text:
    """Everything that is known of an op or node: what went in and out, gradients, derivatives, saved tensors."""
    lines = [piece(each, STRONG) for each in op.expression.splitlines()]
    where = [f"line {op.line}" if op.line else "", op.module, f"step {op.index + 1} of {op.count}"]
    lines.append(piece("   ".join(each for each in where if each), QUIET))
    for title, named in (("inputs", op.inputs), ("output", op.output), ("upstream", op.upstream)):
        lines += _section(title, [(each.name, each.fact, facts.kind(each.fact)) for each in named])
    if op.local:
        lines += [Text(), piece("local derivatives", QUIET)]
        for local in op.local:
            lines += _local(local)
    lines += _section("downstream", [(each.name, each.fact, facts.kind(each.fact)) for each in op.downstream])
    total = in_bytes(sum(each.bytes for each in op.saved))
    saved = [(each.name, each.fact, in_bytes(each.bytes) if each.bytes else "") for each in op.saved]
    lines += _section(f"saved for the backward: {total}", saved)
    if op.opaque:
        lines += [Text(), piece(f"not looked into: {op.opaque}", WARN)]
    return wrapped_text(piece("\n").join(lines), width)


def _section(title: str, entries: Sequence[tuple[str, Fact, str]]) -> list[Text]:
    """Names with their values, and one thing more of each."""
    lines = [Text(), piece(title, QUIET)] if entries else []
    names = max((width_of(one_line(name)) for name, _, _ in entries), default=0)
    for name, fact, more in entries:
        lines.append(piece(f"  {to_left(one_line(name), names)}  ") + piece(facts.fact(fact), STRONG))
        lines[-1] += piece(f"  {more}", FAINT)
        lines += _rows(fact)
    return lines


def _local(local: Local) -> list[Text]:
    """A local derivative: its formula with the number, else by name; a Jacobian row by row."""
    known = local.fact
    value = "" if known is None or (local.formula and known.number is not None) else f" = {facts.fact(known)}"
    line = piece("  ") + piece(local.formula or local.name, LIT) + piece(value)
    return [line, *(_rows(known) if known is not None else ())]


def _rows(fact: Fact) -> list[Text]:
    """Of a small tensor that is too large for one line its rows, of a large one its corner's."""
    shown = fact.corner if fact.value is None else fact.value if fact.numel > facts.WHOLE else None
    if not isinstance(shown, tuple):
        return []
    nested = [each for each in shown if isinstance(each, tuple)]
    of_more = " …" if fact.value is None else ""
    rows = [facts.nested(each) + of_more for each in nested[:ROWS]] if nested else [facts.nested(shown) + of_more]
    more = [f"… {counted(len(nested) - ROWS, 'more row')}"] if len(nested) > ROWS else []
    return [piece(f"    {each}", QUIET) for each in rows + more]


def tape_lines(tape: Tape | None, snapshot: Snapshot | None, width: int = 100) -> list[str]:
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
