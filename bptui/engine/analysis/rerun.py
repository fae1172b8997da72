"""Running the last forward again, any number of times, and leaving no trace of it.

Put back are the script's variables, what its modules hold, the state of every random generator, grad mode; prints, log
records and warnings are dropped. Tensors are the caller's business: the curve exchanges the one parameter's data, the
gradient check computes on copies of all.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from bptui.engine.compiler import syntax
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.own import is_own_type
from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.observe.parameters import Holders

_DEEP = 2
"""How deep random generators are searched for inside containers and objects of the script's own classes."""


class Forward:
    """The last forward, to be run again from the same beginning each time."""

    def __init__(self, run: RunBlock, frame: Frame, holders: Holders) -> None:
        """`holders`: the variables of the scopes being run."""
        self._run, self._frame = run, frame
        names = frame.names
        self._names = syntax.bound_names(run.block.statements)
        self._variables = {name: names[name] for name in self._names if name in names}
        values = [value for scope in (*holders, names) for value in _visible(scope.values())]
        self.modules = list({id(each): each for each in _modules(values)}.values())
        """The modules that the script's variables hold."""
        self._inside = [(module, _contents(module)) for module in self.modules]
        self._random = RandomState(_within(values, _DEEP))

    def loss(self) -> Any:
        """Run it from the beginning, and evaluate the loss; None if it has none."""
        self.begin_anew()
        self._frame.pieces[self._run.own]()
        return self.present_loss()

    def present_loss(self) -> Any:
        """The loss as it is now; None if it has none."""
        return None if self._run.loss is None else self._frame.pieces[self._run.loss]()

    def begin_anew(self) -> None:
        """Bring all but the tensors back to the beginning."""
        self._random.restore()
        for name in self._names:
            if name in self._variables:
                self._frame.names[name] = self._variables[name]
            elif name in self._frame.names:
                del self._frame.names[name]
        for module, contents in self._inside:
            _put_back(module, contents)


@contextlib.contextmanager
def undisturbed(run: RunBlock, frame: Frame, holders: Holders) -> Iterator[Forward]:
    """Let a forward be run again, any number of times; what it changes besides tensors is put back at the end."""
    forward = Forward(run, frame, holders)
    grad, silenced = torch.is_grad_enabled(), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield forward
    finally:
        logging.disable(silenced)
        torch.set_grad_enabled(grad)
        forward.begin_anew()


@contextlib.contextmanager
def exchanged(tensors: Sequence[torch.Tensor], forward: Forward) -> Iterator[None]:
    """Let the `.data` of these tensors be exchanged for a while; it is put back at the end, and so are the buffers."""
    data = [tensor.data for tensor in tensors]
    buffers = [(buffer, buffer.detach().clone()) for module in forward.modules for buffer in module.buffers(False)]
    try:
        yield
    finally:
        for tensor, own in zip(tensors, data, strict=True):
            tensor.data = own
        for buffer, values in buffers:
            buffer.data.copy_(values)


def _visible(values: Iterable[Any]) -> Iterator[Any]:
    """The values of variables that are set: a variable of a function may be unset meanwhile."""
    with contextlib.suppress(KeyError):
        yield from values


def _modules(values: Iterable[Any]) -> Iterator[torch.nn.Module]:
    for value in values:
        members = value if isinstance(value, (list, tuple)) and len(value) <= 100 else (value,)
        for each in members:
            if isinstance(each, torch.nn.Module):
                yield from each.modules()


Contents = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def _contents(module: torch.nn.Module) -> Contents:
    return dict(vars(module)), dict(module._parameters), dict(module._buffers)


def _put_back(module: torch.nn.Module, contents: Contents) -> None:
    """Give a module its attributes, parameters and buffers back, if some were set."""
    holders: list[Any] = [vars(module), module._parameters, module._buffers]
    for holder, before in zip(holders, contents, strict=True):
        if holder.keys() != before.keys() or any(holder[name] is not value for name, value in before.items()):
            holder.clear()
            holder.update(before)


def _within(values: Iterable[Any], depth: int) -> Iterator[Any]:
    """The values, and those inside small containers and objects of the script's own."""
    for value in values:
        yield value
        if not depth:
            continue
        if isinstance(value, (list, tuple)) and len(value) <= 100:
            yield from _within(value, depth - 1)
        elif isinstance(value, dict) and len(value) <= 100:
            yield from _within(value.values(), depth - 1)
        elif is_own_type(type(value)) and hasattr(value, "__dict__"):
            yield from _within(vars(value).values(), depth - 1)
