"""The commands as requests: a typed line as a command with its argument. Line mode and screen share it."""

from __future__ import annotations

import re

from bptui.commands.table import BY_WORD, COMMANDS, Command
from bptui.manual import TOPICS
from bptui.protocol.phase import Goal
from bptui.protocol.requests import Ask, Back, Compare, Do, GoTo, Next, Run, RunBack, SetValue, SetZeroing, Step
from bptui.protocol.tape import Move

STEPS: dict[str, Ask] = {
    "next": Next(),
    **{each.id: Do(each.phase) for each in COMMANDS if each.phase},
    "in": Step(Move.IN),
    "in_back": Step(Move.BACK),
    "over": Step(Move.OVER),
    "up": Step(Move.UP),
    "out": Step(Move.OUT),
    "sample": Run(Goal.SAMPLE),
    "epoch": Run(Goal.EPOCH),
    "continue": Run(Goal.END),
    "back": Back(),
    "back_run": RunBack(),
    "first": GoTo(0),
    "last": GoTo(-1),
}
"""The commands that are one request."""

MEANT_AS_PYTHON = re.compile(
    r"\s*(?:(?:[-+*/%@&|^<>]|//|\*\*|<<|>>)?=(?!=)|[-+*/%@<>&|^,.(\[]|==|!=|(?:if|in|is|and|or|not)\b)"
)
"""What stands behind a name in Python, and behind a command's word never does."""


NO_SUCH_NAME = re.compile(r"NameError: name '(\w+)' is not defined$")


class NotUnderstood(Exception):
    """The line is a command's, but not as it stands. Its arguments: what is wrong, and what to do."""


def read(text: str) -> tuple[Command | None, str]:
    """The command that the line begins with, and what stands behind its word."""
    if text.startswith("!"):
        return None, text[1:].strip()
    word, _, rest = text.partition(" ")
    command = BY_WORD.get(word)
    if command is None or (rest and command.argument in ("", "[N]") and MEANT_AS_PYTHON.match(rest)):
        return None, text
    return command, rest.strip()


def no_command(text: str, answer: str) -> NotUnderstood | None:
    """What is to be said where a lone word that is no command was evaluated, and is no name of the script either."""
    missing = NO_SUCH_NAME.search(answer)
    if missing is None or missing[1] != text.strip():
        return None
    return NotUnderstood(
        f"There is no command {text.strip()!r}, and the script has no such name.", "`help` lists the commands."
    )


def asked(command: Command, argument: str) -> tuple[Ask, int] | None:
    """The request that a command is, and how often; None for one that is more than that.

    Raises:
        NotUnderstood: the argument is none of this command.
    """
    match command.id:
        case "goto":
            return _place(argument), 1
        case "set":
            return _setting(argument), 1
        case "compare":
            what, _, steps = argument.partition(" ")
            if what != "zeroing":
                raise NotUnderstood("Only zeroing can be compared.", "compare zeroing 100")
            return Compare(_count(command, steps) if steps.strip() else None), 1
        case "zeroing" if argument:
            if argument not in ("on", "off"):
                raise NotUnderstood(f"zeroing is on or off, not {argument!r}.", "zeroing off")
            return SetZeroing(argument == "on"), 1
    ask = STEPS.get(command.id)
    if ask is None:
        return None
    times = _count(command, argument) if argument else 1
    return (Back(times), 1) if isinstance(ask, Back) else (ask, times)


def check_topic(topic: str) -> None:
    """It is a page of the manual.

    Raises:
        NotUnderstood: it is none.
    """
    if topic not in TOPICS:
        raise NotUnderstood(f"There is no topic {topic!r} in the manual.", f"They are {', '.join(TOPICS)}.")


def check_alone(command: Command, argument: str) -> None:
    """Nothing stands behind the command's word.

    Raises:
        NotUnderstood: something does.
    """
    if argument:
        raise NotUnderstood(f"{command.words[0]} takes nothing, so not {argument!r}.", command.help)


def _count(command: Command, argument: str) -> int:
    argument = argument.strip()
    if "[N]" not in command.argument:
        check_alone(command, argument)
    if not argument.isdecimal() or not int(argument):
        word = command.words[0]
        raise NotUnderstood(f"{word} takes a number from 1, not {argument!r}.", f"{word} {command.argument}")
    return int(argument)


def _place(argument: str) -> GoTo:
    match = re.fullmatch(r"(?:(\d+)\s*:\s*)?(\d+)", argument)
    if match is None:
        raise NotUnderstood("To which step?", "goto 40, or goto 1:40 for step 40 of branch 1")
    return GoTo(int(match[2]), int(match[1]) if match[1] else None)


def _setting(argument: str) -> SetValue:
    match = re.fullmatch(r"([^=]*[^=\s!<>])\s*=(?!=)\s*(.+)", argument)
    if match is None:
        raise NotUnderstood("Set what to which value?", "set lr = 0.1")
    return SetValue(match[1].strip(), match[2])
