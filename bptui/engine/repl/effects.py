"""What typed code called, as far as a comparison of the script's heap cannot tell what that did.

The heap holds what the script's variables lead to. A function of a library may change something else: a logger, a
window, a file, a setting of its own. Where one was called, nobody can know from the heap that nothing changed.
"""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator
from inspect import CO_GENERATOR
from types import FrameType
from typing import Any

import torch

from bptui.engine.errors import PROMPT
from bptui.engine.interpreter.own import is_own
from bptui.engine.interpreter.stack import is_ours

_FOLLOWED = frozenset(
    """
    builtins torch numpy math cmath collections _collections _collections_abc itertools functools _functools operator
    _operator random _random re _sre copy copyreg string _string statistics fractions decimal _decimal numbers datetime
    _datetime time json _json typing types enum dataclasses abc _abc contextlib inspect pprint reprlib textwrap
    traceback linecache tokenize heapq _heapq bisect _bisect array struct _struct weakref _weakref _weakrefset keyword
    ast _ast codecs _codecs encodings importlib _frozen_importlib _frozen_importlib_external _imp zipimport marshal
    posixpath genericpath os threading _thread warnings _warnings sys typing_extensions ctypes _ctypes
    _contextvars contextvars _sitebuiltins bptui
    """.split()
)
"""Packages whose functions change nothing but what they are given, random states, and settings that are compared."""
_SETTERS = ("set", "_set", "enable", "disable", "use_", "register_", "filter", "simplefilter", "reset", "start")
"""How the names of functions begin that change a setting of their library's own."""
_COMPARED = ("grad_enabled", "autocast", "setdefault", "default_dtype", "default_device", "num_threads", "__set_name__",
             "deterministic", "printoptions", "manual_seed", "set_state", "setstate", "settrace", "setprofile",
             "anomaly", "matmul_precision")  # fmt: skip
"""Parts of names of setters whose settings are compared, or put back by those that call them."""
_POSIX = frozenset({
    "getcwd", "fspath", "stat", "lstat", "listdir", "scandir", "getpid", "cpu_count", "urandom", "access", "chdir",
    "putenv", "unsetenv",
})  # fmt: skip
"""Functions of the operating system that change nothing, or what is compared: the folder, the environment."""
_LOGGING = frozenset({"getEffectiveLevel", "isEnabledFor", "disable", "_acquireLock", "_releaseLock", "_checkLevel"})
"""What libraries ask `logging` before they log: `disable` is a property there."""
_ANYTHING = frozenset({"open", "setattr", "delattr", "__setattr__", "__delattr__", "breakpoint"})
"""Functions of Python's own that may change anything."""


class Calls:
    """The functions that were called."""

    def __init__(self) -> None:
        self._typed = 0
        """How many frames of typed code run."""
        self.unfollowed = ""
        """The first function of which it is not known what it changes; empty if there was none."""
        self.iterated: dict[int, object] = {}
        """The frames of generators that ran, and the iterators written in Python of which an item was taken."""

    def on_call(self, frame: FrameType, event: str, argument: Any) -> None:
        """Python's profiling hook: called at each call and return."""
        if frame.f_code.co_filename == PROMPT and event in ("call", "return"):
            self._typed += 1 if event == "call" else -1
            if frame.f_code.co_flags & CO_GENERATOR:
                self.iterated[id(frame)] = frame
        elif not self._typed:  # a call of bptui's own, to compile and run what was typed
            return
        elif event == "call":
            self._python_call(frame)
        elif event == "c_call" and not is_ours(frame.f_code.co_filename):
            self._builtin_call(argument)

    def _python_call(self, frame: FrameType) -> None:
        code = frame.f_code
        if is_ours(code.co_filename):
            return
        module = str(frame.f_globals.get("__name__", ""))
        if code.co_flags & CO_GENERATOR:
            self.iterated[id(frame)] = frame
        elif code.co_name == "__next__" and code.co_varnames:
            iterator = frame.f_locals.get(code.co_varnames[0])
            self.iterated[id(iterator)] = iterator
        if not is_own(module):
            self._judge(module, code.co_name, owner=None)

    def _builtin_call(self, function: Any) -> None:
        owner = getattr(function, "__self__", None)
        module = getattr(function, "__module__", None)
        if module is None:
            kind = getattr(function, "__objclass__", None) or type(owner)
            module = kind.__module__
            if module == "_io" and kind.__name__ in ("StringIO", "BytesIO"):
                return
        if isinstance(owner, torch.Tensor) or is_own(str(module)):
            return
        self._judge(str(module), str(getattr(function, "__name__", "")), owner)

    def _judge(self, module: str, name: str, owner: Any) -> None:
        if self.unfollowed:
            return
        followed = module.partition(".")[0] in _FOLLOWED or module.startswith("namedtuple_")
        if module in ("posix", "nt"):
            followed = name in _POSIX
        if module.startswith(("torch._dynamo", "torch._C._dynamo")) or (
            module == "logging" and name in _LOGGING and owner is None
        ):
            return
        if followed and name not in _ANYTHING:
            if not name.startswith(_SETTERS) or any(each in name for each in _COMPARED):
                return
            if owner is not None and not isinstance(owner, type(sys)):
                return  # a method: what it belongs to is compared
        self.unfollowed = f"{module}.{name}()" if module not in ("builtins", "__main__") else f"{name}()"


@contextlib.contextmanager
def recorded_calls() -> Iterator[Calls]:
    """Record what is called on this thread."""
    calls, before = Calls(), sys.getprofile()
    sys.setprofile(calls.on_call)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def assigns_into(code: ast.Module) -> bool:
    """Whether code assigns to an attribute or a member of something, or deletes one: of what, only Python knows."""
    parts = (each for each in ast.walk(code) if isinstance(each, (ast.Attribute, ast.Subscript)))
    return any(not isinstance(each.ctx, ast.Load) for each in parts)
