"""The stack of the program: scopes that are being run, with their loops, entered contexts and variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import CellType
from typing import Any

from bptui.engine.compiler import instructions as C
from bptui.engine.compiler.tree import Loop
from bptui.engine.interpreter.items import Items
from bptui.engine.interpreter.pieces import CompiledPiece


@dataclass(eq=False)
class Entered:
    """A context manager that was entered. A `finally` is one too: what it does on leaving is its suite."""

    manager: AbstractContextManager[Any]
    after: C.Label
    """Where the program continues if it suppresses an exception."""


@dataclass(eq=False)
class Slot:
    """A loop that is being run."""

    loop: Loop
    iterator: Items | None
    total: int | None
    """How many items there are, where that is known."""
    count: int = -1
    """The number of the item taken last, from 0; -1 before the first."""
    item: Any = None
    """The item that was taken, and is not bound to the loop's targets yet."""

    def leave(self) -> None:
        """The loop is left."""
        if self.iterator is not None:
            self.iterator.leave()


@dataclass(eq=False)
class Frame:
    """A scope that is being run."""

    code: C.Code
    pieces: list[CompiledPiece]
    names: MutableMapping[str, Any]
    """The scope's variables."""
    pc: int = 0
    slots: dict[int, Slot] = field(default_factory=dict)
    """The loops around, by the identity of their node, outermost first."""
    contexts: list[Entered] = field(default_factory=list)
    """The context managers entered, outermost first."""
    unbound: C.Bind | None = None
    """The assignment of the loop's targets that is put off until the next block runs."""
    returned: Any = None
    """What a call to a cut function returned; the `Finish` behind it takes it."""

    def leave_loops(self) -> None:
        """The scope is left, and so are its loops."""
        for slot in self.slots.values():
            slot.leave()

    @property
    def instruction(self) -> C.Instruction:
        return self.code.instructions[self.pc]


class Cells(MutableMapping[str, Any]):
    """The variables of a cut function: the cells that its pieces share."""

    def __init__(self, function: Any) -> None:
        self._cells: dict[str, CellType] = dict(
            zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        )

    @property
    def cells(self) -> Mapping[str, CellType]:
        """The cells themselves, also of variables that are not assigned yet: for code that shares them."""
        return self._cells

    def __getitem__(self, name: str) -> Any:
        try:
            return self._cells[name].cell_contents
        except ValueError:  # not assigned yet
            raise KeyError(name) from None

    def get(self, name: str, default: Any = None) -> Any:
        """As a dict's: asked behind every block for every parameter, so without the detour over an exception."""
        cell = self._cells.get(name)
        if cell is None:
            return default
        try:
            return cell.cell_contents
        except ValueError:  # not assigned yet
            return default

    def __setitem__(self, name: str, value: Any) -> None:
        self._cells[name].cell_contents = value

    def __delitem__(self, name: str) -> None:
        del self._cells[name].cell_contents

    def __iter__(self) -> Iterator[str]:
        return (name for name, cell in self._cells.items() if _is_set(cell))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _is_set(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 (reading it is the question)
    except ValueError:
        return False
    return True
