"""What can be wrong with a file. Each message is a sentence, or what follows the file's name in one."""

from __future__ import annotations


class NotATrace(Exception):
    """The file is not a trace, or not one that can be read; the message is one sentence."""


class CannotRecord(Exception):
    """Nothing can be written there; the message is one sentence."""
