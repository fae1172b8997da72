"""A gradient check as a table: the verdict on each parameter, and what the verdicts mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

from bptui.protocol.replies import GradientsChecked, ParamCheck
from bptui.render.text.cells import ending, to_left, to_right, width_of
from bptui.render.text.fit import cut, piece, wrapped_text
from bptui.render.text.gate import one_line
from bptui.render.text.style import BAD, GOOD, QUIET, WARN

SIGNS = {"equal": ("✓", GOOD), "different": ("✗", BAD), ".grad differs": ("✗", BAD)}
"""Of all other verdicts it is `?`."""
MEANING = {
    "different": "autograd computes something else than the slope of the loss",
    ".grad differs": "autograd computes the slope, and the program's own .grad, from this backward, is another",
    "kink": "the loss has no slope there: to the left it is another than to the right",
}
NAMES = 11
"""Cells that names have at least; where there are more, the table's other columns go first."""


@dataclass(frozen=True)
class CheckColumn:
    """A column of numbers."""

    title: str
    width: int
    say: Callable[[ParamCheck], str]
    rank: int
    """Where it is too narrow, the highest ranks go first."""


COLUMNS = (
    CheckColumn("entries", 12, lambda each: f"{each.checked}/{each.numel}", 1),
    CheckColumn("autograd", 13, lambda each: _short(each.autograd), 0),
    CheckColumn("numeric", 13, lambda each: _short(each.numeric), 0),
    CheckColumn("error", 9, lambda each: f"{each.error:.1e}", 2),
)


def check_sheet(checked: GradientsChecked | None, width: int) -> Text:
    """The verdict on each parameter's gradient. None while it is being computed."""
    if checked is None:
        return wrapped_text(piece("computing central differences on a copy …", QUIET), width)
    if checked.reason:
        return wrapped_text(piece(f"not possible: {checked.reason}", WARN), width)
    if not checked.params:
        return wrapped_text(piece("the loss reaches no parameter", WARN), width)
    longest = max(NAMES, *(width_of(one_line(each.name)) for each in checked.params))
    verdicts = 2 + max(len("verdict"), *(width_of(each.verdict) for each in checked.params)) + 2
    columns = _that_fit(width - min(longest, 2 * NAMES) - verdicts)
    names = min(longest, width - verdicts - sum(each.width for each in columns))
    head = to_left("parameter", names) + "".join(to_right(each.title, each.width) for each in columns) + "  verdict"
    lines = [cut(piece(head, QUIET), width)]
    lines += [cut(_line(each, names, columns), width) for each in checked.params]
    lines += [Text(), *(piece(each, QUIET) for each in _notes(checked))]
    return wrapped_text(piece("\n").join(lines), width)


def _that_fit(width: int) -> Sequence[CheckColumn]:
    """The columns for which there is room."""
    for rank in (2, 1, 0):
        columns = [each for each in COLUMNS if each.rank <= rank]
        if sum(each.width for each in columns) <= width:
            break
    return columns


def _line(check: ParamCheck, names: int, columns: Sequence[CheckColumn]) -> Text:
    """One parameter: `w  1/1  -2  -2  1e-10  ✓ equal`."""
    sign, style = SIGNS.get(check.verdict, ("?", WARN))
    name = to_left(ending(one_line(check.name), names), names)
    text = name + "".join(to_right(each.say(check), each.width) for each in columns)
    return piece(f"{text}  ") + piece(f"{sign} {check.verdict}", style)


def _notes(checked: GradientsChecked) -> list[str]:
    """How it was computed, and what the verdicts mean that are not `equal`."""
    found = dict.fromkeys(each.verdict for each in checked.params)
    notes = [f"central differences in {checked.dtype or 'float64'} on a copy; of each parameter where they differ most"]
    if any(each.checked < each.numel for each in checked.params):
        notes.append("of large parameters only some entries are checked")
    notes += [f"{verdict}: {MEANING[verdict]}" for verdict in found if verdict in MEANING]
    notes += [_of_grad(each) for each in checked.params if each.grad is not None]
    hooked = ", ".join(one_line(each.name) for each in checked.params if each.hooked)
    return notes + (
        [f"a hook may make .grad another: {hooked}; right behind a backward it is compared"] if hooked else []
    )


def _of_grad(check: ParamCheck) -> str:
    """What the program's own gradient is: `w[0].grad is -4, 2 times what autograd computes in every entry`."""
    assert check.grad is not None
    entry = f"[{', '.join(map(str, check.entry))}]" if check.entry else ""
    beside = f"autograd computes {_short(check.autograd)}"
    if check.factor is not None:
        beside = f"{check.factor:.6g} times what autograd computes" + (" in every entry" if check.numel > 1 else "")
    return f"{one_line(check.name)}.grad{entry} is {_short(check.grad)}, {beside}"


def _short(number: float) -> str:
    return f"{number:.6g}" if math.isfinite(number) else str(number)
