"""Which statements are the forward: those that compute what a backward goes backward from.

A backward slice over the statements of one iteration: from the names in the loss to the statements that set them, and
on to the names which those read. Statements that only prepare data (`x = x.to(device)`, `xb, yb = get_batch()`) are
not forward: running the forward again must not draw another batch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from bptui.engine.compiler import syntax
from bptui.engine.compiler.syntax import changed_names, function, method, reads, root

_PREPARES = frozenset(
    "to cuda cpu view reshape float double long int bool size unsqueeze squeeze flatten item next len range zip "
    "enumerate list tuple dict iter tensor as_tensor from_numpy zeros ones zeros_like ones_like full randn rand "
    "randint randperm arange linspace eye empty randn_like rand_like permute transpose t contiguous numpy array type "
    "pop get items keys values detach clone requires_grad_ copy_ expand repeat pin_memory Variable choice astype "
    "append tolist stack cat shuffle randrange index_select gather one_hot split chunk manual_seed train eval "
    "device".split()
)
"""Calls that make or move data."""
_GETS_DATA = re.compile(r"batch|sample|data|load|^get_|noise|next|token|reset|seed|init|hidden", re.I)
_CONSTRUCTS = re.compile(r"^[A-Z]\w*[a-z]\w*$|^[A-Z]{2,}$")
"""Class names: `Linear`, `Net`, `MSELoss`, `SGD`."""


class Sorter:
    """Sorts the statements of a slice, in order, into those that prepare data and those of the forward."""

    def __init__(self, tree: ast.AST, targets: set[str]) -> None:
        self._modules = _imported(tree)
        self._data = set(targets)
        """Names that hold data: the loop's targets, and what is made of them."""
        self._computed = parameter_names(tree)
        """Names that hold parameters, or what was computed from them."""

    def is_forward(self, statement: ast.stmt) -> bool:
        """Whether the statement computes from the parameters. Asked once for each statement, in order."""
        if self._prepares(statement):
            if not _constructs(statement):
                self._data |= changed_names(statement) - self._computed
            return False
        self._computed |= changed_names(statement)
        return True

    def _prepares(self, statement: ast.stmt) -> bool:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            return True
        if isinstance(statement, syntax.COMPOUND):
            return all(self._prepares(each) for suite in syntax.suites(statement) for each in suite)
        value = getattr(statement, "value", None)
        return value is None or isinstance(statement, ast.Expr) or self._is_data(value)

    def _is_data(self, node: ast.AST) -> bool:
        """Whether the expression is made of data alone, as far as can be seen."""
        if isinstance(node, ast.Name):
            return node.id not in self._computed
        if isinstance(node, ast.Subscript):
            return self._is_data(node.value)
        if isinstance(node, ast.BinOp) and (reads(node) - self._data - self._modules):
            return False
        if isinstance(node, ast.Call) and not self._makes_data(node):
            return False
        return all(self._is_data(each) for each in ast.iter_child_nodes(node))

    def _makes_data(self, call: ast.Call) -> bool:
        name = method(call) or function(call) or ""
        if name in _PREPARES or _CONSTRUCTS.match(name) or _GETS_DATA.search(name):
            return True
        return method(call) is not None and root(call) in self._data | self._modules and not (
            reads(call) - self._data - self._modules
        )  # fmt: skip


def _constructs(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Call) and bool(_CONSTRUCTS.match(method(value) or function(value) or ""))


def _imported(tree: ast.AST) -> set[str]:
    """Names of imported modules."""
    return {
        (alias.asname or alias.name).split(".")[0]
        for each in ast.walk(tree)
        if isinstance(each, ast.Import)
        for alias in each.names
    }


def parameter_names(tree: ast.AST) -> set[str]:
    """Names that the script itself marks as parameters.

    `w = torch.tensor(…, requires_grad=True)`, `w.requires_grad = True`, `w.requires_grad_()`, `w = nn.Parameter(…)`.
    """
    names: set[str] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                if isinstance(target, ast.Attribute) and target.attr == "requires_grad":
                    names.add(root(target) or "")
                elif isinstance(target, ast.Name) and any(_makes_parameter(call) for call in syntax.calls(each.value)):
                    names.add(target.id)
        elif isinstance(each, ast.Call) and method(each) == "requires_grad_" and isinstance(each.func, ast.Attribute):
            if isinstance(each.func.value, ast.Name):
                names.add(each.func.value.id)
    return names - {""}


def _makes_parameter(call: ast.Call) -> bool:
    return (
        any(keyword.arg == "requires_grad" for keyword in call.keywords)
        or (method(call) or function(call)) == "Parameter"
        or method(call) == "requires_grad_"
    )


def slice_from(loss: ast.expr, before: Sequence[ast.stmt]) -> set[ast.stmt]:
    """Those of the statements `before` a backward that its loss depends on, control flow ignored."""
    needed, found = reads(loss), set()
    for statement in reversed(before):
        changed = changed_names(statement)
        if changed & needed:
            found.add(statement)
            if isinstance(statement, ast.Assign):
                needed -= {target.id for target in statement.targets if isinstance(target, ast.Name)}
            needed |= reads(statement)
    return found
