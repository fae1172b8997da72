"""Forking the debuggee: a copy of the process has everything in it, also what Python cannot see.

It is safe where no thread but the main one would be missing from the copy. The threads of OpenMP and OpenBLAS are put
away first (they come back when they are needed): a copy of a process that had them hangs in its next parallel loop.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import random
import re
import stat
import sys
from collections.abc import Collection

LIBRARIES = re.compile("lib(gomp|iomp|omp)|openblas")
"""Libraries that keep pools of threads: PyTorch's OpenMP, numpy's BLAS."""
PUT_AWAY: dict[str, tuple[int, ...]] = {"omp_pause_resource_all": (2,), "blas_thread_shutdown_": ()}
"""What ends the threads of such a pool, until they are needed again; 2 is `omp_pause_hard` of OpenMP 5.0."""

_pools: dict[str, ctypes.CDLL] = {}
"""Those libraries of this process, by path."""
_forking = False


def trouble(known: Collection[int] = ()) -> str:
    """Why this process cannot be forked now, as the end of a sentence; empty if it can. `known`: children of ours."""
    if sys.platform != "linux":
        return "it runs on another system than Linux"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "it uses CUDA"
    if _threads() > 1:
        _put_threads_away()
    if (threads := _threads()) > 1:
        return f"it has {threads} threads"
    if multiprocessing.active_children() or _children() - set(known):
        return "it has child processes"
    return ""


def fork() -> int:
    """As `os.fork`, but the copy has the very same state, also that of Python's `random`."""
    global _forking
    numbers = random.getstate()  # the module seeds itself anew in every child
    _forking = True
    try:
        child = os.fork()
    finally:
        _forking = False
    if child == 0:
        random.setstate(numbers)
    return child


def is_ours() -> bool:
    """Whether the fork that happens now is one of bptui, and not the script's."""
    return _forking


def offsets() -> dict[int, int]:
    """Where each open regular file is read or written next, by descriptor: copies of a process share that."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one by which the folder is read is closed by now
            if stat.S_ISREG(os.fstat(int(name)).st_mode):
                found[int(name)] = os.lseek(int(name), 0, os.SEEK_CUR)
    return found


def set_offsets(found: dict[int, int]) -> None:
    """Put them back."""
    for file, at in found.items():
        with contextlib.suppress(OSError):
            os.lseek(file, at, os.SEEK_SET)


def private_bytes(process: int) -> int:
    """How much memory goes when that process goes: pages that it shares with no other. 0 if it is gone."""
    try:
        with open(f"/proc/{process}/smaps_rollup", "rb") as file:
            return 1024 * sum(int(line.split()[1]) for line in file if line.startswith(b"Private_"))
    except (OSError, ValueError):
        return 0


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _children() -> set[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
            return set(map(int, file.read().split()))
    except OSError:  # a kernel without that file
        return set()


def _put_threads_away() -> None:
    """End the threads of the pools that can start them again. Libraries too old to do so are left."""
    for again in (False, True):
        if again or not _pools:
            _find_pools()
        for library in _pools.values():
            for function, arguments in PUT_AWAY.items():
                with contextlib.suppress(AttributeError):  # it is another library's
                    library[function](*arguments)
        if _threads() == 1:
            return


def _find_pools() -> None:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
        paths = {line.split(maxsplit=5)[-1].rstrip("\n") for line in file if LIBRARIES.search(line)}
    for path in paths - set(_pools):
        with contextlib.suppress(OSError):
            _pools[path] = ctypes.CDLL(path)
