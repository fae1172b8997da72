"""Values that the script's own functions compute on the way, by name: their local variables when they return."""

from __future__ import annotations

import inspect
import sys
from types import CodeType, FrameType
from typing import Any

import torch

from bptui.engine.capture import fact
from bptui.protocol.snapshot import SMALL

MOST = 16
"""At most so many values are kept."""


class LocalsWatch:
    """Watches the functions defined in one file while a forward runs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._names: dict[CodeType, tuple[str, ...]] = {}
        """The local variables of each function met, without its parameters; none for code of other files."""
        self._without: set[CodeType] = set()
        self._whole = False
        self.values: dict[str, Any] = {}
        """The values of the last forward, in the order in which their functions returned; of large ones a fact."""

    def begin(self, without: set[CodeType], whole: bool) -> None:
        """Collect from now on, unless a profiler runs. `without`: pieces of the loop, which are no functions."""
        self.values, self._without, self._whole = {}, without, whole
        if sys.getprofile() is None:
            sys.setprofile(self._event)

    def end(self) -> None:
        if sys.getprofile() == self._event:
            sys.setprofile(None)

    def _event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "return":
            names = self._names.get(frame.f_code)
            if names is None:
                names = self._names[frame.f_code] = self._wanted(frame.f_code)
            if names and frame.f_code not in self._without:
                self._collect(names, frame.f_locals)

    def _wanted(self, code: CodeType) -> tuple[str, ...]:
        if code.co_filename != self._path or code.co_name.startswith("<"):
            return ()
        given = code.co_argcount + code.co_kwonlyargcount
        given += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
        return tuple(name for name in code.co_varnames[given:] if not name.startswith("_"))

    def _collect(self, names: tuple[str, ...], local: dict[str, Any]) -> None:
        for name in names:
            value = local.get(name)
            if isinstance(value, (torch.Tensor, float, int)) and len(self.values) < MOST:
                large = isinstance(value, torch.Tensor) and value.numel() > SMALL
                # a large one is not kept alive: holding activations would change how much memory the script needs
                self.values[name] = fact(value, whole=self._whole) if large else value
