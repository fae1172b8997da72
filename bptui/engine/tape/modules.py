"""Which nn.Modules are running, by the names that the script gives them."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.modules import module as hooks

from bptui.engine.observe.parameters import Holders


class Modules:
    """Follows the calls of modules while something is recorded."""

    def __init__(self, holders: Holders) -> None:
        self._holders = holders
        self._names: dict[int, str] | None = None
        self._running: list[str] = []
        self._handles: list[Any] = []
        self.path = ""
        """The modules that run now, outermost first: `model/model.fc1`; empty for none."""

    def enter(self) -> None:
        """Follow from now on. The hooks see every module, and change nothing."""
        self._handles = [
            hooks.register_module_forward_pre_hook(self._begin),
            hooks.register_module_forward_hook(self._end, always_call=True),
        ]

    def leave(self) -> None:
        """Follow no longer."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._running.clear()
        self.path = ""

    def _begin(self, module: torch.nn.Module, _arguments: Any) -> None:
        self._running.append(self._name(module))
        self.path = "/".join(self._running)

    def _end(self, _module: torch.nn.Module, _arguments: Any, _result: Any) -> None:
        if self._running:
            self._running.pop()
        self.path = "/".join(self._running)

    def _name(self, module: torch.nn.Module) -> str:
        if self._names is None:
            self._names = {}
            for names in self._holders:
                for name, value in list(names.items()):
                    if isinstance(value, torch.nn.Module) and not name.startswith("_"):
                        for inner, each in value.named_modules(prefix=name):
                            self._names.setdefault(id(each), inner)
        return self._names.get(id(module), type(module).__name__)
