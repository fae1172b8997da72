"""A stop inside a phase in words: what the op or node did, and what it took, gave and saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from bptui.protocol.fact import Fact, Named
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Op, Saved
from bptui.protocol.words import counted
from bptui.render.text import facts
from bptui.render.text.brief import brief, short
from bptui.render.text.fit import cut, first_that_fits, piece
from bptui.render.text.gate import one_line
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG, WARN

ROOM = 28
"""Cells for a value among others on a line."""
EQUALS, AND = " = ", "; "
"""Between the steps of a computation, and between the gradients that a node sent on."""


def what_it_did(snapshot: Snapshot, op: Op, width: int) -> Text:
    """`18  forward 2/3: %2 = sub(y_pred, y) = -1`: the line of the last step. Its result stays in sight."""
    place, _, what = one_line(snapshot.explain).partition(": ")
    if snapshot.failure is not None:
        return cut(_line(op, f"{place}: ", what, WARN), width)
    variants = [what, *_shorter(what)]
    leads = [(True, f"{place}: "), (False, f"{place}: "), (False, f"{place.rpartition(' ')[2]}: ")]
    lines = [_line(op if number else None, lead, variants[0]) for number, lead in leads]
    lines += [_line(None, leads[-1][1], each) for each in variants[1:]]
    return first_that_fits(lines, width)


def _line(op: Op | None, place: str, what: str, style: str = LIT) -> Text:
    number = f"{op.line}  " if op is not None and op.line else ""
    return piece(number, FAINT) + piece(place, QUIET) + piece(what, style)


def _shorter(what: str) -> Iterator[str]:
    """Without the middle of a long computation: `a = b · x = b · 2 = c`, `a = b · x = c`, `a = c`."""
    rest = what.rpartition(": ")[2]
    yield rest
    computations = [each.split(EQUALS) for each in rest.split(AND)]
    for middle in (1, 0):
        yield AND.join(EQUALS.join([*each[: 1 + middle], each[-1]] if len(each) > 2 else each) for each in computations)
    yield f"{computations[0][0]}{EQUALS}{computations[0][-1]}" + (" …" if len(computations) > 1 else "")


def about(op: Op, width: int) -> Text:
    """What else is known of an op or node, on one line: its expression, and what it took and gave, or saved."""
    code = piece(op.expression.partition("\n")[0], STRONG)
    module = piece(f"in {one_line(op.module).rpartition('/')[2]}", FAINT) if op.module else Text()
    if op.node < 0:
        details = [_named("takes", op.inputs), _named("gives", op.output)]
        fewer = details
    else:
        details = [_named("upstream", op.upstream), _opaque(op.opaque) if op.opaque else _saved(op.saved, listed=True)]
        fewer = [details[0], details[1] if op.opaque else _saved(op.saved, listed=False)]
    more = piece("⏎ tells all", FAINT)
    variants = (
        [code, *details, module, more],
        [code, *details, module],
        [code, *details],
        [code, *fewer],
        details,
        fewer,
        details[1:],
    )
    return first_that_fits(map(_joined, variants), width)


def _joined(parts: Sequence[Text]) -> Text:
    return piece("   ").join(each for each in parts if each.plain)


def _named(word: str, named: Iterable[Named]) -> Text:
    listing = piece(", ").join(piece(f"{one_line(each.name)} ", QUIET) + piece(_value(each.fact)) for each in named)
    return piece(f"{word} ", FAINT) + listing if listing.plain else listing


def _opaque(reason: str) -> Text:
    return piece(f"not looked into: {one_line(reason)}", WARN)


def _saved(saved: Sequence[Saved], listed: bool) -> Text:
    """`saved self -1: 4 bytes`: the tensors; or how many they are."""
    tensors = [each for each in saved if each.bytes]
    if not tensors:
        return Text()
    listing = piece(", ").join(piece(f"{one_line(each.name)} ", QUIET) + piece(_value(each.fact)) for each in tensors)
    count = piece(counted(len(tensors), "tensor"), QUIET)
    size = in_bytes(sum(each.bytes for each in tensors))
    return piece("saved ", FAINT) + (listing if listed else count) + piece(f": {size}", QUIET)


def _value(fact: Fact) -> str:
    return short(fact.number) if fact.number is not None else brief(fact, ROOM)


def in_bytes(count: int) -> str:
    """`4 bytes`, `1.5 MiB`."""
    if count < 1024:
        return f"{count} {'byte' if count == 1 else 'bytes'}"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024 or unit == "GiB":
            break
    return f"{facts.number(round(size, 1)).rstrip('0').rstrip('.')} {unit}"
