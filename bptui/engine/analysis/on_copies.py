"""Computing on copies: while `Copies` is active, every op that is given a tensor of the script's computes on its copy.

A `TorchFunctionMode` sees each op with its arguments, whichever way the script came by the tensor: a variable, a
module, a closure, a list. So nothing of the script's is exchanged and no tensor of its own is written, and a graph that
waits for its backward stays as it is. The copies are float64 where that is asked for; so is what the ops make, and
casts to a narrower float (`.float()`, `dtype=torch.float32`) leave it float64.

What autograd is told to take as a constant (`detach()`, `.item()`, `no_grad()`) can be recorded once and given again
at other values of the parameters, so that differences take it as a constant too.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.autograd.function import _SingleLevelFunction
from torch.overrides import TorchFunctionMode

LARGE = 65_536
"""Up to so many elements a copy is made anew for each run; a larger one is used again until it is written into."""
_FLOATS = {torch.float16, torch.bfloat16, torch.float32}
_CASTS = {torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16}
_GRAD = vars(torch._C.TensorBase)["grad"].__get__
_OURS = "_bptui_copy"
"""The attribute that marks a tensor as a copy, or as made from copies."""


class Copies(TorchFunctionMode):
    """Active in a `with`; `begin` before each run of the forward."""

    def __init__(self, leaves: Sequence[torch.Tensor], wide: bool) -> None:
        """`leaves`: the parameters, copied once, here; write into the copies' `.data` only. `wide`: float64."""
        super().__init__()
        self._wide = wide
        self._first = torch._C._autograd._get_sequence_nr()
        """Nodes of graphs made from now on have higher numbers."""
        self.leaves = [self._copy(leaf) for leaf in leaves]
        self._parameter_copies = {id(leaf): (leaf, copy) for leaf, copy in zip(leaves, self.leaves, strict=True)}
        self._known: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        """Original and copy by the original's identity; holding it keeps that identity its own."""
        self._versions: dict[int, int] = {}
        self._in_function = 0
        self._recorded: list[Any] | None = None
        self._replay: Iterator[Any] | None = None
        self.narrowed = False
        """Whether something was computed in a narrower float nevertheless."""

    def begin(self, *, replay: bool = False) -> None:
        """Another run begins. `replay`: what was taken as a constant in the run before the first replay is again."""
        known, self._known = self._known, dict(self._parameter_copies)
        for identity, (original, copy) in known.items():
            if identity in self._parameter_copies:
                if copy._version != self._versions[identity]:
                    with torch.no_grad():
                        copy.copy_(original)
            elif original.numel() > LARGE and copy._version == self._versions[identity]:
                self._known[identity] = (original, copy)
        self._versions = {identity: copy._version for identity, (_, copy) in self._known.items()}
        if replay:
            self._replay = iter(self._recorded or ())
        else:
            self._recorded, self._replay = [], None

    def __enter__(self) -> Copies:
        self._default = torch.get_default_dtype()
        if self._wide:
            torch.set_default_dtype(torch.float64)
        copies = self

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            copies._in_function += 1
            try:
                given = super(_SingleLevelFunction, cls).apply  # type: ignore[misc]
                return copies._made(given(*copies._given(args), **copies._given(kwargs)))
            finally:
                copies._in_function -= 1

        # Ops go through the mode, `autograd.Function.apply` does not: its base class gets an `apply` that does it.
        _SingleLevelFunction.apply = classmethod(apply)  # type: ignore[attr-defined]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)  # type: ignore[no-untyped-call]
        del _SingleLevelFunction.apply  # type: ignore[attr-defined]
        torch.set_default_dtype(self._default)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func == _GRAD and not self.owns(args[0]):  # the copy has no gradient of its own
            return None if args[0].grad is None else self._copy_of(args[0].grad)
        args, kwargs = self._given(args), self._given(kwargs or {})
        if self._wide and func in _CASTS:
            func = torch.Tensor.double
        made = func(*args, **kwargs)
        if func == torch.Tensor.__iter__:
            return iter([self._made(each) for each in made])
        return self._constant(self._made(made), args)

    # ---- what ops are given

    def _given(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._copy_of(value)
        if isinstance(value, torch.dtype):
            return torch.float64 if self._wide and value in _FLOATS else value
        if isinstance(value, dict):
            return {key: self._given(each) for key, each in value.items()}
        if isinstance(value, slice):
            return slice(self._given(value.start), self._given(value.stop), self._given(value.step))
        if type(value) in (tuple, list):
            return type(value)(self._given(each) for each in value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*(self._given(each) for each in value))
        return value

    def _copy_of(self, tensor: torch.Tensor) -> torch.Tensor:
        found = self._known.get(id(tensor))
        if found is not None and found[0] is tensor:
            return found[1]
        if self.owns(tensor):
            return tensor
        copy = self._copy(tensor)
        self._known[id(tensor)] = tensor, copy
        self._versions[id(tensor)] = copy._version
        return copy

    def owns(self, tensor: torch.Tensor) -> bool:
        """Whether it is a copy, or was made from copies."""
        if getattr(tensor, _OURS, None) is self:
            return True
        node = tensor.grad_fn
        return node is not None and node._sequence_nr() >= self._first

    def _copy(self, tensor: torch.Tensor) -> torch.Tensor:
        """A copy that no graph leads to. A leaf that requires a gradient stays one."""
        with torch._C.DisableTorchFunction(), torch.no_grad():
            copy = tensor.detach()
            if self._wide and tensor.dtype in _FLOATS:
                copy = copy.to(torch.float64)
            elif self._wide and tensor.dtype is torch.complex64:
                copy = copy.to(torch.complex128)
            copy = copy.clone()
            copy.requires_grad_(tensor.requires_grad and tensor.is_leaf)
        setattr(copy, _OURS, self)
        return copy

    # ---- what they make

    def _made(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if self._wide and value.dtype in _FLOATS:
                self.narrowed = self.narrowed or value.requires_grad or self._in_function > 0
                value = value.double()
            if value.grad_fn is None:
                setattr(value, _OURS, self)
            return value
        if type(value) in (tuple, list):
            return type(value)(self._made(each) for each in value)
        if isinstance(value, tuple) and any(isinstance(each, torch.Tensor) for each in value):
            for each in value:  # the results of an op, by name
                self._made(each)
        return value

    def _constant(self, made: Any, args: Any) -> Any:
        """Record what is a constant to autograd though it was computed from parameters, or give it again."""
        if self._in_function or self._recorded is None or not _is_number(made) or not _differentiable(args):
            return made
        if self._replay is None:
            self._recorded.append(made.detach().clone() if isinstance(made, torch.Tensor) else made)
            return made
        before = next(self._replay, None)
        if not isinstance(made, torch.Tensor):
            return made if before is None else before
        if not isinstance(before, torch.Tensor) or before.shape != made.shape:
            raise Diverged
        if any(each is made for each in args):  # written in place
            with torch.no_grad():
                made.copy_(before)
            return made
        return self._made(before.clone())


class Diverged(Exception):
    """At other values of the parameters the forward computes something else: its recorded constants do not fit."""


def _is_number(value: Any) -> bool:
    """Whether it is a float, or a tensor of floats, that autograd does not follow."""
    if isinstance(value, torch.Tensor):
        return value.is_floating_point() and not value.requires_grad
    return type(value) is float


def _differentiable(args: Any) -> bool:
    """Whether one of the tensors that an op was given is followed by autograd."""
    for each in args:
        if isinstance(each, torch.Tensor):
            if each.requires_grad:
                return True
        elif isinstance(each, (tuple, list)) and _differentiable(each):
            return True
    return False


@contextlib.contextmanager
def eagerly() -> Iterator[None]:
    """Let compiled modules run uncompiled: compiled code calls no function mode, and would not use the copies."""
    stance = getattr(torch.compiler, "set_stance", None)
    if stance is None or "torch._dynamo" not in sys.modules:
        yield
        return
    with stance("force_eager"):
        yield
