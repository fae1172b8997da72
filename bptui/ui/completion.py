"""What can be typed next: commands, their arguments, and names of the script, which the debuggee knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from bptui.commands import BY_WORD, COMMANDS
from bptui.protocol.messages import Complete, Completed
from bptui.ui.commandline import CommandLine
from bptui.ui.talk import State, Talk

SHORT = 2
"""Words of so many letters are other names of a command: they are not offered, unless they are its only one."""

Others = Callable[[], Iterable[str]]


class Completion:
    """Asks for candidates, and offers them when they come."""

    def __init__(self, talk: Talk, others: Mapping[str, Others]) -> None:
        """`others`: by a command's id, what its argument can be besides Python."""
        self._talk, self._others = talk, others
        self._wanted: tuple[CommandLine, str, int, tuple[str, ...]] | None = None
        """For which line, behind which text; where the word begins, and what it can be besides the script's names."""

    def want(self, line: CommandLine, text: str, commands: bool = True) -> None:
        """Candidates for the word at the end of the text; whether it can be a command."""
        start, known = _known(text, self._others) if commands else (len(text), ())
        if not text.strip() or self._talk.busy or self._talk.state in (State.STARTING, State.DEAD):
            line.offer(text, start, known, " ")
            return
        self._wanted = line, text, start, known
        self._talk.aside(Complete(text))

    def hear(self, told: Completed) -> None:
        """The debuggee's candidates came."""
        if self._wanted is None:
            return
        (line, text, start, known), self._wanted = self._wanted, None
        if not known:
            line.offer(text, told.start, told.candidates)
        else:
            names = told.candidates if told.start == start else ()
            line.offer(text, start, tuple(dict.fromkeys((*known, *names))), " ")


def _known(text: str, others: Mapping[str, Others]) -> tuple[int, tuple[str, ...]]:
    """Where the last word begins, and what it can be: a command, or an argument of the command before it."""
    start = len(text) - len(text.split(" ")[-1])
    word, before = text[start:], text[:start].strip()
    if not before:
        return start, tuple(each for each in _words() if each.startswith(word))
    command = BY_WORD.get(before)
    if command is None:
        return start, ()
    literal = re.findall(r"\b[a-z]{2,}\b", command.argument)
    return start, tuple(each for each in (*literal, *others.get(command.id, tuple)()) if each.startswith(word))


def _words() -> list[str]:
    """The commands' words, without the short ones."""
    shown = []
    for each in COMMANDS:
        shown += [word for word in each.words if len(word) > SHORT or word == each.words[0]]
    return [word for word in shown if word in BY_WORD]
