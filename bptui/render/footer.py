"""The last lines: what the step did in words, and the keys."""

from __future__ import annotations

from collections.abc import Collection

from rich.text import Text

from bptui.commands import COMMANDS, Command, sign
from bptui.protocol.snapshot import Failure
from bptui.render.fit import cut_lines, first_that_fits, piece, wrapped_height
from bptui.render.style import BAD, FAINT, LIT, QUIET, STRONG, command


def footer(possible: Collection[str], width: int) -> Text:
    """The keys, each of which can be clicked; those not possible now are faint. Fewer where it is narrow."""
    ranks = sorted({each.footer for each in COMMANDS if each.footer}, reverse=True)
    variants = ((rank, gap) for rank in ranks for gap in ("  ", " "))
    return first_that_fits((_keys(possible, rank, gap) for rank, gap in variants), width)


def _keys(possible: Collection[str], rank: int, gap: str) -> Text:
    shown = [each for each in COMMANDS if 0 < each.footer <= rank]
    return piece(" ") + piece(gap).join(_key(each, each.id in possible) for each in shown)


def _key(each: Command, possible: bool) -> Text:
    text = piece(sign(each.keys[0]), LIT if possible else FAINT)
    text.append(f" {each.label}", QUIET if possible else FAINT)
    text.stylize(command(each.id))
    return text


def explained(explain: str) -> Text:
    """What the step did; the phase's name stands out."""
    what, colon, rest = explain.partition(":")
    return piece(f"{what}:", STRONG).append(rest) if colon and " " not in what else piece(explain)


def refused(message: str, hint: str) -> Text:
    """Why nothing was done; under it what to do."""
    return _trouble("refused", message, hint)


def dead(message: str) -> Text:
    """What ended the program."""
    return _trouble("dead", message, "press r to restart; the timeline stays until then")


def failed(failure: Failure) -> Text:
    """What the script raised."""
    where = f"line {failure.line}: " if failure.line is not None else ""
    return _trouble("exception", f"{where}{failure.type}: {failure.message}", "the traceback is in the console")


def _trouble(word: str, message: str, hint: str) -> Text:
    text = piece(f"{word}: ", BAD).append(" ".join(message.split()).removesuffix(":"))
    return text.append(f"\n{hint}", QUIET) if hint else text


def message(text: Text, width: int, lines: int) -> Text:
    """On at most so many lines; what is after a line end is a hint, which stays whole."""
    said, *hint = text.split("\n")
    if not hint:
        return cut_lines(said, width, lines)
    whole = piece("  ").join([said, *hint])
    if wrapped_height(whole.plain, width) <= 1:
        return whole
    below = cut_lines(hint[0], width, max(lines - 1, 1))
    room = max(lines - wrapped_height(below.plain, width), 1)
    return cut_lines(said, width, room).append("\n").append(below)
