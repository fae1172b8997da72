"""Whether a step changed anything: what the script can see, before and after.

A refused step must leave every tensor, gradient, optimizer state, plain variable and random generator as it was, to the
bit. This remembers them before a step and compares afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from bptui.engine.interpreter.output import Offset, Output
from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.observe.parameters import Holders, Names
from bptui.engine.tensors.bits import same_bits
from bptui.engine.tensors.facts import version_of

COPIED = 4_000_000
"""Up to so many elements are copied; of the rest only identity, version and address are compared."""
_MEMBERS = 10_000
"""Containers of up to so many members are compared member by member."""
_DEEP = 4
"""How far containers inside containers are looked into."""
_TENSORS = 256
"""In containers of up to so many members tensors are looked for: not in a whole dataset."""


class State:
    """The script's state at one moment."""

    def __init__(self, holders: Holders, output: Output) -> None:
        self._holders, self._output = holders, output
        self._mark: Offset = output.mark()
        self._random = RandomState(value for names in holders for value in names.values())
        self._variables = [_variables(names) for names in holders]
        self._members = {id(value): _members(value, _DEEP) for names in self._variables for value in names.values()}
        self._tensors: list[tuple[torch.Tensor, _Trace]] = []
        budget = COPIED
        for tensor in sorted(tensors_in(holders), key=lambda each: not each.requires_grad):  # parameters first
            trace = _Trace(tensor, budget)
            budget -= trace.cost
            self._tensors.append((tensor, trace))

    @property
    def silent(self) -> bool:
        """Whether nothing was written since."""
        return self._output.mark() == self._mark

    def is_unchanged(self) -> bool:
        """Whether the script would see no difference."""
        return self.silent and self._same_variables() and all(trace.holds(tensor) for tensor, trace in self._tensors)

    def _same_variables(self) -> bool:
        for before, names in zip(self._variables, self._holders, strict=True):
            now = _variables(names)
            if before.keys() != now.keys() or any(before[name] is not now[name] for name in now):
                return False
            if any(self._members[id(value)] != _members(value, _DEEP) for value in before.values()):
                return False
        return self._random.holds()

    def put_back_gradients(self) -> None:
        """Undo what a backward that failed halfway added to the gradients."""
        for tensor, trace in self._tensors:
            trace.put_back_gradient(tensor)


class _Trace:
    """How one tensor and its gradient looked."""

    def __init__(self, tensor: torch.Tensor, budget: int) -> None:
        self.gradient = tensor.grad if tensor.is_leaf else None
        self.version, self.address = version_of(tensor), _address(tensor)
        self.gradient_version = version_of(self.gradient) if self.gradient is not None else 0
        elements = tensor.numel() * (2 if self.gradient is not None else 1)
        copied = elements <= budget and not tensor.is_nested
        self.cost = elements if copied else 0
        self.values = tensor.detach().clone() if copied else None
        self.gradient_values = self.gradient.detach().clone() if copied and self.gradient is not None else None

    def holds(self, tensor: torch.Tensor) -> bool:
        gradient = tensor.grad if tensor.is_leaf else None
        if gradient is not self.gradient or version_of(tensor) != self.version or _address(tensor) != self.address:
            return False
        if gradient is not None and version_of(gradient) != self.gradient_version:
            return False
        if self.values is not None and not same_bits(self.values, tensor):
            return False
        return self.gradient_values is None or gradient is None or same_bits(self.gradient_values, gradient)

    def put_back_gradient(self, tensor: torch.Tensor) -> None:
        if not tensor.is_leaf:
            return
        if tensor.grad is not self.gradient:
            tensor.grad = self.gradient
        gradient, values = self.gradient, self.gradient_values
        if gradient is not None and values is not None and not same_bits(gradient, values):
            with torch.no_grad():
                gradient.copy_(values)
            self.gradient_version = version_of(gradient)


def _address(tensor: torch.Tensor) -> int:
    return tensor.data_ptr() if tensor.layout == torch.strided and not (tensor.is_meta or tensor.is_nested) else 0


def _variables(names: Names) -> dict[str, object]:
    """The script's variables; not what Python itself puts beside them (`__warningregistry__`)."""
    return {name: value for name, value in names.items() if not name.startswith("__")}


def _members(value: object, depth: int) -> Any:
    """What a plain container or object holds: by identity, and by what its members hold in turn."""
    if isinstance(value, torch.Tensor) or not depth:
        return None
    if isinstance(value, torch.nn.Module):
        return [module.training for module in value.modules()]
    if isinstance(value, (list, tuple, set, frozenset)):
        held: list[object] = list(value)
    elif isinstance(value, dict):
        held = [*value.keys(), *value.values()]
    elif isinstance(value, torch.optim.Optimizer):
        held = [each for group in value.param_groups for each in (*group.keys(), *group.values())]
    elif _is_plain_object(value):
        held = [*vars(value).keys(), *vars(value).values()]
    else:
        return None
    if len(held) > _MEMBERS:
        return len(held)
    deeper = depth - 1 if len(held) <= _TENSORS else 0
    return [(id(each), _members(each, deeper)) for each in held]


def _is_plain_object(value: object) -> bool:
    """An object of the script's own class, a scheduler or a scaler: its attributes are its state."""
    own = type(value).__module__ in {"__main__", "torch.optim.lr_scheduler", "torch.amp.grad_scaler"}
    return own and hasattr(value, "__dict__") and not isinstance(value, type)


def tensors_in(holders: Holders) -> Iterator[torch.Tensor]:
    """Every tensor that can be reached from the variables: by name, in containers, modules, optimizers. Once."""
    seen: set[int] = set()
    for names in holders:
        for value in list(names.values()):
            for tensor in _tensors(value, 3):
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    yield tensor


def _tensors(value: object, depth: int) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, torch.nn.Module):
        yield from value.parameters()
        yield from value.buffers()
    elif isinstance(value, torch.optim.Optimizer):
        for group in value.param_groups:
            yield from (each for each in group["params"] if isinstance(each, torch.Tensor))
        for state in value.state.values():
            yield from _tensors(state, depth)
    elif depth and _is_plain_object(value):
        for each in list(vars(value).values()):
            yield from _tensors(each, depth - 1)
    elif depth and isinstance(value, Mapping) and len(value) <= _TENSORS:
        for each in list(value.values()):
            yield from _tensors(each, depth - 1)
    elif depth and isinstance(value, (list, tuple)) and len(value) <= _TENSORS:
        for each in value:
            yield from _tensors(each, depth - 1)
