"""Commands named in a sentence: as keys on the screen, as words in plain mode.

Whoever writes a hint, in the engine or here, names a command by its id between backticks: "`next` goes on". That reads
well as it is, so a notebook shows it so.
"""

from __future__ import annotations

import re

from bptui.commands.table import BY_ID, called
from bptui.protocol.snapshot import Failure

NO_INPUT = "the script has no standard input here: give it as an argument what it asks for"
_ASKS = {("EOFError", "EOF when reading a line"): NO_INPUT, ("BdbQuit", ""): NO_INPUT}
"""By type and message, what raises where a script asks its person: `input()`, and `breakpoint()`, which opens pdb."""
_NAMED = re.compile(r"`(\w+)`")


def about_failure(failure: Failure) -> str:
    """What to do about what the script raised, where that comes of its being run here; else empty."""
    return _ASKS.get((failure.type, failure.message), "")


def with_keys(hint: str) -> str:
    """The hint for somebody who presses keys: "n goes on"; a command that has no key is typed, as `:goto`."""
    return _NAMED.sub(lambda name: called(BY_ID[name[1]]).split()[0] if name[1] in BY_ID else name[0], hint)


def with_words(hint: str) -> str:
    """The hint for somebody who types words: "next goes on"."""
    return _NAMED.sub(
        lambda name: BY_ID[name[1]].words[0] if name[1] in BY_ID and BY_ID[name[1]].words else name[0], hint
    )
