"""Values that the script's own functions compute on the way, by name: their local variables when they return."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import torch

from bptui.engine.tensors.facts import fact
from bptui.protocol.fact import SMALL

MOST = 16
"""At most so many values are kept."""


class LocalsWatch:
    """Watches the functions defined in one file while a forward runs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._without: set[CodeType] = set()
        self._detailed = False
        self._watching = False
        self._values: dict[str, Any] = {}
        self._event = self._make_event()

    def begin(self, without: set[CodeType], detailed: bool) -> None:
        """Collect from now on, unless a profiler runs. `without`: pieces of the loop, which are no functions.

        `detailed`: facts of large tensors are to have statistics.
        """
        self._values, self._without, self._detailed = {}, without, detailed
        if sys.getprofile() is None:
            self._watching = True
            sys.setprofile(self._event)

    def end(self) -> None:
        """Collect no more."""
        if self._watching:
            self._watching = False
            sys.setprofile(None)

    def taken(self) -> dict[str, Any]:
        """What was collected, in the order in which the functions returned; of large tensors a fact."""
        values, self._values = self._values, {}
        return values

    def _make_event(self) -> Callable[[FrameType, str, Any], None]:
        """What Python calls at every call and return: a plain function, since it is called very often."""
        names_of: dict[CodeType, tuple[str, ...]] = {}

        def event(frame: FrameType, what: str, argument: Any) -> None:
            if what == "return":
                code = frame.f_code
                names = names_of.get(code)
                if names is None:
                    names = names_of[code] = self._wanted(code)
                if not names or code in self._without:
                    return
                if self._detailed:  # ops may be recorded, and these reads are none of the script's
                    with torch._C.DisableTorchFunction():
                        self._collect(names, frame.f_locals)
                else:
                    self._collect(names, frame.f_locals)

        return event

    def _wanted(self, code: CodeType) -> tuple[str, ...]:
        """The local variables of a function of the script, without its parameters; none of other code."""
        if code.co_filename != self._path or code.co_name.startswith("<"):
            return ()
        given = code.co_argcount + code.co_kwonlyargcount
        given += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
        return tuple(name for name in code.co_varnames[given:] if not name.startswith("_"))

    def _collect(self, names: tuple[str, ...], local: dict[str, Any]) -> None:
        for name in names:
            value = local.get(name)
            if isinstance(value, (torch.Tensor, float, int)) and len(self._values) < MOST:
                large = isinstance(value, torch.Tensor) and value.numel() > SMALL
                # a large one is not kept alive: holding activations would change how much memory the script needs
                self._values[name] = fact(value, detailed=self._detailed) if large else value
