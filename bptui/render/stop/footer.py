"""The last lines: what the step did in words, and the keys."""

from __future__ import annotations

from collections.abc import Collection

from rich.text import Text

from bptui.commands.hints import about_failure, with_keys
from bptui.commands.table import COMMANDS, Command, sign
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.words import counted
from bptui.render.text.cells import ELLIPSIS
from bptui.render.text.fit import cut, cut_lines, first_that_fits, piece, wrapped_height
from bptui.render.text.gate import one_line
from bptui.render.text.style import BAD, FAINT, LIT, QUIET, STRONG, WARN, command

OPENABLE = 2
"""Cells that the sign takes which tells that there is more to read."""
TALLEST = 3
"""At most so many lines for what went wrong."""
RANKS = {each.id: each.footer for each in COMMANDS if each.footer}
INSIDE = {
    "next": 1, "in": 1, "in_back": 1, "over": 3, "up": 3, "out": 1, "tape": 2, "inspect": 2, "help": 1, "quit": 1,
}  # fmt: skip
"""Inside a phase there are other keys to show, by rank."""

ZEROING = {
    True: "zeroing is on: next runs zero_grad",
    False: "zeroing is off: next passes over zero_grad, and gradients accumulate",
}


def footer(possible: Collection[str], width: int, inside: bool = False) -> Text:
    """The keys, each of which can be clicked; those not possible now in brackets. Fewer where it is narrow."""
    ranked = INSIDE if inside else RANKS
    first = sorted((each for each in COMMANDS if each.id in ranked), key=lambda each: ranked[each.id])
    counts = range(len(first), 0, -1)
    variants = ((first[:at], gap) for at in counts for gap in ((2, 1) if ranked[first[at - 1].id] < 3 else (2,)))
    return first_that_fits((_keys(possible, shown, gap) for shown, gap in variants), width)


def _keys(possible: Collection[str], shown: Collection[Command], gap: int) -> Text:
    """`n next (f forward  b backward) q quit`: a terminal of few colours shows faint text as any other, or not at all.

    A bracket stands in the gap that is there, so that nothing moves when a key becomes possible.
    """
    line, were_possible = Text(), True
    for each in (each for each in COMMANDS if each in shown):
        now = each.id in possible
        mark = ")" if now and not were_possible else "(" if were_possible and not now else ""
        before = 1 if not line else max(gap, 2) if mark else gap
        line += piece((mark.ljust(before) if mark == ")" else mark.rjust(before)), FAINT) + _key(each, now)
        were_possible = now
    return line if were_possible else line + piece(")", FAINT)


def _key(each: Command, possible: bool) -> Text:
    text = piece(sign(each.keys[0]), LIT if possible else FAINT) + piece(f" {each.label}", QUIET if possible else FAINT)
    text.stylize(command(each.id))
    return text


def typing(width: int) -> Text:
    """The keys of the command line."""
    keys = (("enter", "run"), ("tab", "complete"), ("up", "history"), ("escape", "close"))
    shown = (piece(sign(key), LIT) + piece(f" {label}", QUIET) for key, label in keys)
    return cut(piece(" ") + piece("  ").join(shown), width)


def stopped(snapshot: Snapshot) -> Text:
    """What the step did, or what the script raised; the phase's name stands out."""
    failure = snapshot.failure
    if failure is not None:
        where = f"line {failure.line}: " if failure.line is not None else ""
        hint = about_failure(failure) or "the traceback is in the console"
        hint += "; o leaves the phase" if snapshot.op is not None else ""
        return _trouble("exception", f"{where}{failure.type}: {failure.message}", hint)
    what, colon, rest = snapshot.explain.partition(":")
    said = piece(f"{what}:", STRONG) + piece(rest) if colon and " " not in what else piece(snapshot.explain)
    return piece(f"{met(snapshot)}  ", LIT) + said if snapshot.met else said


def met(snapshot: Snapshot) -> str:
    """The breakpoint that stopped it, on one line."""
    return one_line(snapshot.met)


def refused(message: str, hint: str) -> Text:
    """Why nothing was done; under it what to do."""
    return _trouble("refused", message, with_keys(hint))


def seen_anew(before: Snapshot | None, now: Snapshot) -> Text | None:
    """What is otherwise at the same stop; None where a pane shows it."""
    was = before.watches if before is not None else ()
    watches = [each.expression for each in now.watches] != [each.expression for each in was]
    return None if watches else piece(ZEROING[now.zeroing])


def and_dropped(said: Text, commands: int) -> Text:
    """What happened, and that so many commands that had been typed before are not carried out because of it."""
    words = f"{counted(commands, 'queued command')} dropped"
    return said + piece(f"; {words}" if "\n" in said.plain else f"\n{words}", QUIET)


def restart_asks(steps: int, key: str) -> Text:
    """Whether so many steps may be lost."""
    return (
        piece("restart? ", WARN)
        .append(f"{counted(steps, 'step')} would be lost", STRONG)
        .append(f"\n{key} again begins anew, any other key does not", QUIET)
    )


def dead(message: str) -> Text:
    """What ended the program."""
    return _trouble("dead", message, "press r to restart; the timeline stays until then")


def _trouble(word: str, message: str, hint: str) -> Text:
    return piece(f"{word}: ", BAD) + piece(one_line(message).removesuffix(":")) + piece(f"\n{one_line(hint)}", QUIET)


def message(text: Text, width: int) -> Text:
    """One line; for trouble as many as it needs, within reason. What follows a line end is a hint and stays whole."""
    said, *hint = text.split("\n")
    if not hint:
        return cut(said, width)
    whole = piece("  ").join([said, *hint]) if hint[0] else said
    if whole.cell_len <= width:
        return whole
    if not hint[0]:
        return cut_lines(said, width, TALLEST)
    below = cut_lines(hint[0], width, TALLEST - 1)
    above = cut_lines(said, width, TALLEST - wrapped_height(below.plain, width))
    return piece("\n").join([above, below])


def openable(text: Text, width: int) -> Text:
    """The lines with `⏎` behind the one that was cut: that key shows all of them."""
    lines = text.split("\n")
    at = next((index for index, line in enumerate(lines) if line.plain.endswith(ELLIPSIS)), len(lines) - 1)
    lines[at] = cut(lines[at] + piece(f" {sign('enter')}", LIT), width)
    lines[at].stylize(command("inspect"), max(len(lines[at]) - 1, 0))
    return piece("\n").join(lines)
