"""Parameters: the leaves that the losses reach, and those that modules and optimizers hold, by the script's names."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from bptui.engine.interpreter.own import is_own_type
from bptui.engine.tensors.facts import fact, grad_of
from bptui.protocol.fact import summary

Names = Mapping[str, Any]
Holders = list[Names]
"""The variables of the scopes being run, the innermost first."""


def leaves_of(loss: torch.Tensor) -> list[torch.Tensor]:
    """The leaf tensors that a backward from the loss would reach: every `AccumulateGrad.variable` of its graph."""
    found: list[torch.Tensor] = []
    if loss.grad_fn is None:
        return [loss] if loss.requires_grad else []
    waiting, seen = [loss.grad_fn], {loss.grad_fn}
    while waiting:
        node = waiting.pop()
        variable = getattr(node, "variable", None)
        if isinstance(variable, torch.Tensor):
            found.append(variable)
        for after, _ in node.next_functions:
            if after is not None and after not in seen:
                seen.add(after)
                waiting.append(after)
    return found


def named_leaves(holders: Holders, passing: frozenset[str]) -> Iterator[tuple[str, torch.Tensor]]:
    """Every leaf that requires a gradient and can be reached by name, each once.

    The parameters of modules have the best names; then come variables, the members of lists, tuples and dicts, what
    optimizers hold, the bases of views, and last the `passing` names: targets of loops, which stand for one tensor
    after the other. The parameters of lazy modules (`nn.LazyLinear`) come once a forward has given them a shape.
    """
    seen: set[int] = set()
    for name, tensor in _candidates(holders, passing):
        if id(tensor) not in seen and not is_lazy(tensor) and tensor.requires_grad and tensor.is_leaf:
            seen.add(id(tensor))
            yield name, tensor


def _candidates(holders: Holders, passing: frozenset[str]) -> Iterator[tuple[str, torch.Tensor]]:
    variables = [(name, value) for names in holders for name, value in _visible(names)]
    lasting = [(name, value) for name, value in variables if name not in passing]
    for name, value in lasting:
        if isinstance(value, torch.nn.Module):
            yield from _members(name, value)
    for name, value in lasting:
        if isinstance(value, torch.Tensor):
            yield name, value
    for name, value in lasting:
        yield from _members(name, value)
    for name, value in lasting:
        if isinstance(value, torch.optim.Optimizer):
            for label, tensor in _of_optimizer(value):
                yield f"{name}{label}", tensor
    for name, value in lasting:
        if isinstance(value, torch.Tensor) and value._is_view() and value._base is not None:
            yield f"{name}._base", value._base
    for name, value in variables:
        if name in passing and isinstance(value, torch.Tensor):
            yield name, value


def held_leaves(holders: Holders) -> set[int]:
    """The identities of what the modules and optimizers of the script hold, whether or not a loss reaches it."""
    held: set[int] = set()
    for _, value in ((name, value) for names in holders for name, value in _visible(names)):
        for owner in _owners(value):
            if isinstance(owner, torch.nn.Module):
                held.update(id(tensor) for _, tensor in _members("", owner))
            else:
                held.update(id(tensor) for _, tensor in _of_optimizer(owner))
    return held


def _owners(value: object, depth: int = 2) -> Iterator[torch.nn.Module | torch.optim.Optimizer]:
    """The modules and optimizers that a variable is or contains."""
    if isinstance(value, (torch.nn.Module, torch.optim.Optimizer)):
        yield value
    elif depth:
        for _, each in _inside(value):
            yield from _owners(each, depth - 1)


def _of_optimizer(optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, torch.Tensor]]:
    for index, group in enumerate(optimizer.param_groups):
        for place, tensor in enumerate(group["params"]):
            yield f".param_groups[{index}]['params'][{place}]", tensor


def _members(name: str, value: object, depth: int = 2) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in a module, a container or an object of the script's own class, by name."""
    if isinstance(value, torch.nn.Module):
        for inner, parameter in value.named_parameters():
            yield f"{name}.{inner}", parameter
        if depth:
            for path, module in value.named_modules():
                yield from _unregistered(f"{name}.{path}" if path else name, module, depth)
    elif depth:
        for label, each in _inside(value):
            yield from _labelled(f"{name}{label}", each, depth)


def _unregistered(name: str, module: torch.nn.Module, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    """What a module keeps as a plain attribute, which PyTorch does not count among its parameters: lists of layers."""
    for inner, each in list(vars(module).items()):
        if not inner.startswith("_") and isinstance(each, (torch.Tensor, list, tuple, dict)):
            yield from _labelled(f"{name}.{inner}", each, depth)


def _labelled(label: str, value: object, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield label, value
    else:
        yield from _members(label, value, depth - 1)


_MOST_ITEMS = 1000
"""Containers with more members are not looked through."""


def _inside(value: object) -> list[tuple[str, object]]:
    """The members of a container or of an object of a class of the script's own, each with how Python writes it."""
    if isinstance(value, dict):
        return [(f"[{key!r}]", each) for key, each in value.items()] if len(value) <= _MOST_ITEMS else []
    if isinstance(value, (list, tuple)):
        return [(f"[{index}]", each) for index, each in enumerate(value)] if len(value) <= _MOST_ITEMS else []
    if is_own_type(type(value)) and hasattr(value, "__dict__"):
        return [(f".{inner}", each) for inner, each in vars(value).items()]
    return []


def _visible(names: Names) -> Iterator[tuple[str, Any]]:
    for name in list(names):
        if not name.startswith("_"):
            try:
                yield name, names[name]
            except KeyError:  # a variable of a function that is not assigned yet
                continue


_UNNAMED = "leaf "


Numbers = tuple[tuple[str, float | None, float | None], ...]
"""Name, value and gradient of each parameter, where they are one number."""


class Parameters:
    """The parameters met so far. Kept by name, so that a leaf that is bound anew keeps its place."""

    def __init__(self, passing: frozenset[str]) -> None:
        """`passing`: names that stand for one tensor after the other."""
        self._passing = passing
        self._known: dict[str, torch.Tensor] = {}
        self._reached: set[str] = set()
        """The names of those that any loss reached."""
        self.items: list[tuple[str, torch.Tensor]] = []
        """Name and tensor of each, in the script's order."""
        self.has_large = False
        """Whether some are more than one number."""
        self.has_members = False
        """Whether some are members of a container, which may be bound anew."""
        self.plain: list[str] = []
        """Those that are variables themselves, and may be bound anew."""
        self.variables: list[tuple[str, torch.Tensor]] = []
        """Name and tensor of these."""
        self.rebound: dict[str, tuple[torch.Tensor, Any]] = {}
        """Names that the last block bound to something else: the tensor that each was, and what it is."""
        self._others: dict[str, Any] = {}
        """Names that stand for no tensor, or for one that is no leaf in a container, since they were said to be so."""
        self._members: list[tuple[str, Callable[[Any], object], torch.Tensor]] | None = None
        """Of members of containers the variable, the way from there, and the tensor that was found; None if unknown."""

    def __iter__(self) -> Iterator[tuple[str, torch.Tensor]]:
        return iter(self.items)

    def norms(self, numbers: Numbers) -> Numbers:
        """The same, with the norms of those that are more than one number."""
        return tuple(
            (name, _norm(tensor) if value is None else value, _norm(grad_of(tensor)) if grad is None else grad)
            for (name, tensor), (_, value, grad) in zip(self.items, numbers, strict=True)
        )

    def _know(self, known: dict[str, torch.Tensor]) -> None:
        self._known, self.items = known, list(known.items())
        self.has_members = any("[" in name for name in known)
        self.has_large = any(tensor.numel() != 1 for tensor in known.values())
        self.plain = [name for name in known if name.isidentifier() and name not in self._passing]
        self.variables = [(name, known[name]) for name in self.plain]
        self._members = _ways([(name, tensor) for name, tensor in self.items if "[" in name])

    def find(self, holders: Holders) -> None:
        """Before any loss is known: every leaf that requires a gradient and has a name."""
        self._know(dict(named_leaves(holders, self._passing)))

    def reached(self, loss: torch.Tensor, holders: Holders, *, keep: bool, unnamed: bool) -> None:
        """Take the leaves of a loss; `unnamed`: also those that no name leads to.

        `keep` those known from other losses too (a GAN has two). Behind those that losses reach come the others that
        the script's modules and optimizers hold: that a parameter gets no gradient is to be seen.
        """
        leaves = {id(leaf): leaf for leaf in leaves_of(loss)}
        if not leaves:
            return
        if keep and leaves.keys() <= {id(tensor) for tensor in self._known.values()}:
            self._reached |= {name for name, tensor in self.items if id(tensor) in leaves}
            return
        before = self._known if keep else {}
        earlier = self._reached if keep else set()
        named = dict(named_leaves(holders, self._passing))
        self._reached = {name for name, tensor in named.items() if id(tensor) in leaves or name in earlier}
        held = held_leaves(holders)
        others = [name for name, tensor in named.items() if name in before or id(tensor) in held]
        found = {id(tensor) for tensor in named.values()}
        unnamed_leaves = [leaf for identity, leaf in leaves.items() if unnamed and identity not in found]
        lost = {
            name: tensor
            for name, tensor in before.items()
            if name not in named and name not in self._passing and not name.startswith(_UNNAMED)
        }
        self._know(
            {name: tensor for name, tensor in named.items() if name in self._reached}
            | lost
            | {f"{_UNNAMED}{number}": leaf for number, leaf in enumerate(unnamed_leaves)}
            | {name: named[name] for name in others if name not in self._reached}
        )

    def follow(self, holders: Holders) -> None:
        """After a block: a name that was bound to another leaf is that leaf now; so is a member of a container."""
        if self.has_members and not self._all_in_place(holders):
            now = dict(named_leaves(holders, self._passing))
            anew = {name: (tensor, now[name]) for name, tensor in self.items if now.get(name, tensor) is not tensor}
            if anew:
                self.rebound.update(anew)
                self._know({name: now.get(name, tensor) for name, tensor in self.items})
        for name in self.plain:
            for names in holders:
                value = names.get(name)
                if value is not None:
                    if value is not (old := self._known[name]):
                        self._follow_to(name, old, value)
                    break

    def _follow_to(self, name: str, old: torch.Tensor, value: Any) -> None:
        """That parameter's name was bound to something else."""
        if isinstance(value, torch.Tensor):
            self.rebound[name] = old, value
            self._others.pop(name, None)
            self._know({**self._known, name: value})
        else:
            self._say_rebound(name, old, value)

    def _say_rebound(self, name: str, old: torch.Tensor, value: Any) -> None:
        """A name stands for something that is followed no further; that is said once."""
        if self._others.get(name) is not value:
            self._others[name] = value
            self.rebound[name] = old, value

    def look_into_containers(self, holders: Holders) -> None:
        """After a block, at a stop: members and attributes that were bound to what is no leaf."""
        if len(self.items) > _RESOLVED:
            return
        for name, tensor in self.items:
            if not name.isidentifier() and name not in self.rebound:
                value = _resolved(name, holders)
                if value is not None and value is not tensor:
                    self._say_rebound(name, tensor, value)

    def _all_in_place(self, holders: Holders) -> bool:
        """Whether each member of a container is where it was: looking there is cheaper than looking everywhere."""
        if self._members is None:
            return False
        try:
            for variable, way, tensor in self._members:
                value = next(value for names in holders if (value := names.get(variable)) is not None)
                if way(value) is not tensor:
                    return False
        except Exception:  # the container has changed, or an attribute of the script's own class raised
            return False
        return True


_RESOLVED = 500
"""Of more parameters the names are not looked up one by one."""
_STEP = re.compile(r"\.(\w+)|\[(\d+|'[^']*')\]")


def _resolved(name: str, holders: Holders) -> Any:
    """What a name such as `params[0]` or `model.0.weight` leads to now; None where that cannot be told."""
    root = re.match(r"\w+", name)
    if root is None or "".join(each[0] for each in _STEP.finditer(name, root.end())) != name[root.end() :]:
        return None
    value: Any = next((names[root[0]] for names in holders if root[0] in names), None)
    for attribute, key in _STEP.findall(name[root.end() :]):
        if attribute:
            parts = [getattr(value, kind, {}) for kind in ("_parameters", "_modules", "__dict__")]
            value = next((each[attribute] for each in parts if attribute in each), None)
        elif type(value) in (list, tuple, dict):
            place = ast.literal_eval(key)
            value = value.get(place) if isinstance(value, dict) else value[place] if place < len(value) else None
        else:
            return None
    return value


def _ways(members: list[tuple[str, torch.Tensor]]) -> list[tuple[str, Callable[[Any], object], torch.Tensor]] | None:
    """How to look for members of containers; None where a name is no plain path from a variable: `params[0].weight`."""
    found = []
    for name, tensor in members:
        match = _PATH.fullmatch(name)
        if match is None:
            return None
        found.append((match[1], eval(f"lambda it: it{match[2]}", {"__builtins__": {}}), tensor))
    return found


_PATH = re.compile(r"([^\W\d]\w*)((?:\.[^\W\d]\w*|\[\d+\]|\['\w*'\])+)")


def _norm(tensor: torch.Tensor | None) -> float | None:
    """The norm that a fact of the tensor tells."""
    return None if tensor is None else summary(fact(tensor))
