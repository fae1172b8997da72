"""The world that a script sees while its lines run: `__main__`, `sys.argv`, `sys.path`, random state."""

from __future__ import annotations

import contextlib
import copy
import os
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import torch

from bptui.engine.interpreter import stack


class Stage:
    """Sets the scene for one script, and the caller's again afterwards."""

    def __init__(self, path: str, argv: Sequence[str]) -> None:
        self._path = path
        self._arguments = tuple(argv)
        self._argv = [path, *argv]
        self._folder = os.path.dirname(os.path.abspath(path))
        self._before = set(sys.modules)
        self._sys_path: list[str] | None = None
        self._inside = False
        self._own: list[str] = []
        self._looked_at = -1
        """How many modules there were when `_own` was looked up."""

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
            with stack.hidden():
                yield
        finally:
            self._inside = False
            if caller[0] is not None:
                sys.modules["__main__"] = caller[0]
            sys.argv, sys.path = caller[1:]

    def forget(self) -> None:
        """Before the script runs again: the modules beside it are imported anew."""
        self._argv = [self._path, *self._arguments]
        self._sys_path = None
        for name in self.own_modules():
            del sys.modules[name]

    def own_modules(self) -> list[str]:
        """The modules that the script imported from beside itself."""
        if self._looked_at != len(sys.modules):
            self._looked_at = len(sys.modules)
            self._own = [name for name, module in list(sys.modules.items()) if self._is_own(name, module)]
        return [name for name in self._own if name in sys.modules]

    def _is_own(self, name: str, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        if name in self._before or not file or f"{os.sep}site-packages{os.sep}" in file:
            return False
        return os.path.dirname(os.path.abspath(str(file))).startswith(self._folder)


class RandomState:
    """The state of every random generator that a training script uses: torch's, Python's and numpy's, and its own."""

    def __init__(self, values: Iterable[object] = ()) -> None:
        """`values`: the script's variables; those that are generators are kept too."""
        self._python = random.getstate()
        self._torch = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
        numpy = sys.modules.get("numpy")
        self._numpy: Any = numpy.random.get_state() if numpy else None
        self._own = [(value, state) for value in values if (state := _state_of(value)) is not None]

    def restore(self) -> None:
        """Bring every generator back to this state."""
        random.setstate(self._python)
        torch.set_rng_state(self._torch)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)
        if self._numpy is not None:
            sys.modules["numpy"].random.set_state(self._numpy)
        for generator, state in self._own:
            _set_state(generator, state)

    def holds(self) -> bool:
        """Whether nothing was drawn since."""
        now = RandomState()
        return (
            self._python == now._python
            and torch.equal(self._torch, now._torch)
            and repr(self._numpy) == repr(now._numpy)
            and all(repr(state) == repr(_state_of(generator)) for generator, state in self._own)
        )


def _state_of(value: Any) -> Any:
    """The state of a generator of the script's own; None for what is none."""
    if isinstance(value, torch.Generator):
        return value.get_state().tolist()
    if isinstance(value, random.Random):
        return value.getstate()
    bits = getattr(value, "bit_generator", None) if type(value).__module__.startswith("numpy") else None
    return None if bits is None else copy.deepcopy(bits.state)


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, torch.Generator):
        generator.set_state(torch.tensor(state, dtype=torch.uint8))
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.bit_generator.state = state
