"""Hides the engine's frames from the script: warnings, tracebacks and printed stacks name only its own.

Under plain Python nothing called the script's module; here the engine did, and some of its frames also lie in between
(a recorder around an op that calls the script's code again). The functions by which a script asks Python for its stack
are replaced by ones that leave the engine's frames out.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

ENGINE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
"""Where the engine's files lie. The lessons do not: they are scripts."""
_BEYOND = 1_000_000
"""A stack level that is beyond every stack: Python then says `sys:1`, as for a plain script's outermost caller."""


def is_ours(filename: str) -> bool:
    """Whether that is one of the engine's files."""
    return filename.startswith(ENGINE)


def script_traceback(trace: TracebackType | None) -> TracebackType | None:
    """The same traceback, without the engine's frames."""
    first: TracebackType | None = None
    last: TracebackType | None = None
    while trace is not None:
        following = trace.tb_next
        if not is_ours(trace.tb_frame.f_code.co_filename):
            if last is None:
                first = trace
            elif last.tb_next is not trace:  # Python walks all that is behind it, to find a loop: a million calls
                last.tb_next = trace
            last = trace
        trace = following
    if last is not None and last.tb_next is not None:
        last.tb_next = None
    return first


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _script_frames(frame: FrameType | None) -> list[tuple[FrameType, int]]:
    """The script's frames and those of the libraries that it calls, the innermost first, and how far out each lies."""
    frames = list(_outwards(frame))
    ours = [distance for distance, each in enumerate(frames) if is_ours(each.f_code.co_filename)]
    end = ours[-1] if ours else len(frames)  # what lies below the engine called it, and is not the script's
    return [(frame, distance) for distance, frame in enumerate(frames[:end]) if distance not in ours]


def _is_import(frame: FrameType) -> bool:
    """A frame of Python's import machinery, which `warnings` does not count."""
    return "importlib" in frame.f_code.co_filename and "_bootstrap" in frame.f_code.co_filename


def _warn(original: Callable[..., None]) -> Callable[..., None]:
    """`warnings.warn`, with a stack level that counts only the script's frames."""

    def warn(message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **options: Any) -> None:
        if stacklevel > 1:
            stacklevel = _level(sys._getframe(1), stacklevel)
        original(message, category, max(stacklevel, 1) + 1, source, **options)

    return warn


def _level(frame: FrameType, stacklevel: int) -> int:
    """The stack level, counted over all frames, of what is at that level of the script's frames."""
    counted = [(each, distance) for each, distance in _script_frames(frame) if not _is_import(each)]
    if stacklevel > len(counted):
        return _BEYOND
    distance = counted[stacklevel - 1][1]
    return 1 + sum(not _is_import(each) for each, _ in zip(_outwards(frame.f_back), range(distance), strict=False))


def _walk_stack(original: Callable[..., Any]) -> Callable[..., Any]:
    """`traceback.walk_stack`, on which print_stack, format_stack and logging's stack_info rest."""

    def walk_stack(frame: FrameType | None) -> Any:
        if frame is None:
            return original(frame)
        return ((each, each.f_lineno) for each, _ in _script_frames(frame))

    return walk_stack


def _dump_traceback(original: Callable[..., None]) -> Callable[..., None]:
    """`faulthandler.dump_traceback`, which walks the stack in C."""

    def dump_traceback(file: Any = None, all_threads: bool = True) -> None:
        target = sys.stderr if file is None else file
        with tempfile.TemporaryFile() as dumped:
            original(dumped, all_threads)
            dumped.seek(0)
            threads = dumped.read().split(b"\n\n")
        remaining = b"\n\n".join(map(_script_lines, threads))
        if not isinstance(target, int):
            target.flush()
        os.write(target if isinstance(target, int) else target.fileno(), remaining)

    return dump_traceback


def _script_lines(thread: bytes) -> bytes:
    """What faulthandler says of one thread, without the engine's frames and those below them."""
    lines = thread.split(b"\n")
    ours = [number for number, line in enumerate(lines) if line.startswith(b'  File "' + ENGINE.encode())]
    if not ours:
        return thread
    remaining = [line for number, line in enumerate(lines[: ours[-1]]) if number not in ours]
    return b"\n".join([*remaining, b""] if lines[-1] == b"" else remaining)


_REPLACEMENTS: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (warnings, "warn", _warn),
    (traceback, "walk_stack", _walk_stack),
    (faulthandler, "dump_traceback", _dump_traceback),
)
"""The functions by which a script asks Python for its stack: module, name, and what makes the replacement."""


@contextlib.contextmanager
def hidden() -> Iterator[None]:
    """While the script's lines run: let it see no frame of the engine."""
    replaced = []
    for module, name, made in _REPLACEMENTS:
        before = getattr(module, name)
        replaced.append((module, name, before, after := made(before)))
        setattr(module, name, after)
    try:
        yield
    finally:
        for module, name, before, after in replaced:
            if getattr(module, name) is after:  # else the script put its own there
                setattr(module, name, before)
