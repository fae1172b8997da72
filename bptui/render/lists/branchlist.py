"""The branches of the timeline as a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text

from bptui.protocol.rows import Branch
from bptui.render.text.fit import piece, wrapped_text
from bptui.render.text.style import LIT, QUIET, STRONG

HERE = "▶"


def branch_list(branches: Sequence[Branch], here: int, last: Callable[[int], int], width: int) -> Text:
    """`▶ branch 1   steps 3 to 7   leaves branch 0 behind step 2`, the one where the program stands marked."""
    lines = []
    for each in branches:
        mark = piece(f"{HERE} " if each.number == here else "  ", LIT)
        name = piece(f"branch {each.number}", STRONG) + piece(f"   steps {each.at + 1} to {last(each.number)}")
        left = f"   leaves branch {each.parent} behind step {each.at}" if each.parent is not None else ""
        lines.append(mark + name + piece(left, QUIET))
    lines += [Text(), piece("goto 1:40 goes to step 40 of branch 1", QUIET)]
    return wrapped_text(piece("\n").join(lines), width)
