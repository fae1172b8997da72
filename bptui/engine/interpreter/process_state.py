"""What a script may change in its process, outside of its own variables: compared, and put back."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` makes an enum of each answer, ten times as slow
import contextlib
import gc
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.modules import module as module_hooks
from torch.optim import optimizer as optimizer_hooks

HOOKS: tuple[dict[Any, Any], ...] = tuple(
    hooks
    for module in (module_hooks, optimizer_hooks)
    for name, hooks in sorted(vars(module).items())
    if name.startswith("_global_") and isinstance(hooks, dict)
)
"""The hooks of all modules and of all optimizers."""


class ProcessState:
    """The settings of the process at one time: working directory, environment, torch's global modes, and the like."""

    def __init__(self) -> None:
        self._folder = _folder()
        self._environment = _environment()
        self._settings = [read() for read, _write in SETTINGS]
        self._hooks = [dict(hooks) for hooks in HOOKS]
        self._signals = {number: _signal.getsignal(number) for number in _SIGNALS}
        root = logging.getLogger()
        self._logging = root.level, list(root.handlers), logging.root.manager.disable
        self._warnings = list(warnings.filters)

    def holds(self) -> bool:
        """Whether all of it is still the same."""
        return vars(ProcessState()) == vars(self)

    def restore(self) -> None:
        """Put everything back. What cannot be (a folder that is gone) is left."""
        if self._folder is not None and _folder() != self._folder:
            with contextlib.suppress(OSError):
                os.chdir(self._folder)
        now = _environment()
        for name in now.keys() - self._environment.keys():
            del os.environ[os.fsdecode(name)]
        for name, value in self._environment.items():
            if now.get(name) != value:
                os.environ[os.fsdecode(name)] = os.fsdecode(value)
        for (read, write), before in zip(SETTINGS, self._settings, strict=True):
            if read() != before:
                write(before)
        for hooks, earlier in zip(HOOKS, self._hooks, strict=True):
            hooks.clear()
            hooks.update(earlier)
        for number, handler in self._signals.items():
            if handler is not None and _signal.getsignal(number) is not handler:
                with contextlib.suppress(OSError, ValueError):  # SIGKILL and SIGSTOP, or not on the main thread
                    signal.signal(number, handler)
        root = logging.getLogger()
        root.setLevel(self._logging[0])
        root.handlers[:] = self._logging[1]
        logging.disable(self._logging[2])
        warnings.filters[:] = self._warnings  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]


_SIGNALS = sorted(signal.valid_signals())


def _environment() -> dict[bytes, bytes]:
    """The environment's variables as they are kept: `dict(os.environ)` decodes each."""
    variables: Any = os.environ
    return dict(variables._data)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


def _deterministic() -> tuple[bool, bool]:
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _set_deterministic(value: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def _printing() -> dict[str, Any]:
    return dict(vars(torch._tensor_str.PRINT_OPTS))


def _set_printing(options: dict[str, Any]) -> None:
    vars(torch._tensor_str.PRINT_OPTS).update(options)


SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch._C._set_grad_enabled),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    (torch.get_default_device, torch.set_default_device),
    (_deterministic, _set_deterministic),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (_printing, _set_printing),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (lambda: sys.excepthook, lambda hook: setattr(sys, "excepthook", hook)),
    (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
)
"""How each setting is read, and how it is set."""
