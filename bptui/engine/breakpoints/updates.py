"""Which parameters an update is of, and what they were before it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from bptui.engine.compiler import syntax
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.compiler.tree import Block
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.observe.parameters import named_leaves
from bptui.engine.observe.recorder import Recorder
from bptui.engine.tensors.bits import dense, digest
from bptui.engine.tensors.facts import number_of


class Updates:
    """The parameters before and after updates."""

    def __init__(self, recorder: Recorder, namespace: Namespace, loop_targets: frozenset[str]) -> None:
        """`loop_targets`: names that are bound to one tensor after the other."""
        self._recorder, self._namespace, self._loop_targets = recorder, namespace, loop_targets
        self._digests: dict[str, int | float | str] = {}
        self._copies: dict[str, torch.Tensor] = {}
        self._run: RunBlock | None = None
        """The update that comes next, or ran last."""
        self._updated: set[str] = set()
        self._named: dict[int, list[ast.expr]] = {}
        """The names in blocks, by the block's index."""

    def before(self, run: RunBlock, *, copied: bool) -> None:
        """An update comes next: remember the parameters. `copied`: with a copy, and not only a digest.

        And which of them it updates: after it, the function that has its optimizer may have returned.
        """
        self._run, self._updated = run, {name for name, _ in self._found(run)}
        self._digests = {name: digest_of(tensor) for name, tensor in self._recorder.parameters.items}
        self._copies = {}
        if copied:
            self._copies = {name: dense(tensor).clone() for name, tensor in self._recorder.parameters.items}

    def forget(self) -> None:
        """The update is over."""
        self._run, self._digests, self._copies = None, {}, {}

    def changed(self, name: str, tensor: torch.Tensor) -> bool | None:
        """Whether the parameter is another than before; None where that is not known."""
        return None if name not in self._digests else digest_of(tensor) != self._digests[name]

    def copy(self, name: str) -> torch.Tensor | None:
        """What the parameter was before."""
        return self._copies.get(name)

    def of(self, run: RunBlock) -> list[tuple[str, torch.Tensor]]:
        """The parameters that the update may change, as far as that can be seen: its optimizer's, or those it names.

        And parameters that no optimizer of the script has: nothing changes them at all.
        """
        if run is not self._run:
            return self._found(run)
        return [(name, tensor) for name, tensor in self._recorder.parameters.items if name in self._updated]

    def _found(self, run: RunBlock) -> list[tuple[str, torch.Tensor]]:
        items = self._recorder.parameters.items
        optimizers = self._optimizers(run.block)
        if optimizers:
            others = {id(each) for other in self._all_optimizers() for each in _held(other)}
            own = {id(each) for optimizer in optimizers for each in _held(optimizer)}
            return [
                (name, tensor)
                for name, tensor in items
                if id(tensor) in own or (id(tensor) not in others and self._is_meant_to_learn(name, tensor))
            ]
        names = {node.id for node in self._nodes(run.block) if isinstance(node, ast.Name)}
        named = [(name, tensor) for name, tensor in items if name in names]
        return named or list(items)

    def _is_meant_to_learn(self, name: str, tensor: torch.Tensor) -> bool:
        """Whether a leaf is a parameter, and not an input of which the gradient is asked."""
        return isinstance(tensor, torch.nn.Parameter) or (name.isidentifier() and name not in self._loop_targets)

    def of_optimizers(self, run: RunBlock) -> list[tuple[str, torch.Tensor]]:
        """What the optimizers of an update hold, each under the best name there is; empty where it has none."""
        held = {id(each) for optimizer in self._optimizers(run.block) for each in _held(optimizer)}
        if not held:
            return []
        return [(name, tensor) for name, tensor in self.named_leaves() if id(tensor) in held]

    def named_leaves(self) -> list[tuple[str, torch.Tensor]]:
        """Every leaf that requires a gradient and has a name, also those that no loss reaches."""
        return list(named_leaves(self._recorder.holders(), self._loop_targets))

    def _optimizers(self, block: Block) -> list[Any]:
        """The optimizers that a block names, as far as nothing must be called to find them."""
        found = [each for node in self._nodes(block) for each in _optimizers_in(self._value_of(node))]
        return list({id(each): each for each in found}.values())

    def _nodes(self, block: Block) -> list[ast.expr]:
        """The names in a block's own statements, with attributes and subscripts behind them."""
        if block.index not in self._named:
            self._named[block.index] = [
                each
                for statement in block.own_statements
                for each in ast.walk(statement)
                if isinstance(each, (ast.Name, ast.Attribute, ast.Subscript)) and not list(syntax.calls(each))
            ]
        return self._named[block.index]

    def _all_optimizers(self) -> Iterator[Any]:
        for names in self._recorder.holders():
            for name in list(names):
                yield from _optimizers_in(self._namespace.variable(name))
                yield from _optimizers_in(list(getattr(self._namespace.variable(name), "__dict__", {}).values()))

    def _value_of(self, node: ast.expr) -> Any:
        """What a name stands for, with attributes that are plainly there and constant subscripts behind it."""
        if isinstance(node, ast.Name):
            return self._namespace.variable(node.id)
        if isinstance(node, ast.Attribute):
            return getattr(self._value_of(node.value), "__dict__", {}).get(node.attr)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            holder: Any = self._value_of(node.value)
            key: Any = node.slice.value
            try:
                return holder[key] if isinstance(holder, (list, tuple, dict)) else None
            except (LookupError, TypeError):
                return None
        return None


def digest_of(tensor: torch.Tensor) -> int | float | str:
    """A number that tells whether the tensor was changed: its value, or a digest."""
    if (number := number_of(tensor)) is not None:
        return number if number == number else "nan"
    return digest(tensor)


def _optimizers_in(value: Any) -> Iterator[Any]:
    members: Iterable[Any] = (value,)
    if isinstance(value, (list, tuple)) and len(value) <= 100:
        members = value
    elif isinstance(value, dict) and len(value) <= 100:
        members = value.values()
    for each in members:
        if isinstance(each, torch.optim.Optimizer):
            yield each
        elif isinstance(inner := getattr(each, "__dict__", {}).get("optimizer"), torch.optim.Optimizer):
            yield inner  # wrapped, as accelerate does


def _held(optimizer: Any) -> Iterator[torch.Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]
