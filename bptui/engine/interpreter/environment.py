"""What a script finds in `sys` while its lines run: its own `__main__`, `sys.argv` and `sys.path`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

from bptui.engine.interpreter import stack
from bptui.engine.interpreter.own import is_own


class ScriptEnvironment:
    """Installs these for one script while its lines run, and the caller's again afterwards."""

    def __init__(self, path: str, argv: Sequence[str]) -> None:
        self._path = path
        self._arguments = tuple(argv)
        self._argv = [path, *argv]
        self._folder = os.path.dirname(os.path.abspath(path))
        self._before = set(sys.modules)
        self._sys_path: list[str] | None = None
        self._inside = False
        self._own: list[str] = []
        self._module_count = -1
        """How many modules there were when `_own` was looked up."""

    @contextlib.contextmanager
    def installed(self, main: ModuleType) -> Iterator[None]:
        """While the script's lines run; `main` is its module. May be entered again inside itself."""
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
            with stack.hidden():
                yield
        finally:
            self._inside = False
            if caller[0] is not None:
                sys.modules["__main__"] = caller[0]
            sys.argv, sys.path = caller[1:]

    def forget(self) -> None:
        """Before the script runs again: drop its changes to these, and its own modules, to import them anew."""
        self._argv = [self._path, *self._arguments]
        self._sys_path = None
        for name in self.own_modules():
            del sys.modules[name]

    def own_modules(self) -> list[str]:
        """The modules of its own that the script imported."""
        if self._module_count != len(sys.modules):
            self._module_count = len(sys.modules)
            self._own = [name for name in list(sys.modules) if name not in self._before and is_own(name)]
        return [name for name in self._own if name in sys.modules]
