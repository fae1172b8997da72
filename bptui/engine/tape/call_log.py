"""Which line of the script made which autograd node, and which line wrote which tensor, in single steps.

An autograd node has no place in the source. It has a sequence number, by which it belongs to the line that ran when
autograd counted past it. While a block is run as a single step, its lines are traced (`sys.settrace`, and only in the
script's own file), and for each line the number is kept; and the versions of the tensors that it names are compared,
which tells what it wrote in place. A `TorchFunctionMode` would tell more, but stands on the stack when PyTorch warns or
raises, so that is for stepping in. A run at full speed is not traced, and costs nothing.
"""

from __future__ import annotations

import dis
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, NamedTuple

import torch

from bptui.engine.tape.call_sites import Sites
from bptui.engine.tape.records import is_writing, tensors_of
from bptui.engine.tensors.facts import version_of

_LINES, _OPS, _WRITES = 50_000, 20_000, 2_000
"""So many of the latest are kept."""

_sequence = torch._C._autograd._get_sequence_nr


class Made(NamedTuple):
    """An op that made autograd nodes."""

    before: int
    after: int
    """Autograd's sequence number before and after it: its nodes are between."""
    line: int
    storages: tuple[int, ...]
    """Where what it made lives in memory; nothing where that is not known."""


class Wrote(NamedTuple):
    """A write into a tensor in place."""

    storage: int
    shape: tuple[int, ...]
    """Of what was written; of a view that of the whole."""
    version: int
    """The tensor's version after it."""
    line: int


class CallLog:
    """The latest lines, ops, and writes in place."""

    def __init__(self, sites: Sites, parameters: Callable[[], Iterable[torch.Tensor]]) -> None:
        """`parameters`: what an optimizer may write, though the line does not name it."""
        self._sites, self._parameters = sites, parameters
        self._lines: deque[tuple[int, int]] = deque(maxlen=_LINES)
        """Autograd's sequence number when a line began, and the line; 0 for what was not traced."""
        self._made: deque[Made] = deque(maxlen=_OPS)
        self._wrote: deque[Wrote] = deque(maxlen=_WRITES)
        self._names: dict[CodeType, dict[int, frozenset[str]]] = {}
        self._shapes: dict[int, dict[str, tuple[int, ...]]] = {}
        """The shapes of the tensors that each line of this step named when it began."""

    # ---- lines, in a single step

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While a block runs as a single step. Nothing is traced while another tracer is at work."""
        if sys.gettrace() is not None:
            yield
            return
        self._shapes.clear()
        sys.settrace(self._called)
        try:
            yield
        finally:
            if sys.gettrace() == self._called:  # else the script set its own
                sys.settrace(None)
            self._begins(0)

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Python calls this at each call; a function of the script is traced line by line."""
        if frame.f_code.co_filename != self._sites.path:
            return None
        versions: dict[int, tuple[torch.Tensor, int]] = {}
        line = 0

        def traced(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal line
            if event != "exception":
                with torch._C.DisableTorchFunction():
                    self._compare(versions, line)
                    if event == "line":
                        line = frame.f_lineno
                        self._remember(versions, frame, line)
                self._begins(line if event == "line" else self._calling(frame))
            return traced

        self._begins(frame.f_lineno)
        return traced

    def _calling(self, frame: FrameType) -> int:
        """The line of the script that called, when a function of the script returns."""
        above = self._sites.above(frame.f_back)
        return above.f_lineno if above is not None else 0

    def _begins(self, line: int) -> None:
        number = _sequence()
        if self._lines and self._lines[-1][0] == number:
            self._lines.pop()  # the line before made no node
        self._lines.append((number, line))

    def _remember(self, versions: dict[int, tuple[torch.Tensor, int]], frame: FrameType, line: int) -> None:
        """Note the versions of the tensors that a line names."""
        names = self._names.get(frame.f_code)
        if names is None:
            names = self._names[frame.f_code] = _names_by_line(frame.f_code)
        local, shared = frame.f_locals, frame.f_globals
        shapes = self._shapes[line] = {}
        for name in names.get(line, ()):
            value = local.get(name, shared.get(name))
            if isinstance(value, torch.Tensor):
                versions[id(value)] = value, version_of(value)
                shapes[name] = () if value.is_nested else tuple(value.shape)
        for each in self._parameters():
            versions[id(each)] = each, version_of(each)

    def _compare(self, versions: dict[int, tuple[torch.Tensor, int]], line: int) -> None:
        """Note which of these tensors were written since: by the line that has ended now."""
        for tensor, version in versions.values():
            if (now := version_of(tensor)) > version:
                base = tensor._base if tensor._base is not None else tensor
                self._wrote.append(Wrote(storage_of(tensor), tuple(base.shape), now, line))
        versions.clear()

    # ---- ops, when stepping in

    def add(self, name: str, args: Any, kwargs: dict[str, Any], result: Any, before: int) -> None:
        """Note an op that finished, while ops are recorded one by one. `before`: autograd's number when it began."""
        writes, after = is_writing(name, kwargs), _sequence()
        if not writes and after == before:
            return
        frame = self._sites.above(sys._getframe(1))
        if frame is None:
            return
        line = frame.f_lineno
        if after > before:
            self._made.append(Made(before, after, line, tuple(map(storage_of, tensors_of(result)))))
        if writes:
            for tensor in tensors_of(kwargs["out"] if "out" in kwargs else args[0] if args else ()):
                base = tensor._base if tensor._base is not None else tensor
                self._wrote.append(Wrote(storage_of(tensor), tuple(base.shape), version_of(tensor), line))

    # ---- queries

    def shapes_on(self, line: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the tensors that a line of the last step named."""
        return self._shapes.get(line, {})

    def made(self, sequence: int) -> Made | None:
        """The op, or else the line, that made the node of that sequence number."""
        op = next((each for each in reversed(self._made) if each.before <= sequence < each.after), None)
        if op is not None:
            return op
        lines = list(self._lines)
        at = bisect_right(lines, sequence, key=lambda each: each[0]) - 1
        if at < 0 or not lines[at][1]:
            return None
        return Made(lines[at][0], sequence + 1, lines[at][1], ())

    def writer(self, storages: set[int], shape: tuple[int, ...], expected: int) -> Wrote | None:
        """The first write to one of these tensors after that version.

        Where none of them was written, the write after that version to a tensor of that shape, if it is one tensor.
        """
        for each in self._wrote:
            if each.storage in storages and each.version > expected:
                return each
        alike = [each for each in self._wrote if each.shape in (shape, shape[::-1]) and each.version == expected + 1]
        return alike[-1] if alike else None


def _names_by_line(code: CodeType) -> dict[int, frozenset[str]]:
    """The names that each line of some code uses."""
    found: dict[int, set[str]] = {}
    line = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        starts: Any = instruction.starts_line
        if isinstance(starts, bool):  # Python 3.13
            line = getattr(instruction, "line_number", None) or line
        elif starts is not None:
            line = starts
        if instruction.opname.startswith(("LOAD_", "STORE_")) and isinstance(instruction.argval, (str, tuple)):
            names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
            found.setdefault(line, set()).update(names)
    return {line: frozenset(names) for line, names in found.items()}


def storage_of(tensor: torch.Tensor) -> int:
    """Where it lives in memory, the same for all views of it; 0 for what has no such place."""
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_meta:
        return 0
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):  # a wrapper subclass, a tensor inside of a functional transform
        return 0
