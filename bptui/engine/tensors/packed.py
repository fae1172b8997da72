"""Whether an autograd node's saved tensors are packed by hooks: unpacking them has an effect (checkpointing)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_autograd: Any = torch._C._autograd
_HAS_HOOKS = hasattr(_autograd.SavedTensor, "unpack_hook")
"""Whether a saved tensor has an attribute for its hooks; older versions of PyTorch (2.4 is one) do not have it."""
_watching, _set_by = False, set[str]()
"""Where it does not have it: whether we watch for hooks, and the functions by which some were set in this process."""


def watch_for_hooks() -> None:
    """A program begins: notice hooks that it sets, where saved tensors do not tell of theirs."""
    global _watching
    _set_by.clear()
    if _HAS_HOOKS or _watching:
        return
    _watching = True
    for owner, name in ((_autograd, "_push_saved_tensors_default_hooks"), (_autograd.SavedTensor, "register_hooks")):
        setattr(owner, name, _noting(name, getattr(owner, name)))


def _noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def noting(*arguments: Any) -> Any:
        _set_by.add(name)
        return function(*arguments)

    return noting


def is_packed(saved: Any) -> bool:
    """Whether a `_raw_saved_…` is packed by hooks; true as well where it may be, and there is no way to know."""
    return getattr(saved, "unpack_hook", None) is not None if _HAS_HOOKS else saved is not None and bool(_set_by)
