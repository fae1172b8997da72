"""Whether a loss's graph was freed meanwhile: no tensor tells, and yet the script's backward cannot run any more."""

from __future__ import annotations

from typing import Any

import torch

_FAR = 200
"""So many nodes are looked through for one that saved a tensor."""


class Graph:
    """The graph of a loss, as far as can be told from the saved tensor that is nearest to the loss."""

    def __init__(self, loss: object) -> None:
        self._saved = _saved(loss.grad_fn) if isinstance(loss, torch.Tensor) and loss.grad_fn is not None else None
        """A node, and the name of what it saved."""

    def was_freed(self) -> bool:
        """Whether a backward, or `torch.autograd.grad`, has freed it since."""
        return self._saved is not None and not _is_there(*self._saved)


def _saved(root: Any) -> tuple[Any, str] | None:
    """The first node that saved a tensor that can be looked at: one that is packed is not, unpacking has an effect."""
    waiting, seen = [root], {root}
    for node in waiting:
        for raw in dir(type(node)):
            if raw.startswith("_raw_saved_") and getattr(getattr(node, raw), "unpack_hook", NotImplemented) is None:
                name = raw.removeprefix("_raw")
                return (node, name) if _is_there(node, name) else None
        new = [after for after, _ in node.next_functions if after is not None and after not in seen]
        waiting += new
        seen.update(new)
        if len(waiting) > _FAR:
            return None
    return None


def _is_there(node: Any, name: str) -> bool:
    try:
        getattr(node, name)
    except RuntimeError as error:
        return "freed" not in str(error)
    return True
