"""Gives memory back to the system that the allocator keeps for nothing.

Checkpoints are small and live long; between two of them a script makes and frees large activations. glibc then leaves
holes that are a little too small for the next activation, and takes new memory for it: a gigabyte in a thousand steps.
`malloc_trim` gives the pages of the holes back. It takes milliseconds, so it is only called when memory has grown.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

GROWTH = 48 << 20
"""After so many bytes of growth the holes are given back."""


class ResidentMemory:
    """How much memory the process has, as the operating system sees it."""

    def __init__(self) -> None:
        self._trim = _trimmer()
        self._least = resident() if self._trim is not None else 0
        """How much it had at least since the holes were given back."""

    def give_back(self) -> None:
        """Give the holes back, if memory has grown since that was done."""
        if self._trim is None:
            return
        now = resident()
        if now > self._least + GROWTH:
            self._trim(0)
            self._least = resident()
        else:
            self._least = min(self._least, now)


def resident() -> int:
    """The bytes of this process that are in memory."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _trimmer() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; None where there is none, or no `/proc`."""
    if not os.path.exists("/proc/self/statm"):
        return None
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None
    return trim
