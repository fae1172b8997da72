"""The names that Python typed by a person sees: those of the scope being run, as that scope's own code would see them.

Where Python would find nothing, a name may also stand for what the screen shows under it: a variable of the function's
callers, and `loss`, `epoch`, `sample` in a script that has other words for them. Items that a loop has pulled and not
bound yet are seen under the loop's targets, since the loop's code would have bound them by now.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from types import CellType
from typing import Any

from bptui.engine.interpreter.frames import Cells
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position, pending
from bptui.engine.observe.parameters import Holders

NOTHING = object()
"""No such name: None may be a value."""


def conveniences(loss: Any, place: Position) -> dict[str, Any]:
    """What `loss`, `epoch` and `sample` stand for in a script that has no such names; what is None is left out."""
    words = {"loss": loss, "epoch": place.epoch, "sample": place.sample}
    return {word: value for word, value in words.items() if value is not None}


class Namespace:
    """The names of the innermost scope being run, at one stop."""

    def __init__(self, machine: Machine, holders: Holders, words: Mapping[str, Any] | None = None) -> None:
        """`holders`: the variables of all scopes that are shown, the innermost first. `words`: the `conveniences`."""
        frame = machine.frames[-1] if machine.frames else None
        self.module: dict[str, Any] = machine.module
        self.cells: Mapping[str, CellType] = {}
        """The variables of the function being run; empty in the module."""
        self.function = ""
        """The function being run; empty in the module."""
        self.declared: frozenset[str] = frozenset()
        """Names that the function declares global."""
        self.own: MutableMapping[str, Any] = machine.module
        """The variables of the scope itself."""
        if frame is not None and isinstance(frame.names, Cells):
            self.cells, self.function, self.own = frame.names.cells, frame.code.scope.name, frame.names
            node = frame.code.scope.node
            self.declared = frozenset(
                name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names
            )
        self.pending: Mapping[str, Any] = pending(machine)
        """What the loop's targets will be, where they are not bound yet."""
        self.behind: list[Mapping[str, Any]] = [each for each in holders if each is not self.own]
        """The variables of other scopes that are shown: of the module, and of the function's callers."""
        self.words: Mapping[str, Any] = words or {}

    def find(self, name: str) -> Any:
        """What the name stands for; `NOTHING` if it stands for nothing."""
        if name in self.pending:
            return self.pending[name]
        for names in (self.own, self.module, vars(builtins), *self.behind, self.words):
            try:
                return names[name]
            except KeyError:
                continue
        return NOTHING

    def holder(self, name: str) -> MutableMapping[str, Any] | None:
        """The variables among which the script has that name; None if it has none. Builtins do not count."""
        for names in (self.own, self.module, *self.behind):
            if name in names and isinstance(names, MutableMapping):
                return names
        return None

    def names(self) -> Iterator[str]:
        """Every name that can be seen, but for builtins; some may come twice."""
        for names in (self.pending, self.own, self.module, *self.behind, self.words):
            yield from list(names)

    @contextlib.contextmanager
    def lent(self, names: Iterable[str]) -> Iterator[None]:
        """Let code find those of the names that Python would not find, for a while.

        What the code binds itself stays bound.
        """
        before: list[tuple[MutableMapping[str, Any], str, Any, Any]] = []
        for name in set(names):
            where, value = self._loan(name)
            if value is not NOTHING:
                before.append((where, name, where.get(name, NOTHING), value))
                where[name] = value
        try:
            yield
        finally:
            for where, name, old, value in before:
                if where.get(name, NOTHING) is not value:
                    continue
                if old is NOTHING:
                    del where[name]
                else:
                    where[name] = old

    def _loan(self, name: str) -> tuple[MutableMapping[str, Any], Any]:
        """Where a name has to be put so that code finds it, and its value; `NOTHING` where it is found as it is."""
        if name in self.pending:
            return (self.own if name in self.cells else self.module), self.pending[name]
        if name in self.cells or name in self.module or hasattr(builtins, name):
            return self.module, NOTHING
        return self.module, next(
            (value for each in (*self.behind, self.words) if (value := each.get(name, NOTHING)) is not NOTHING), NOTHING
        )
