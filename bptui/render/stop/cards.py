"""The four cards: sample, loss, a parameter, its gradient. And the ledger under them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.text import Text

from bptui.protocol.equation import agree
from bptui.protocol.fact import Fact, Named, Stats
from bptui.protocol.fact import summary as one_number
from bptui.protocol.phase import Mark, Phase
from bptui.protocol.snapshot import Change, Contribution, Ledger, ProgramInfo, Snapshot
from bptui.render.text import facts
from bptui.render.text.cells import ending, shortened, to_left, width_of
from bptui.render.text.digits import HEIGHT, digits
from bptui.render.text.fit import centered, cut, first_that_fits, piece
from bptui.render.text.gate import one_line
from bptui.render.text.signs import DOT
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG, WARN, param

WIDEST = 12
"""Cells that a number takes at most; a name takes them only from a card that is wide enough for both."""
BIG = HEIGHT + 2
"""A card of so many lines has room for big digits, for old and new, and for shape and dtype."""
NO_FORWARD = "no forward yet"


def card(now: Fact | None, changed: Change | None, width: int, height: int, none: str = "") -> Text:
    """A value; `old -> new`, and lit, if the last step changed it; shape and dtype. `none` says why there is none."""
    lit = changed is not None
    change = _change(now, changed.old, width) if changed is not None else Text()
    kind = first_that_fits(_kinds(now, none), width)
    if height < BIG:
        lines = [_headline(now, width), change, kind]
        if height < len(lines):
            lines = [lines[0], change if lit else kind]
        return piece("\n").join(lines[:height])
    big = _big(now, lit, width)
    lines = [*big, change, kind]
    return piece("\n").join(centered(line, width) for line in lines[:height])


def _headline(fact: Fact | None, width: int) -> Text:
    style = QUIET if fact is None else STRONG
    return first_that_fits([piece(text, style) for text in _sayings(fact)], width)


def _sayings(fact: Fact | None) -> list[str]:
    """A fact in words, from the longest to the shortest."""
    if fact is None:
        return ["None"]
    short = one_number(fact)
    if fact.number is not None:
        return [*facts.in_fewer_digits(fact.number)]
    if fact.is_tensor and short is not None:
        norms = [*facts.in_fewer_digits(short)]
        whole = [facts.nested(fact.value)] if fact.value is not None and fact.numel <= facts.WHOLE else []
        return [*whole, *(f"norm {text}" for text in norms), *(f"‖{text}‖" for text in norms)]
    return [facts.fact(fact)]


def _big(fact: Fact | None, lit: bool, width: int) -> list[Text]:
    style = LIT if lit else STRONG
    if fact is not None and fact.number is not None:
        for saying in _sayings(fact):
            drawn = digits(saying)
            if drawn is not None and width_of(drawn[0]) <= width:
                return [piece(line, style) for line in drawn]
    return [Text(), _headline(fact, width), _range(fact, width)]


def _range(fact: Fact | None, width: int) -> Text:
    """The range of a large tensor, and whether anything in it is nan or inf."""
    stats: Stats | None = fact.stats if fact is not None else None
    if stats is None:
        return Text()
    text = piece(f"{facts.number(stats.min)} … {facts.number(stats.max)}", QUIET)
    for count, word in ((stats.nan, "nan"), (stats.inf, "inf")):
        if count:
            text.append(f"  {count} {word}", WARN)
    return cut(text, width)


def _change(now: Fact | None, old: Fact | None, width: int) -> Text:
    """`-2.0000 -> 0`, as long as there is room for it."""
    new, was = _short(now), _short(old)
    arrow = piece(f"{was} -> ", QUIET) + piece(new, LIT)
    return first_that_fits([arrow, piece(f"was {was}", QUIET), piece(f"was {_shortest(old)}", QUIET)], width)


def _short(fact: Fact | None) -> str:
    if fact is None:
        return "None"
    number = one_number(fact)
    return facts.number(number) if number is not None else facts.fact(fact)


def _shortest(fact: Fact | None) -> str:
    """The same in the fewest digits."""
    number = one_number(fact)
    return [*facts.in_fewer_digits(number)][-1] if number is not None else _short(fact)


def _kinds(fact: Fact | None, none: str) -> list[Text]:
    """Shape and dtype, from the longest to the shortest."""
    if fact is None:
        return [piece(none, FAINT)]
    long = facts.kind(fact)
    return [piece(text, FAINT) for text in (long, long.replace(", ", ","), facts.shape(fact).replace(", ", ","))]


def no_loss(program: ProgramInfo, snapshot: Snapshot) -> str:
    """Why there is no loss: a forward may have run and computed none. The cards, the curve and the line agree on it."""
    if snapshot.op is not None:
        return "not computed yet"
    if snapshot.loss_to_come:
        return "no loss yet"
    done = any(
        mark is Mark.DONE and block.phase is Phase.FORWARD
        for block, mark in zip(program.blocks, snapshot.marks, strict=False)
    )
    return "computed no loss" if done or snapshot.phase is Phase.FORWARD or snapshot.consumed else NO_FORWARD


def no_values(program: ProgramInfo, snapshot: Snapshot) -> str:
    """Why the sample's card is empty: a forward may have run on no value that has a name."""
    why = no_loss(program, snapshot)
    return why if why == NO_FORWARD or snapshot.op is not None else "no values"


def sample_card(
    values: Sequence[Named], targets: int, changes: Collection[str], width: int, height: int, none: str = ""
) -> Text:
    """The loop's targets, and then the values computed on the way; `none`: what is said where there are no values.

    `changes`: the names of what the step changed.
    """
    if not values:
        return card(None, None, width, height, none)
    changed = [named.name in changes for named in values]
    names = [one_line(named.name) for named in values]
    labels = max(map(width_of, names))
    if len(values) <= height and labels + 10 <= width:
        lines = [
            _value(to_left(name, labels + 1), named.fact, index < targets, dot, width)
            for index, (name, named, dot) in enumerate(zip(names, values, changed, strict=True))
        ]
        if height >= BIG:  # as a block in the middle, like the numbers beside it
            pad = max((width - max(line.cell_len for line in lines)) // 2, 0)
            lines = [piece(" " * pad) + line for line in lines]
            lines = [Text()] * ((height - len(lines)) // 2) + lines
        return piece("\n").join(lines)
    return _packed(values, targets, changed, width, height)


def _packed(values: Sequence[Named], targets: int, changed: list[bool], width: int, height: int) -> Text:
    """Several values on a line; the targets and the computed ones begin a line of their own."""
    lines: list[Text] = []
    for index, (named, dot) in enumerate(zip(values, changed, strict=True)):
        item = _value(one_line(named.name), named.fact, index < targets, dot, width, terse=True)
        if lines and index != targets and lines[-1].cell_len + 2 + item.cell_len <= width:
            lines[-1] = lines[-1] + piece("  ") + item
        else:
            lines.append(item)
    if len(lines) > height:
        lines = [*lines[: height - 1], cut(lines[height - 1] + piece(" …", FAINT), width)]
    return piece("\n").join(lines)


def _value(label: str, fact: Fact, target: bool, dot: bool, width: int, *, terse: bool = False) -> Text:
    """A value with its name; `terse` writes 2.0000 as 2."""
    mark = piece(f" {DOT}", LIT) if dot else Text()
    name = piece(f"{shortened(label, max(width // 2, width - mark.cell_len - WIDEST))} ", QUIET)
    style = LIT if dot else STRONG if target else ""
    sayings = _sayings(fact)
    if terse and fact.number is not None:
        sayings = sayings[1:] or sayings
    room = width - name.cell_len - mark.cell_len
    return cut(name + first_that_fits([piece(text, style) for text in sayings], room) + mark, width)


def ledger(snapshot: Snapshot, param: str | None, width: int) -> Text:
    """`w.grad = -2.0000 (0/0) + -7.8400 (0/1) = -9.8400`: what each backward added, by epoch and sample."""
    entry = next((each for each in snapshot.ledger if each.name == param), None)
    shown = snapshot.param(param)
    if shown is None:
        return Text()
    name = piece(f"{ending(one_line(shown.name), width // 2)}.grad", QUIET)
    norms = shown.grad is not None and shown.grad.number is None
    total = piece(" norm " if norms else " = ", QUIET) + piece(_short(shown.grad), STRONG)
    if entry is None or not entry.contributions:
        return cut(name + total, width)
    adds_up = not norms and _adds_up(entry, shown.grad)
    made_of = piece(" made of norms " if norms else " = " if adds_up else " made of ", QUIET)  # norms do not add up
    counts = range(len(entry.contributions), 0, -1)
    return first_that_fits((name + total + made_of + _terms(entry, count, norms) for count in counts), width)


def _adds_up(entry: Ledger, gradient: Fact | None) -> bool:
    """Whether the contributions, as they are printed, come to the gradient: in half precision each sum is rounded."""
    parts = [each.value.number for each in entry.contributions]
    if gradient is None or gradient.number is None or entry.earlier or entry.difference is not None:
        return True  # not all of the sum is written out
    known = [each for each in parts if each is not None]
    slack = 1e-6 * sum(map(abs, known))
    return len(known) == len(parts) and agree([sum(known)], [gradient.number], slack)


def _terms(entry: Ledger, count: int, norms: bool) -> Text:
    """The latest contributions; how many came before them."""
    earlier = entry.earlier + len(entry.contributions) - count
    terms = [piece(f"{earlier} earlier", FAINT)] if earlier else []
    terms += [_term(each) for each in entry.contributions[len(entry.contributions) - count :]]
    text = piece(", " if norms else " + ", QUIET).join(terms)
    if entry.difference is not None:
        text.append(f"  and {_short(entry.difference)} by other means", WARN)
    return text


def _term(each: Contribution) -> Text:
    at = "/".join(str(number) for number in (each.epoch, each.sample) if number is not None)
    return piece(_short(each.value), LIT) + piece(f" ({at})" if at else "", FAINT)


def chooser(names: Sequence[str], chosen: str | None, width: int) -> Text:
    """All parameters on a line, the chosen one marked and in sight; each can be clicked."""
    at = names.index(chosen) if chosen in names else 0
    text = piece(f" parameter {at + 1}/{len(names)} ", QUIET)
    room = width - text.cell_len - 2
    chips = [
        piece(f"[{one_line(name)}]" if name == chosen else f" {one_line(name)} ", LIT if name == chosen else "")
        for name in names
    ]
    for chip, name in zip(chips, names, strict=True):
        chip.stylize(param(name))
    first = last = at
    used = chips[at].cell_len
    while True:  # grow around the chosen one, first to the right
        if last + 1 < len(chips) and used + chips[last + 1].cell_len <= room:
            last += 1
            used += chips[last].cell_len
        elif first > 0 and used + chips[first - 1].cell_len <= room:
            first -= 1
            used += chips[first].cell_len
        else:
            break
    left, right = piece("‹" if first else " ", FAINT), piece("›" if last + 1 < len(chips) else " ", FAINT)
    return cut(text + left + Text().join(chips[first : last + 1]) + right, width)
