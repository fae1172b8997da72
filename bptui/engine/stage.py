"""The world that a script sees while its lines run: `__main__`, `sys.argv`, `sys.path`, random state."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import torch


class Stage:
    """Sets the scene for one script, and the caller's again afterwards."""

    def __init__(self, path: str, argv: Sequence[str]) -> None:
        self._path = path
        self._argv = [path, *argv]
        self._folder = os.path.dirname(os.path.abspath(path))
        self._before = set(sys.modules)
        self._sys_path: list[str] | None = None
        self._inside = False

    @contextlib.contextmanager
    def set(self, main: ModuleType) -> Iterator[None]:
        """While the script's lines run. May be entered again inside itself."""
        if self._inside:
            yield
            return
        caller = sys.modules.get("__main__"), sys.argv, sys.path
        sys.modules["__main__"], sys.argv = main, self._argv
        if self._sys_path is None:
            self._sys_path = [self._folder, *sys.path]
        sys.path = self._sys_path
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            if caller[0] is not None:
                sys.modules["__main__"] = caller[0]
            sys.argv, sys.path = caller[1:]

    def forget(self) -> None:
        """Before the script runs again: the modules beside it are imported anew."""
        self._argv = [self._path, *self._argv[1:]]
        self._sys_path = None
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name not in self._before and file and os.path.dirname(os.path.abspath(file)).startswith(self._folder):
                del sys.modules[name]


class RandomState:
    """The state of every random generator that a training script uses: torch (and its accelerator), Python, numpy."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._torch = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
        numpy = sys.modules.get("numpy")
        self._numpy: Any = numpy.random.get_state() if numpy else None

    def restore(self) -> None:
        random.setstate(self._python)
        torch.set_rng_state(self._torch)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)
        if self._numpy is not None:
            sys.modules["numpy"].random.set_state(self._numpy)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RandomState):
            return NotImplemented
        return (
            self._python == other._python
            and torch.equal(self._torch, other._torch)
            and _equal_numpy(self._numpy, other._numpy)
        )

    __hash__ = None  # type: ignore[assignment]


def _equal_numpy(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return all(
        (left == right).all() if hasattr(left, "all") else left == right for left, right in zip(one, other, strict=True)
    )
