"""Values that the script's own functions compute on the way, by name: their local variables when they return."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import torch

MOST = 16
"""At most so many values are kept."""


class LocalsWatch:
    """Watches the functions defined in one file while a forward runs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._wanted: dict[CodeType, bool] = {}
        self.values: dict[str, Any] = {}
        """The values of the last forward, in the order in which their functions returned."""

    @contextmanager
    def watching(self, without: set[CodeType]) -> Iterator[None]:
        """Collect while the body runs. `without`: code objects that are pieces of the loop and no functions."""
        self.values = {}
        if sys.getprofile() is not None:  # a profiler of the script's own has precedence
            yield
            return
        wanted, path = self._wanted, self._path

        def returned(frame: FrameType, event: str, argument: Any) -> None:
            if event != "return":
                return
            code = frame.f_code
            want = wanted.get(code)
            if want is None:
                want = wanted[code] = code.co_filename == path and not code.co_name.startswith("<")
            if want and code not in without:
                self._collect(frame)

        sys.setprofile(returned)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _collect(self, frame: FrameType) -> None:
        code = frame.f_code
        given = code.co_argcount + code.co_kwonlyargcount
        given += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
        local = frame.f_locals
        for name in code.co_varnames[given:]:
            value = local.get(name)
            if isinstance(value, (torch.Tensor, float, int)) and not name.startswith("_") and len(self.values) < MOST:
                self.values[name] = value
