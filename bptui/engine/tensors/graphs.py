"""Whether an autograd graph can still be used by a backward, or was freed by one."""

from __future__ import annotations

from typing import Any

from bptui.engine.tensors.packed import is_packed


def is_live(root: Any) -> bool:
    """Whether the graph behind that node still has its saved tensors.

    The first node that saved any decides: a backward frees all that it reaches. Tensors packed by hooks
    (checkpointing) are not unpacked, since that has an effect; they count as present.
    """
    waiting, visited = [root], {root}
    while waiting:
        node = waiting.pop()
        custom = hasattr(node, "maybe_clear_saved_tensors")
        try:
            for packed in raw_names(type(node)):
                if packed == "_raw_saved_tensors":  # a custom Function's: below
                    continue
                if is_packed(getattr(node, packed, None)):
                    return True
                if getattr(node, packed.removeprefix("_raw"), None) is not None:
                    return True
            if custom and node._raw_saved_tensors:
                return True
        except RuntimeError:  # freed
            return False
        for after, _ in node.next_functions:
            if after is not None and after not in visited:
                visited.add(after)
                waiting.append(after)
    return False


_raw_names: dict[type, tuple[str, ...]] = {}


def raw_names(kind: type) -> tuple[str, ...]:
    """The attributes of a kind of node that hold its saved tensors as they are, packed or not."""
    names = _raw_names.get(kind)
    if names is None:
        names = _raw_names[kind] = tuple(name for name in dir(kind) if name.startswith("_raw_saved_"))
    return names
