"""Textual messages that the panes and the session post to the screen."""

from __future__ import annotations

from textual.message import Message


class RepliesArrived(Message):
    """New replies of the session are in the inbox."""


class CommandChosen(Message):
    """A phase or a key was clicked."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self.command = command
        """Its id in the table of commands."""


class ParamChosen(Message):
    """The parameter that the cards, the curve and the timeline show is to be this one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        """As the script names it."""


class RowChosen(Message):
    """The program is to go to this step of the timeline."""

    def __init__(self, branch: int, index: int) -> None:
        super().__init__()
        self.branch, self.index = branch, index


class LineChosen(Message):
    """The program is to stop before this line of the source, or no longer."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class PictureWanted(Message):
    """The screen is to be kept in a file."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        """The file's."""
