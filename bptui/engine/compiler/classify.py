"""Which phase a statement belongs to, by how it is written.

`backward`, `update` and `zero_grad` are recognised here; `forward` is what a backward needs (see `slicing.py`). A
statement may hold several phases (a `with` block), or none (a print).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from bptui.engine.compiler import syntax
from bptui.engine.compiler.syntax import calls, mentions_grad, method, root, walk
from bptui.protocol.phase import Phase

Kinds = frozenset[Phase]

BACKWARD = frozenset({Phase.BACKWARD})
UPDATE = frozenset({Phase.UPDATE})
ZERO_GRAD = frozenset({Phase.ZERO_GRAD})
NOTHING: Kinds = frozenset()

_NOT_OPTIMIZERS = re.compile(
    r"sched|lr_|warm|prof|env|timer|bar$|logger|writer|meter|ema$|tracker|wandb|progress|game|sim", re.I
)
"""Receivers whose `.step()` does not move parameters."""
_SCHEDULER_CLASS = re.compile(r"LR$|Scheduler$|^SequentialLR$|^ReduceLROnPlateau$|^get_\w*schedule\w*$|Cosine\w*$")
_OPTIMIZER_NAME = re.compile(r"opt|adam|sgd|solver|trainer_[gd]", re.I)
_TO_PYTHON = frozenset(
    {"item", "norm", "tolist", "numpy", "float", "print", "len", "isnan", "isfinite", "format", "str"}
)
"""Calls whose result is no longer a gradient: a number to report."""
_IN_PLACE = re.compile(r"^(?!__)\w+_$")
"""PyTorch's in-place methods end with an underscore."""


class Classifier:
    """Says which phases a statement holds, knowing the script's own functions and names."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions: Mapping[str, Kinds] = {}
        """The kinds of the script's own functions, by name; set once they are known."""
        self.native: set[ast.Call] = set()
        """Calls of functions that hold phases which are made in one go: they count as no phase."""
        self._schedulers = _assigned_from(tree, _SCHEDULER_CLASS)
        self._gradients = _named_after_gradients(tree)

    def kinds(self, node: ast.AST) -> Kinds:
        """The phases that the statement holds, bodies of nested functions left out."""
        found: set[Phase] = set()
        for each in walk(node):
            found |= self._kinds_of_one(each)
        return frozenset(found)

    def _kinds_of_one(self, node: ast.AST) -> Kinds:
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.AugAssign):
            return self._augmented(node)
        if isinstance(node, ast.Assign):
            return frozenset().union(*(self._assigned(target, node.value) for target in node.targets))
        if isinstance(node, ast.Delete) and any(_is_grad(target) for target in node.targets):
            return ZERO_GRAD
        return NOTHING

    def _call(self, call: ast.Call) -> Kinds:
        name, receiver = method(call), call.func.value if isinstance(call.func, ast.Attribute) else None
        if call in self.native:
            return NOTHING
        if receiver is None:
            return self.functions.get(syntax.function(call) or "", NOTHING)
        if name == "backward":
            return BACKWARD
        if name == "zero_grad":
            return ZERO_GRAD
        if name in {"step", "update"}:
            return UPDATE if self._moves(name, receiver, call) else NOTHING
        if name and _IN_PLACE.match(name):
            return self._in_place(name, receiver, call)
        return NOTHING

    def _moves(self, name: str, receiver: ast.expr, call: ast.Call) -> bool:
        """Whether `receiver.step(…)` or `.update(…)` updates parameters: going by the names, it is an optimizer's."""
        last = receiver.attr if isinstance(receiver, ast.Attribute) else root(receiver) or ""
        if re.search("scaler", last, re.I):
            return True
        if name == "update" or last in self._schedulers:
            return False
        if _OPTIMIZER_NAME.search(last) and not re.search("sched", last, re.I):
            return True
        return not (_NOT_OPTIMIZERS.search(last) or call.args or call.keywords)

    def _in_place(self, name: str, receiver: ast.expr, call: ast.Call) -> Kinds:
        if _of_grad(receiver):
            zeroes = name == "zero_" or (name == "fill_" and call.args and _is_zero(call.args[0]))
            return ZERO_GRAD if zeroes else NOTHING
        if _ends_in_data(receiver) or any(self._is_gradient(each) for each in (*call.args, *_values(call))):
            return UPDATE
        return NOTHING

    def _augmented(self, node: ast.AugAssign) -> Kinds:
        if _of_grad(node.target):
            return ZERO_GRAD if isinstance(node.op, ast.Mult) and _is_zero(node.value) else NOTHING
        return UPDATE if _ends_in_data(node.target) or self._is_gradient(node.value) else NOTHING

    def _assigned(self, target: ast.expr, value: ast.expr) -> Kinds:
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                pairs = zip(target.elts, value.elts, strict=True)
                return frozenset().union(*(self._assigned(*pair) for pair in pairs))
            return NOTHING
        if _of_grad(target):
            zeroes = _is_zero(value) or any(method(each) == "zeros_like" for each in calls(value))
            return ZERO_GRAD if zeroes else NOTHING
        if _ends_in_data(target):
            return UPDATE
        name = root(target)
        rebinds = name is not None and name in syntax.reads(value) and isinstance(target, (ast.Name, ast.Subscript))
        return UPDATE if rebinds and self._is_gradient(value) else NOTHING

    def _is_gradient(self, node: ast.AST) -> bool:
        """Whether a gradient flows into the value: `.grad`, or a name that stands for one, not made a plain number."""
        if isinstance(node, ast.Call) and (method(node) or syntax.function(node)) in _TO_PYTHON:
            return False
        if isinstance(node, ast.Attribute) and node.attr == "grad":
            return True
        if isinstance(node, ast.Name) and node.id in self._gradients:
            return True
        return any(self._is_gradient(each) for each in ast.iter_child_nodes(node))


def rewrites_gradients(statement: ast.stmt) -> bool:
    """Whether a statement without a phase may write to gradients: it clips, unscales, or assigns to them."""
    for each in walk(statement):
        if isinstance(each, ast.Call):
            name = method(each) or syntax.function(each) or ""
            if re.search("clip|unscale|grad|norm", name) or (_IN_PLACE.match(name) and _of_grad(each.func)):
                return True
        if isinstance(each, (ast.Assign, ast.AugAssign)):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            if any(map(_of_grad, targets)):
                return True
    return False


def backward_calls(node: ast.AST) -> list[ast.Call]:
    """The `.backward(…)` calls in this scope."""
    return [call for call in calls(node) if method(call) == "backward"]


def loss_of(call: ast.Call) -> ast.expr:
    """What a `.backward(…)` call goes backward from.

    `loss.backward()`, `scaler.scale(loss).backward()`, `torch.autograd.backward(loss)`, `accelerator.backward(loss)`.
    """
    assert isinstance(call.func, ast.Attribute)
    receiver = call.func.value
    if isinstance(receiver, ast.Call) and method(receiver) == "scale" and receiver.args:
        return receiver.args[0]
    named = receiver.attr if isinstance(receiver, ast.Attribute) else root(receiver) or ""
    if call.args and (named == "autograd" or re.search("accelerator|fabric|engine|manual", named, re.I)):
        return call.args[0]
    return receiver


_HARMLESS = {"retain_graph", "create_graph", "inputs"}
"""Arguments of `backward` that do not change what it computes for a leaf."""


def root_of(statements: Sequence[ast.stmt]) -> ast.expr | None:
    """What these statements go backward from, if it is one plain call, once, from a loss as it is.

    None where it is scaled (`scaler.scale(loss)`, `gradient=`), where a helper may do that, and where there are more.
    """
    found = [(each, call) for each in statements for call in backward_calls(each)]
    if len(found) != 1:
        return None
    statement, call = found[0]
    if not isinstance(statement, ast.Expr) or any(each.arg not in _HARMLESS for each in call.keywords):
        return None
    assert isinstance(call.func, ast.Attribute)
    receiver = call.func.value
    if loss_of(call) is receiver:
        return None if call.args else receiver
    return call.args[0] if ast.unparse(receiver) == "torch.autograd" and len(call.args) == 1 else None


def _assigned_from(tree: ast.Module, class_name: re.Pattern[str]) -> set[str]:
    """Names that are assigned the result of a call whose function's name matches."""
    names: set[str] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call):
            called = method(each.value) or syntax.function(each.value) or ""
            if class_name.search(called):
                names |= {t.attr if isinstance(t, ast.Attribute) else root(t) or "" for t in each.targets}
    return names


def _named_after_gradients(tree: ast.Module) -> set[str]:
    """Names assigned from an expression with `.grad` in it, and not a number made from it: `g = w.grad`."""
    names: set[str] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign) and mentions_grad(each.value) and not _reports(each.value):
            names |= {target.id for target in each.targets if isinstance(target, ast.Name)} - syntax.reads(each.value)
    return names


def _reports(value: ast.expr) -> bool:
    return any((method(call) or syntax.function(call)) in _TO_PYTHON for call in calls(value)) or isinstance(
        value, (ast.Compare, ast.BoolOp, *syntax.FUNCTIONS, ast.JoinedStr)
    )


def _values(call: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords]


def _is_grad(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "grad"


def _of_grad(node: ast.AST) -> bool:
    """Whether the node is a gradient or a part of one: `w.grad`, `w.grad.data`, `w.grad[0]`, `w.grad.detach()`."""
    while not _is_grad(node):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return False
    return True


def _ends_in_data(node: ast.AST) -> bool:
    while isinstance(node, (ast.Subscript, ast.Call)):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return isinstance(node, ast.Attribute) and node.attr == "data" and root(node) is not None


def _is_zero(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or node.value == 0)
