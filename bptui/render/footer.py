"""The last lines: what the step did in words, and the keys."""

from __future__ import annotations

from collections.abc import Collection

from rich.text import Text

from bptui.commands import COMMANDS, Command, sign
from bptui.render.fit import first_that_fits, piece
from bptui.render.style import BAD, FAINT, LIT, QUIET, command


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
    if not colon or " " in what:
        return piece(explain)
    return piece(f"{what}:", "bold") + piece(rest)


def refused(message: str, hint: str) -> Text:
    """Why nothing was done, and what to do."""
    text = piece("refused: ", BAD).append(" ".join(message.split()))
    return text.append(f"  {hint}", QUIET) if hint else text


def dead(message: str) -> Text:
    """What ended the program."""
    return piece("dead: ", BAD).append(" ".join(message.split())).append("  press r to restart", QUIET)


def failed(type: str, message: str, line: int | None) -> Text:
    """What the script raised."""
    where = f"line {line}: " if line is not None else ""
    return piece("exception: ", BAD).append(" ".join(f"{where}{type}: {message}".split()).removesuffix(":"))
