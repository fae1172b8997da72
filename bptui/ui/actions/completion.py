"""What can be typed next: commands, their arguments, and names of the script, which the debuggee knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from bptui.commands.table import BY_ID, BY_WORD, COMMANDS
from bptui.protocol.replies import Completed, Payload
from bptui.protocol.requests import Complete
from bptui.ui.model.requests import Requests
from bptui.ui.panes.commandline import CommandLine

SHORT = 2
"""Words of so many letters are other names of a command: they are not offered, unless they are its only one."""

PYTHON = {"eval", "watch", "set", "breakpoints", "plot"}
"""The commands whose argument can be Python."""
Others = Callable[[], Iterable[str]]


class Completion:
    """Asks for candidates, and offers them when they come."""

    def __init__(self, requests: Requests, others: Mapping[str, Others]) -> None:
        """`others`: by a command's id, what its argument can be besides Python."""
        self._requests, self._others = requests, others

    def want(self, line: CommandLine, text: str, command: str = "") -> None:
        """Candidates for the word at the end of the text, which is that command's argument if one is named."""
        start, known, python = self._known(text, command)
        python = python and bool(text.strip())
        if python and self._requests.free:
            self._requests.ask(Complete(text), partial(self._offer, line, text, start, known))
        else:
            line.offer(text, start, known, " ")

    def _offer(self, line: CommandLine, text: str, start: int, known: tuple[str, ...], payload: Payload) -> None:
        """The debuggee's candidates came."""
        if not isinstance(payload, Completed):
            return
        if not known:
            line.offer(text, payload.start, payload.candidates)
        else:
            names = payload.candidates if payload.start == start else ()
            line.offer(text, start, tuple(dict.fromkeys((*known, *names))), " ")

    def _known(self, text: str, id: str) -> tuple[int, tuple[str, ...], bool]:
        """Where the last word begins, and what it can be: a command, or an argument of the command before it.

        And whether it can be Python too.
        """
        start = len(text) - len(text.split(" ")[-1])
        word, (first, *_) = text[start:], text.split(" ")
        if not id and not start:
            return start, tuple(each for each in _words() if each.startswith(word)), True
        command = BY_ID.get(id) if id else BY_WORD.get(first)
        if command is None:
            return start, (), True
        if text[:start].strip() != ("" if id else first):
            return start, (), command.id in PYTHON
        known = (*re.findall(r"\b[a-z]{2,}\b", command.argument), *self._others.get(command.id, tuple)())
        return start, tuple(each for each in known if each.startswith(word)), command.id in PYTHON


def _words() -> list[str]:
    """The commands' words, without the short ones."""
    shown = []
    for each in COMMANDS:
        shown += [word for word in each.words if len(word) > SHORT or word == each.words[0]]
    return [word for word in shown if word in BY_WORD]
