"""Edits the program by name: a tensor's numbers in place, a gradient, an optimizer's setting, a variable."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from bptui.engine.compiler import syntax
from bptui.engine.errors import StepRefused
from bptui.engine.expressions.expression import as_meant, no_such, raised
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.output import Output
from bptui.engine.interpreter.random_state import RandomState
from bptui.engine.observe.explain import short
from bptui.engine.repl.display import capturing
from bptui.engine.repl.execute import value_of
from bptui.engine.repl.overwrite import fitted, overwrite
from bptui.engine.tensors.facts import fact
from bptui.protocol.expression import BadExpression, expression
from bptui.protocol.naming import shown_name

_HINT = "Name a variable, a tensor or entries of one: w, w.grad, w[0]."


def edit(name: str, value: str, scope: Namespace, output: Output) -> str:
    """Give what has that name the value of a Python expression. Returns what it did: `w 1 -> 1.5`.

    To be called while the script's environment is installed.

    Raises:
        StepRefused: there is nothing of that name, or it cannot have that value.
    """
    name, value = name.strip(), value.strip()
    if not (name and value):
        raise StepRefused("A name and a value are needed.", "set w = 1.5")
    target = _target(name, scope)
    with capturing(output), _restored(RandomState()):
        meant = as_meant(_expression(value, scope)).body
        return _Edit(name, target, scope).to(_evaluated(meant, value, scope))


@contextlib.contextmanager
def _restored(random: RandomState) -> Iterator[None]:
    """What is refused draws no random numbers."""
    try:
        yield
    except StepRefused:
        random.restore()
        raise


def _target(name: str, scope: Namespace) -> ast.expr:
    """The name as Python."""
    node = _expression(name, scope)
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or any(syntax.calls(_base(node))):
        raise StepRefused(f"{name} cannot be set.", _HINT)
    return node


def _base(node: ast.expr) -> ast.expr:
    """What it is an attribute or an entry of, at the bottom."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node


def _expression(text: str, scope: Namespace) -> ast.expr:
    try:
        return expression(text, scope.parameters)
    except BadExpression as reason:
        raise StepRefused(str(reason), "") from None


def _evaluated(node: ast.expr, text: str, scope: Namespace) -> Any:
    """The value of an expression.

    Raises:
        StepRefused: it raises.
    """
    try:
        return value_of(node, scope)
    except NameError as error:
        missing = scope.unknown({each.id for each in ast.walk(node) if isinstance(each, ast.Name)})
        raise StepRefused(no_such(missing) if missing else f"{text}: {raised(error)}", "Nothing was set.") from None
    except BaseException as error:  # whatever it is, the program stays
        raise StepRefused(f"{text}: {raised(error)}", "Nothing was set.") from None


class _Edit:
    """One thing to set, and how."""

    def __init__(self, name: str, node: ast.expr, scope: Namespace) -> None:
        self._name, self._node, self._scope = name, node, scope

    def to(self, value: Any) -> str:
        node = self._node
        if isinstance(node, ast.Name) and shown_name(node.id) is None:
            return self._variable(node.id, value)
        if isinstance(node, ast.Attribute) and node.attr == "grad":
            owner = self._present(node.value)
            if isinstance(owner, torch.Tensor):
                return self._gradient(owner, value)
        if isinstance(node, ast.Subscript):
            tensor = self._present(node.value)
            if isinstance(tensor, torch.Tensor):
                return self._entries(tensor, _evaluated(_index(node.slice), self._name, self._scope), value)
        present = self._present(node)
        if isinstance(present, torch.Tensor):
            return self._tensor(present, value)
        return self._assign(present, value)

    def _present(self, node: ast.expr) -> Any:
        """What it is now. Without autograd, so that parts of a leaf are parts of it and not computed from it."""
        with torch.no_grad():
            return _evaluated(node, self._name, self._scope)

    # ---- tensors

    def _tensor(self, tensor: torch.Tensor, value: Any) -> str:
        self._check_leaf(tensor)
        old = _short(tensor)
        overwrite(self._name, tensor, value)
        return f"{self._name} {old} -> {_short(tensor)}"

    def _entries(self, tensor: torch.Tensor, index: Any, value: Any) -> str:
        self._check_leaf(tensor)
        try:
            old = _short(tensor.data[index])
        except (IndexError, TypeError, RuntimeError, ValueError) as error:
            raise StepRefused(f"{self._name}: {str(error).splitlines()[0]}.", "") from None
        overwrite(self._name, tensor, value, index)
        return f"{self._name} {old} -> {_short(tensor.data[index])}"

    def _gradient(self, owner: torch.Tensor, value: Any) -> str:
        if not owner.is_leaf:
            raise StepRefused(f"{self._name} is not kept: it is computed on the way.", "Set the gradient of a leaf.")
        old = owner.grad
        if value is None:
            owner.grad = None
            return f"{self._name} {_short(old)} -> None"
        if old is not None:
            return self._tensor(old, value)
        if not owner.requires_grad:
            raise StepRefused(f"{self._name} cannot be: the tensor does not require a gradient.", "")
        owner.grad = fitted(self._name, owner.data, value)
        return f"{self._name} None -> {_short(owner.grad)}"

    def _check_leaf(self, tensor: torch.Tensor) -> None:
        if tensor.grad_fn is not None and not tensor.is_leaf:
            raise StepRefused(
                f"{self._name} is computed by the forward, which has run.",
                "Set what it is computed from; `forward` computes it anew.",
            )

    # ---- variables

    def _variable(self, name: str, value: Any) -> str:
        settings = list(_optimizers(self._scope, name))
        for _, optimizer in settings:
            for group in optimizer.param_groups:
                _check_kind(name, group[name], value)
        done = []
        if self._scope.holder(name) is not None or name in self._scope.pending:
            done.append(self._bound(name, value))
        elif not settings:
            raise StepRefused(f"Nothing is called {name}.", "Neither a variable nor a setting of an optimizer is.")
        self._scope.typed.pop(name, None)
        return "; ".join([*done, *(_set(label, optimizer, name, value) for label, optimizer in settings)])

    def _bound(self, name: str, value: Any) -> str:
        """A tensor is written in place, but for a part of the data that a variable only looks at; others are bound."""
        present, holder = self._scope.find(name), self._scope.holder(name)
        is_view = isinstance(present, torch.Tensor) and present._is_view() and not present.requires_grad
        if isinstance(present, torch.Tensor) and not is_view:
            return self._tensor(present, value)
        if name in self._scope.pending or holder is None:
            raise StepRefused(f"The loop binds {name} anew when the next phase runs.", "`next` first, then set it.")
        holder[name] = fitted(name, present, value) if is_view else value
        return f"{name} {_short(present)} -> {_short(holder[name])}"

    # ---- anything else

    def _assign(self, present: Any, value: Any) -> str:
        """An attribute or an entry of something that is no tensor."""
        node = self._node
        assert isinstance(node, (ast.Attribute, ast.Subscript))
        owner = self._present(node.value)
        try:
            if isinstance(node, ast.Attribute):
                setattr(owner, node.attr, value)
            else:
                owner[_evaluated(_index(node.slice), self._name, self._scope)] = value
        except StepRefused:
            raise
        except Exception as error:  # a script's own class may raise anything
            raise StepRefused(f"{self._name}: {raised(error)}", "It cannot be set.") from None
        return f"{self._name} {_short(present)} -> {_short(value)}"


def _index(node: ast.expr) -> ast.expr:
    """What is between the brackets, as an expression of its own: `0:2, 1` means two things only there."""
    if not any(isinstance(each, ast.Slice) for each in ast.walk(node)):
        return node
    if isinstance(node, ast.Slice):
        parts = [each or ast.Constant(None) for each in (node.lower, node.upper, node.step)]
        return ast.copy_location(ast.Call(ast.Name("slice", ast.Load()), parts, []), node)
    if isinstance(node, ast.Tuple):
        return ast.copy_location(ast.Tuple([_index(each) for each in node.elts], ast.Load()), node)
    return node


def _optimizers(scope: Namespace, key: str) -> Iterator[tuple[str, torch.optim.Optimizer]]:
    """The optimizers that the script has by name and that have such a setting; each once."""
    visited: set[int] = set()
    for name in scope.names():
        value = scope.find(name)
        if isinstance(value, torch.optim.Optimizer) and id(value) not in visited and key != "params":
            visited.add(id(value))
            if value.param_groups and all(key in group for group in value.param_groups):
                yield name, value


def _check_kind(name: str, present: Any, value: Any) -> None:
    """A setting keeps its kind: a number stays a number."""
    if isinstance(present, bool) or present is None or isinstance(present, torch.Tensor):
        return
    wrong = isinstance(present, (int, float)) and (not isinstance(value, (int, float)) or value != value)
    if wrong or (isinstance(present, tuple) and not isinstance(value, tuple)):
        raise StepRefused(f"{name} is {_short(present)}, a {type(present).__name__}: {_short(value)} is none.", "")


def _set(label: str, optimizer: torch.optim.Optimizer, key: str, value: Any) -> str:
    """Set it in every group of an optimizer."""
    groups = optimizer.param_groups
    before = ", ".join(dict.fromkeys(_short(group[key]) for group in groups))
    for group in groups:
        if isinstance(group[key], torch.Tensor):
            overwrite(key, group[key], value)
        else:
            group[key] = value
    return f"{label}: {key} {before} -> {_short(groups[0][key])}"


def _short(value: Any) -> str:
    return short(fact(value.detach().clone() if isinstance(value, torch.Tensor) else value))
