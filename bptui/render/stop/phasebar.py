"""The phase bar, and under it the line about to run with its numbers in."""

from __future__ import annotations

import re
from collections.abc import Collection

from rich.text import Text

from bptui.protocol.phase import Mark, Phase
from bptui.protocol.snapshot import BlockInfo, ProgramInfo, Snapshot
from bptui.render.tape.inside import what_it_did
from bptui.render.text.fit import centered, cut, first_that_fits, piece
from bptui.render.text.signs import ON
from bptui.render.text.style import BAD, FAINT, GOOD, LIT, NEXT, QUIET, STRONG, WARN, command

SIGNS = {Mark.DONE: "✓", Mark.NEXT: "▶", Mark.SKIPPED: "⤼", Mark.TODO: "○"}
STYLES = {Mark.DONE: GOOD, Mark.NEXT: NEXT, Mark.SKIPPED: WARN, Mark.TODO: QUIET}
SHORT = {Phase.FORWARD: "fwd", Phase.BACKWARD: "bwd", Phase.UPDATE: "upd", Phase.ZERO_GRAD: "zero"}
NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e[+-]?\d+)?(?!\w)")
Bar = list[tuple[BlockInfo, Mark]]


def shown_blocks(program: ProgramInfo, snapshot: Snapshot) -> Bar:
    """The blocks of the one loop where the program stands, each with its mark."""
    standing = snapshot.next.block if snapshot.next else snapshot.block
    marked = list(zip(program.blocks, snapshot.marks, strict=False))
    if standing is None:
        return marked
    loop = program.blocks[standing].loop
    return [(block, mark) for block, mark in marked if block.loop == loop]


def phase_bar(program: ProgramInfo, snapshot: Snapshot, width: int, stops: Collection[Phase] = frozenset()) -> Text:
    """The blocks in the script's own order; every one can be clicked. Abbreviated until it fits.

    `stops`: the phases that have a breakpoint.
    """
    blocks = shown_blocks(program, snapshot)
    full = {phase: str(phase) for phase in Phase}
    letters = {phase: str(phase)[0] for phase in Phase}
    bar = first_that_fits(
        (
            _bar(blocks, full, stops, "  →  "),
            _bar(blocks, full, stops, " → "),
            _bar(blocks, full, stops, " "),
            _bar(blocks, SHORT, stops, " "),
            _bar(blocks, letters, frozenset(), " "),
            _bar(_around_next(blocks, width // 4), letters, frozenset(), " "),
        ),
        width,
    )
    return centered(bar, width)


def _bar(blocks: Bar, names: dict[Phase, str], stops: Collection[Phase], between: str) -> Text:
    drawn = (_block(block, mark, names[block.phase], block.phase in stops) for block, mark in blocks)
    return piece(between, FAINT).join(drawn)


def _block(block: BlockInfo, mark: Mark, name: str, stops: bool) -> Text:
    """`✓ forward`, its key underlined where the name is written out; `forward●` where a breakpoint is."""
    label = f"{name}{ON if stops else ''}"
    text = piece(f" {SIGNS[mark]} {label} " if len(name) > 1 else f"{SIGNS[mark]}{name}", STYLES[mark])
    if stops and mark is not Mark.NEXT:
        text.stylize(BAD, text.plain.index(ON), text.plain.index(ON) + 1)
    at = text.plain.index(name)
    text.stylize("underline", at, at + 1)
    text.stylize(command(str(block.phase)))
    return text


def _around_next(blocks: Bar, count: int) -> Bar:
    """At most so many blocks, with the next one among them."""
    at = next((index for index, (_block, mark) in enumerate(blocks) if mark is Mark.NEXT), 0)
    start = max(min(at - count // 2, len(blocks) - count), 0)
    return blocks[start : start + count]


def upcoming(snapshot: Snapshot, width: int) -> Text:
    """`30  w.data = 1.0984 - 0.01 * -7.8400`: the line about to run, its numbers lit. Inside a phase, the last step."""
    if snapshot.op is not None:
        return centered(what_it_did(snapshot, snapshot.op, width), width)
    if snapshot.next is None:
        return centered(cut(piece("nothing is left to run", QUIET), width), width)
    code = piece(snapshot.next.numbers.replace("\n", " "), STRONG)
    for number in NUMBER.finditer(code.plain):
        code.stylize(LIT, number.start(), number.end())
    text = piece(f"{snapshot.next.line}  ", FAINT) + code
    return centered(cut(text, width), width)
