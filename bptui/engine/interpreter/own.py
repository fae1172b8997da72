"""Which code is the script's own: its main module, and every module that it imports and that is not installed.

Objects of the script's own classes are looked into wherever bptui looks for what the script can see: for parameters,
for what a step changed, for what going back has to restore. Objects of installed libraries are theirs.
"""

from __future__ import annotations

import os
import sys
import sysconfig

_PACKAGES = f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"
_STDLIB = tuple(os.path.abspath(sysconfig.get_path(each)) + os.sep for each in ("stdlib", "platstdlib"))
_FOUNDATION = frozenset({"torch", "numpy", "bptui"})
"""Packages that bptui itself stands on: not the script's, also where they lie in a folder of a developer's own."""

_known: dict[str, tuple[str, bool]] = {}
"""Of each module that was asked for, its file and the answer."""


def is_own(module: str) -> bool:
    """Whether the module of that name is the script's own."""
    if module == "__main__":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file:
        return False
    known = _known.get(module)
    if known is None or known[0] != file:
        known = _known[module] = file, not _is_installed(module, os.path.abspath(file))
    return known[1]


def is_own_type(kind: type) -> bool:
    """Whether a class is the script's own."""
    return is_own(getattr(kind, "__module__", None) or "")


def _is_installed(module: str, file: str) -> bool:
    if module.partition(".")[0] in _FOUNDATION:
        return True
    return file.startswith(_STDLIB) or any(each in file for each in _PACKAGES)
