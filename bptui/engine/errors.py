"""What can go wrong that is nobody's bug."""

from __future__ import annotations

PROMPT = "<prompt>"
"""What Python calls the file of code that a person typed."""


class CannotCut(Exception):
    """The script's loop cannot be cut into phase blocks."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message = message
        """One sentence: what is wrong and what to do."""
        self.line = line
        """Where in the script, from 1."""


class LateRefusal(BaseException):
    """The script, while it runs, turns out not to be cut right. No `except Exception` of the script's catches it."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class StepRefused(Exception):
    """The step was refused and nothing changed."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        """What is wrong, in PyTorch's own words where they are PyTorch's."""
        self.hint = hint
        """One line on what to do."""
