"""The names that typed expressions and code see: those of the scope being run, as that scope's own code would see them.

Where Python would find nothing, a name may also stand for what the screen shows under it: a variable of the function's
callers, `loss`, `epoch`, `sample` in a script that has other words for them; and for a function of `helpers`. The
script's own names come first. Items that a loop has pulled and not bound yet are seen under the loop's targets, since
the loop's code would have bound them by now.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from types import CellType
from typing import Any

import torch

from bptui.engine.expressions.helpers import AS_TRUTH, HELPERS, Operand, truth_of, value_of_operand
from bptui.engine.interpreter.frames import Cells
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.naming import shown_name

NOTHING: Any = object()
"""No such name: None may be a value."""

LOSS = "__bptui_loss__"
"""Stands for `loss` in a compiled expression where it is not called: a script may have a function of that name."""
TRUTH, OPERAND, VALUE = "__bptui_truth__", "__bptui_operand__", "__bptui_value__"
AS_TRUTH_PREFIX = "__bptui_truth_of_"
"""Stands before a helper's name where no more is asked than whether it is true."""
_OURS = "__bptui_"
"""What every name of ours begins with that is put into an expression."""
WORDS = ("loss", "epoch", "sample")
_INTERNAL = {TRUTH: truth_of, OPERAND: Operand, VALUE: value_of_operand}


class TypedNames:
    """Names that typed code gave values to in functions that have no such variables."""

    def __init__(self) -> None:
        self._by_function: dict[str, dict[str, Any]] = {}

    def of(self, function: str) -> dict[str, Any]:
        """Those of a function; a module has none, since there they are variables of its own."""
        return self._by_function.setdefault(function, {}) if function else {}

    def clear(self) -> None:
        """Forget them all."""
        self._by_function.clear()


class _Globals(dict[str, Any]):
    """The names as an expression's globals. Nothing is in it: each name is looked up when it is missed."""

    def __init__(self, namespace: Namespace) -> None:
        super().__init__(__builtins__=builtins)
        self._namespace = namespace

    def __missing__(self, name: str) -> Any:
        value = self._namespace.find(name)
        if value is NOTHING:
            raise KeyError(name)
        return value


class Namespace:
    """The names of the innermost scope being run. `move_to` says where; until then they are those of the entry."""

    def __init__(self, machine: Machine, recorder: Recorder, bound: set[str], typed: TypedNames) -> None:
        """`bound`: the names that the script binds anywhere; `*` is one if it imports all of a module's."""
        self._machine, self._recorder, self._typed_names = machine, recorder, typed
        self.bound = bound
        self.module: dict[str, Any] = machine.module
        self.globals: dict[str, Any] = _Globals(self)
        """All of it for `eval`, which cannot bind anything there that the script would see."""
        self.given: Mapping[str, Any] = {}
        """Names that stand for something for one evaluation only."""
        self.move_to(Position(), {})

    def move_to(self, position: Position, pending: Mapping[str, Any]) -> Namespace:
        """The program is at that position now. `pending`: the values of the loop's targets that are not bound yet."""
        self.position = position
        """Gives the values of `epoch` and `sample`."""
        self.pending: Mapping[str, Any] = pending
        self._resolved = False
        return self

    def _resolve(self) -> None:
        """Look up which scope is being run."""
        self._resolved = True
        frames = self._machine.frames
        frame = frames[-1] if frames else None
        self._cells: Mapping[str, CellType] = {}
        self._function = ""
        self._own: MutableMapping[str, Any] = self.module
        self._node: ast.AST | None = None
        if frame is not None and isinstance(frame.names, Cells):
            self._cells, self._function, self._own = frame.names.cells, frame.code.scope.name, frame.names
            self._node = frame.code.scope.node
        self._typed = self._typed_names.of(self._function)
        self._behind = [each for each in self._recorder.all_holders() if each is not self._own]

    @property
    def own(self) -> MutableMapping[str, Any]:
        """The variables of the scope itself."""
        if not self._resolved:
            self._resolve()
        return self._own

    @property
    def cells(self) -> Mapping[str, CellType]:
        """The variables of the function being run; empty in the module."""
        if not self._resolved:
            self._resolve()
        return self._cells

    @property
    def function(self) -> str:
        """The function being run; empty in the module."""
        if not self._resolved:
            self._resolve()
        return self._function

    @property
    def typed(self) -> dict[str, Any]:
        """Names that typed code gave values to, and that the function does not have."""
        if not self._resolved:
            self._resolve()
        return self._typed

    @property
    def behind(self) -> list[Mapping[str, Any]]:
        """The variables of other scopes that are shown: of the module, and of the function's callers."""
        if not self._resolved:
            self._resolve()
        return self._behind

    @property
    def declared(self) -> frozenset[str]:
        """Names that the function declares global."""
        if not self.function or self._node is None:
            return frozenset()
        return frozenset(name for each in ast.walk(self._node) if isinstance(each, ast.Global) for name in each.names)

    @property
    def parameters(self) -> dict[str, torch.Tensor]:
        """The parameters by the names that the screen has for them."""
        return dict(self._recorder.parameters)

    # ---- looking up

    def find(self, name: str) -> Any:
        """What the name stands for; `NOTHING` if it stands for nothing.

        Raises:
            NameError: it is the loss, and there is none yet.
        """
        for names in (self.given, self.pending, self.own, self.typed, self.module, vars(builtins), *self.behind):
            try:
                return names[name]
            except KeyError:
                continue
        return self._added(name)

    def variable(self, name: str, otherwise: Any = None) -> Any:
        """The script's variable of that name, also one of a caller's."""
        for names in (self.pending, self.own, self.module, *self.behind):
            try:
                return names[name]
            except KeyError:
                continue
        return otherwise

    def _added(self, name: str) -> Any:
        """The value of a name that bptui adds to those of the script; `NOTHING` for any other."""
        if name in WORDS:
            return self._shown_value(name)
        if name in HELPERS:
            return HELPERS[name]
        if not name.startswith(_OURS):
            return NOTHING
        if name == LOSS:
            return self.loss()
        if name in _INTERNAL:
            return _INTERNAL[name]
        if name.startswith(AS_TRUTH_PREFIX):
            helper = name.removeprefix(AS_TRUTH_PREFIX)
            found = self.find(helper)
            return AS_TRUTH[helper] if found is HELPERS[helper] else found
        parameter = shown_name(name)
        return NOTHING if parameter is None else self.parameters.get(parameter, NOTHING)

    def _shown_value(self, name: str) -> Any:
        value = self.present_loss() if name == "loss" else getattr(self.position, name)
        return NOTHING if value is None else value

    def loss(self) -> Any:
        """The script's variable `loss`, unless that is a function or a module: then the loss that it has now.

        Raises:
            NameError: there is none yet.
        """
        found = self.variable("loss", NOTHING)
        if found is NOTHING or callable(found):
            found = self.present_loss()
        if found is None:
            raise NameError("there is no loss yet")
        return found

    def present_loss(self) -> Any:
        """The loss as the script has it, or else as the number that it was."""
        loss = self._recorder.present_loss()
        return self._recorder.singles()[0] if loss is None else loss

    def unknown(self, names: set[str]) -> list[str]:
        """Those of the names that nothing has, and nothing will ever have."""
        if "*" in self.bound:
            return []
        ours = [name for name in names if name in WORDS or name.startswith(_OURS)]
        return sorted(each for each in names.difference(self.bound, ours) if self.find(each) is NOTHING)

    def holder(self, name: str) -> MutableMapping[str, Any] | None:
        """The variables among which the script has that name; None if it has none. Builtins do not count."""
        for names in (self.own, self.module, *self.behind):
            if name in names and isinstance(names, MutableMapping):
                return names
        return None

    def names(self) -> Iterator[str]:
        """Every name that can be seen, but for builtins; some may come twice."""
        for names in (self.pending, self.own, self.typed, self.module, *self.behind):
            yield from list(names)
        yield from (word for word in WORDS if self._shown_value(word) is not NOTHING)
        yield from HELPERS

    # ---- for code that runs in the script's own scope

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
        if name in self.cells or name in self.typed or name in self.module or hasattr(builtins, name):
            return self.module, NOTHING
        return self.module, self.find(name)
