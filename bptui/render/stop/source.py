"""The script's own lines: coloured, numbered, and marked by phase."""

from __future__ import annotations

import re
from functools import cache

from rich.cells import set_cell_size
from rich.text import Text

from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import BlockInfo
from bptui.protocol.tape import Op
from bptui.render.text.fit import cut, piece, printable
from bptui.render.text.signs import STYLES
from bptui.render.text.style import BAD, FAINT, LIT

CODE = {
    "Comment": FAINT,
    "Literal.String.Doc": FAINT,
    "Keyword": "$text-primary",
    "Keyword.Constant": "$text-warning",
    "Operator.Word": "$text-primary",
    "Name.Builtin": "$text-secondary",
    "Name.Builtin.Pseudo": "$text-primary",
    "Name.Function": "$text-secondary",
    "Name.Class": "$text-secondary",
    "Name.Decorator": "$text-secondary",
    "Literal.Number": "$text-warning",
    "Literal.String": "$text-success",
}
"""By pygments' kinds of tokens."""
PHASES = {
    Phase.FORWARD: "$text-success",
    Phase.BACKWARD: "$text-secondary",
    Phase.UPDATE: "$text-warning",
    Phase.ZERO_GRAD: "$text-primary",
}
"""The letter in the gutter says which phase; the colour says it once more."""
HERE, FAILED = "▶", "✗"
OP = "bold underline"
"""The expression of the op that ran last."""
ASSIGNED = "="
"""The op that writes to what is on the left: the first of its kind on a line."""


def uncoloured(source: str) -> list[Text]:
    """The lines of a script."""
    return [piece(line) for line in printable(source).split("\n")]


def highlight(source: str) -> list[Text]:
    """The lines of a script in colours."""
    from pygments.lexers.python import PythonLexer  # only now: it would delay the first paint by 60 ms

    text = Text()
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(printable(source)):
        text.append(value, _style(str(kind).removeprefix("Token.")))
    return list(text.split("\n", allow_blank=True))


@cache
def _style(kind: str) -> str:
    """The colour of a kind of token, or of what it is a kind of."""
    if kind in CODE:
        return CODE[kind]
    return _style(kind.rpartition(".")[0]) if "." in kind else ""


def phases_of(blocks: tuple[BlockInfo, ...]) -> dict[int, tuple[Phase, bool]]:
    """For each line, the phase that it belongs to and whether that phase begins there."""
    lines: dict[int, tuple[Phase, bool]] = {}
    for block in blocks:
        for line in block.lines:
            lines.setdefault(line, (block.phase, False))
    for block in reversed(blocks):
        lines[block.line] = (block.phase, True)
    return lines


def gutter(
    number: int, digits: int, phase: tuple[Phase, bool] | None, here: bool, failed: bool, sign: str = ""
) -> Text:
    """`▶●25 f `: where the program stands, a breakpoint's sign, the line's number, the phase that it belongs to."""
    mark = piece(FAILED, BAD) if failed else piece(HERE, LIT) if here else piece(" ")
    stops = piece(sign or " ", STYLES.get(sign, ""))
    text = mark + stops + piece(f"{number:>{digits}} ", LIT if here else FAINT)
    if phase is None:
        return text + piece("  ")
    of, first = phase
    return text + piece(f"{of.value[0]} " if first else "│ ", f"{PHASES[of]} bold" if first else PHASES[of])


def scrolled(code: Text, cells: int) -> Text:
    """What is left of a line of code with so many cells of it out of sight; half a wide character is a blank."""
    gone = len(set_cell_size(code.plain, cells)) if cells < code.cell_len else len(code)
    rest = code[gone:]
    return piece(" " * max(code.cell_len - cells - rest.cell_len, 0)) + rest


def marked(code: Text, op: Op | None) -> Text:
    """A line of code in which an op's expression stands out, if it is there once: no other is taken for it."""
    text = printable(op.expression).partition("\n")[0].strip() if op is not None else ""
    left, right = r"(?<![\w.])" if text[:1].isidentifier() else "", r"(?!\w)" if re.search(r"\w$", text) else ""
    places = [each.start() for each in re.finditer(left + re.escape(text) + right, code.plain)] if text else []
    if len(places) != 1 and not (places and op is not None and op.name == ASSIGNED):
        return code
    shown = code.copy()
    shown.stylize(OP, places[0], places[0] + len(text))
    return shown


def source_line(before: Text, code: Text, width: int, here: bool, failed: bool) -> Text:
    """A line of the script after its gutter, cut to the width; where the program stands, the whole line is marked."""
    text = cut(before + code, width)
    if here or failed:
        text = text + piece(" " * max(width - text.cell_len, 0))
        text.stylize_before("on $here-failed" if failed else "on $here")
    return text
