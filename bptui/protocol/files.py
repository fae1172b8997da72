"""Nameless files that two processes share: what the script writes, and where it is. They go with the last process."""

from __future__ import annotations

import os
import tempfile


def nameless_file() -> int:
    """A file descriptor of a new empty file, for reading and appending."""
    descriptor, path = tempfile.mkstemp(prefix="bptui-")
    os.close(descriptor)
    try:
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    finally:
        os.unlink(path)


def size(file: int) -> int:
    """How many bytes the file has."""
    return os.lseek(file, 0, os.SEEK_END)


def read_text(file: int, start: int, end: int) -> str:
    """The text between two offsets; bytes that are not UTF-8 are replaced."""
    pieces: list[bytes] = []
    while start < end and (piece := os.pread(file, end - start, start)):
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces).decode(errors="replace")
