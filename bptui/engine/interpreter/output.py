"""What the script writes: two files that only grow. What a step wrote lies between two offsets.

A file, not a pipe or a replaced `write`: whatever the script uses ends up there in its own order (print, os.write, a C
library, a subprocess), nothing can block, no thread has to drain it, and what a dying process wrote last can still be
read by the debugger, which made the files. `mark` costs two flushes, of nothing mostly, and two seeks: under 1 µs.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import weakref
from collections.abc import Iterator
from typing import TextIO

from bptui.protocol.files import nameless_file, read_text, size

Offset = tuple[int, int]
"""How many bytes were written so far: to stdout, to stderr."""


class Output:
    """The script's stdout and stderr."""

    stdout: TextIO
    """What `sys.stdout` is while the script runs. It is flushed at each line, as at a terminal."""
    stderr: TextIO
    """What `sys.stderr` is while the script runs."""

    def __init__(self, stdout: TextIO, stderr: TextIO, files: tuple[int, int]) -> None:
        """Over text streams that append to files, and file descriptors of our own to read these files."""
        self.stdout, self.stderr = stdout, stderr
        self._files = files
        for file in files:
            weakref.finalize(self, os.close, file)
        self._script_streams: tuple[TextIO, TextIO] = stdout, stderr

    @classmethod
    def of_process(cls) -> Output:
        """Of a child process whose file descriptors 1 and 2 are such files, open for reading too."""
        for stream in (sys.stdout, sys.stderr):
            assert isinstance(stream, io.TextIOWrapper)
            stream.reconfigure(encoding="utf-8", line_buffering=True)
        return cls(sys.stdout, sys.stderr, (os.dup(1), os.dup(2)))  # the script may close or replace its own

    @classmethod
    def in_process(cls) -> Output:
        """For a notebook or a test. It sees what Python writes, not what C code or a subprocess writes."""
        files = nameless_file(), nameless_file()
        stdout, stderr = (os.fdopen(os.dup(file), "w", 1, "utf-8", "backslashreplace") for file in files)
        return cls(stdout, stderr, files)

    def mark(self) -> Offset:
        """Where the output ends now."""
        try:
            self.stdout.flush()
            self.stderr.flush()
        except ValueError:  # the script closed its own stdout: nothing can be pending there
            pass
        stdout, stderr = self._files
        return size(stdout), size(stderr)

    def since(self, mark: Offset) -> tuple[str, str]:
        """What was written to stdout and to stderr since the mark."""
        return self.between(mark, self.mark())

    def between(self, mark: Offset, end: Offset) -> tuple[str, str]:
        """What was written to stdout and to stderr from one mark to the other."""
        return read_text(self._files[0], mark[0], end[0]), read_text(self._files[1], mark[1], end[1])

    @contextlib.contextmanager
    def redirecting(self) -> Iterator[None]:
        """Let `sys.stdout` and `sys.stderr` be the script's while its lines run, and the caller's again afterwards.

        A stream that the script put in their place stays in place for its next lines.
        """
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._script_streams
        try:
            yield
        finally:
            self._script_streams = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = before

    def forget(self) -> None:
        """Drop the streams that the script put in place of its own: it begins again."""
        self._script_streams = self.stdout, self.stderr
