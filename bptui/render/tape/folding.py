"""The rows of a tape folded by module: which are in sight, and which modules are open.

A module that is called twice makes two folds. What a person opened or closed stays so from one tape to the next; of the
rest the modules around the current op are open, or all of them where the tape is small.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bptui.protocol.tape import Tape, TapeOp

SMALL = 15
"""Tapes of up to this many ops start unfolded, and are drawn as a graph."""

ModuleCall = tuple[str, int]
"""A module's path, and which of its calls it is."""


@dataclass(eq=False)
class Fold:
    """One call of a module."""

    path: str
    """`model/model.fc1`."""
    call: int
    """Which of its calls, from 0."""
    depth: int
    first: int
    """Its first op."""
    last: int
    """Its last op so far."""
    rows: list[TapeRow] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def key(self) -> ModuleCall:
        return self.path, self.call

    @property
    def count(self) -> int:
        """How many ops it has."""
        return self.last - self.first + 1


TapeRow = int | Fold
"""A value by its place on the tape, or a fold."""


def wengert(tape: Tape) -> Iterator[tuple[int, int]]:
    """Each value with the op at which it is listed: what was there before at its first use, the rest in op order."""
    listed = [False] * len(tape.values)
    for at, op in enumerate(tape.ops):
        for values in (op.inputs, op.outputs):
            for value in values:
                if not listed[value] and (values is op.outputs or tape.values[value].op < 0):
                    listed[value] = True
                    yield value, at


class Folding:
    """The rows in sight."""

    def __init__(self) -> None:
        self._tape: Tape | None = None
        self._rows: list[TapeRow] = []
        """Those outside of every module, and the outermost folds."""
        self._chosen: dict[ModuleCall, bool] = {}
        """What the person opened or closed."""
        self._around: frozenset[ModuleCall] = frozenset()
        """The modules around the current op."""
        self._alone: frozenset[ModuleCall] = frozenset()
        """The modules that hold all the others."""
        self._small = True
        self._starts: dict[str, list[int]] = {}
        """The first op of each call of a module."""
        self._where: list[int] = []
        """At which op each value is listed; -1 for nowhere."""
        self._flat: list[tuple[TapeRow, int]] | None = None

    def load(self, tape: Tape | None) -> None:
        """Another tape."""
        if tape is self._tape:
            return
        self._tape, self._rows, self._flat = tape, [], None
        self._starts = {}
        if tape is None:
            return
        self._small = len(tape.ops) <= SMALL
        self._where = [-1] * len(tape.values)
        self._build(tape)

    def _build(self, tape: Tape) -> None:
        calls: Counter[str] = Counter()
        stack: list[Fold] = []
        before = ""
        for value, at in wengert(tape):
            self._where[value] = at
            module = tape.ops[at].module
            if module != before:
                self._enter(stack, module, calls, at)
                before = module
            for fold in stack:
                fold.last = at
            (stack[-1].rows if stack else self._rows).append(value)
        self._alone = frozenset(self._outer())

    def _outer(self) -> Iterator[ModuleCall]:
        """The module around all others, if there is one, and so on inwards: folded it would hide everything."""
        rows = self._rows
        while len(folds := [row for row in rows if isinstance(row, Fold)]) == 1:
            yield folds[0].key
            rows = folds[0].rows

    def _enter(self, stack: list[Fold], module: str, calls: Counter[str], at: int) -> None:
        names = module.split("/") if module else []
        paths = ["/".join(names[: depth + 1]) for depth in range(len(names))]
        while stack and (len(stack) > len(paths) or stack[-1].path != paths[len(stack) - 1]):
            stack.pop()
        for path in paths[len(stack) :]:
            fold = Fold(path, calls[path], len(stack), at, at)
            calls[path] += 1
            self._starts.setdefault(path, []).append(at)
            (stack[-1].rows if stack else self._rows).append(fold)
            stack.append(fold)

    def open_around(self, op: int) -> None:
        """The program stands at that op (-1 for none): the modules around it are open."""
        around = frozenset(self._keys(op))
        if around != self._around:
            self._around, self._flat = around, None

    def _keys(self, op: int) -> list[ModuleCall]:
        if self._tape is None or not 0 <= op < len(self._tape.ops):
            return []
        names = self._tape.ops[op].module.split("/")
        paths = ["/".join(names[: depth + 1]) for depth in range(len(names))]
        return [(path, bisect_right(self._starts[path], op) - 1) for path in paths if path in self._starts]

    def is_open(self, fold: Fold) -> bool:
        return self._chosen.get(fold.key, self._small or fold.key in self._around or fold.key in self._alone)

    def set_open(self, fold: Fold, open: bool) -> None:
        """As a person wants it."""
        if open != self.is_open(fold):
            self._chosen[fold.key] = open
            self._flat = None

    def rows(self) -> list[tuple[TapeRow, int]]:
        """Those in sight from top to bottom, each with how deep it is."""
        if self._flat is None:
            self._flat = flat = []
            waiting: list[tuple[TapeRow, int]] = [(row, 0) for row in reversed(self._rows)]
            while waiting:
                row, depth = waiting.pop()
                flat.append((row, depth))
                if isinstance(row, Fold) and self.is_open(row):
                    waiting.extend((each, depth + 1) for each in reversed(row.rows))
        return self._flat

    def row_of(self, value: int) -> int | None:
        """Where that value is in sight, or the fold that hides it."""
        at = self.listed(value)
        found = None
        for index, (row, _depth) in enumerate(self.rows()):
            if row == value:
                return index
            if isinstance(row, Fold) and row.first <= at <= row.last:
                found = index
        return found

    def listed(self, value: int) -> int:
        """At which op the value is listed; -1 for none."""
        return self._where[value] if 0 <= value < len(self._where) else -1

    def parent(self, index: int) -> int | None:
        """The row of the fold around that row."""
        depth = self.rows()[index][1]
        return next((at for at in range(index - 1, -1, -1) if self.rows()[at][1] < depth), None)


def names(ops: tuple[TapeOp, ...], fold: Fold, most: int) -> str:
    """The first different operators of a fold: `linear, relu …`."""
    shown: list[str] = []
    for op in ops[fold.first : fold.last + 1]:
        if op.name not in shown:
            if len(shown) == most:
                return ", ".join(shown) + " …"
            shown.append(op.name)
    return ", ".join(shown)
