"""Expressions that breakpoints evaluate: over the script's variables, without changing the program.

They see the variables of the scopes being run, the innermost first, then `loss` (a number), `epoch` and `sample`, a few
functions that take numbers and tensors alike, and Python's builtins. They are compiled as expressions, so that nothing
can be assigned, and run without a graph.
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any

import torch

from bptui.engine.interpreter.position import Position
from bptui.engine.observe.parameters import Holders
from bptui.engine.observe.recorder import Recorder
from bptui.engine.tensors.facts import number_of
from bptui.protocol.naming import as_python

LOSS = "__bptui_loss__"
"""What stands for `loss` in a compiled expression, where it is not called."""
_LIBRARIES = ("torch", "numpy", "math", "cmath")


def isnan(value: Any) -> Any:
    """Whether it is nan: of a tensor, entry by entry. None is not."""
    return False if value is None else torch.isnan(value) if isinstance(value, torch.Tensor) else math.isnan(value)


def isinf(value: Any) -> Any:
    """Whether it is infinite: of a tensor, entry by entry. None is not."""
    return False if value is None else torch.isinf(value) if isinstance(value, torch.Tensor) else math.isinf(value)


def isfinite(value: Any) -> Any:
    """Whether it is a number, neither nan nor infinite: of a tensor, entry by entry. None counts as one."""
    return True if value is None else torch.isfinite(value) if isinstance(value, torch.Tensor) else math.isfinite(value)


def norm(value: Any) -> float:
    """The 2-norm; of None nan, which compares with nothing."""
    if value is None:
        return math.nan
    if isinstance(value, torch.Tensor):
        return float(torch.linalg.vector_norm(value if value.is_floating_point() else value.to(torch.float64)))
    return abs(float(value))


def any_nan(value: Any) -> bool:
    """Whether any entry is nan."""
    return not _all_finite_by_norm(value) and truth_of(isnan(value))


def any_inf(value: Any) -> bool:
    """Whether any entry is infinite."""
    return not _all_finite_by_norm(value) and truth_of(isinf(value))


def all_finite(value: Any) -> bool:
    """Whether all entries are numbers, neither nan nor infinite."""
    if _all_finite_by_norm(value):
        return True
    finite = isfinite(value)
    return bool(finite.all()) if isinstance(finite, torch.Tensor) else bool(finite)


def _all_finite_by_norm(value: Any) -> bool:
    """Whether a tensor is seen to be finite by its norm: one fast pass. A norm that overflows says nothing."""
    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or not value.is_floating_point():
        return False
    return math.isfinite(torch.linalg.vector_norm(value).item())


HELPERS: dict[str, Any] = {"isnan": isnan, "isinf": isinf, "isfinite": isfinite, "norm": norm}
"""Functions that every expression can call."""
_TRUTH = "__bptui_truth__"
_WHOLE = {"isnan": any_nan, "isinf": any_inf, "isfinite": all_finite}
"""What stands for helpers where no more than a truth is asked for."""
_WHOLLY = "__bptui_whole_"


class Scope(dict[str, Any]):
    """The names that an expression sees, as its globals. Nothing is in it: each name is looked up when it is missed."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(__builtins__=builtins)
        self._recorder = recorder
        self.place = Position()
        """What `epoch` and `sample` are."""
        self.ahead: Mapping[str, Any] = {}
        """What the loop's targets will be, before the block that binds them runs."""
        self.holders: Holders | None = None
        """The variables of the scopes, once they were asked for."""

    def stand(self, place: Position, ahead: Mapping[str, Any]) -> None:
        """The program stands elsewhere now."""
        self.place, self.ahead, self.holders = place, ahead, None

    def __missing__(self, name: str) -> Any:
        if name == LOSS:
            return self._loss()
        if name in HELPERS:
            return self._helper(name)
        if name == _TRUTH:
            return truth_of
        if name.startswith(_WHOLLY):
            name = name.removeprefix(_WHOLLY)
            helper = self._helper(name)
            return _WHOLE[name] if helper is HELPERS[name] else helper
        if (found := self.variable(name, _NOTHING)) is not _NOTHING:
            return found
        if name in ("epoch", "sample"):
            return getattr(self.place, name)
        raise KeyError(name)

    def variable(self, name: str, otherwise: Any = None) -> Any:
        """The script's variable of that name."""
        if name in self.ahead:
            return self.ahead[name]
        if self.holders is None:
            self.holders = self._recorder.holders()
        for names in self.holders:
            try:
                return names[name]
            except KeyError:
                continue
        return otherwise

    def _loss(self) -> Any:
        """The script's variable `loss`, unless that is a function or a module: then the loss itself, as a number."""
        found = self.variable("loss", _NOTHING)
        if found is not _NOTHING and not callable(found):
            return found
        number = self._recorder.singles()[0]
        if number is None:
            loss = self._recorder.present_loss()
            number = number_of(loss) if isinstance(loss, torch.Tensor) else loss
        if number is None:
            raise NameError("there is no loss yet")
        return number

    def _helper(self, name: str) -> Any:
        """The helper, unless the script has something of its own under that name."""
        own = self.variable(name, _NOTHING)
        home = str(getattr(own, "__module__", None) or type(own).__module__).partition(".")[0]
        foreign = own is not _NOTHING and not (callable(own) and home in (*_LIBRARIES, "builtins"))
        return own if foreign else HELPERS[name]


_NOTHING = object()


class Expression:
    """A compiled expression."""

    def __init__(self, text: str, *, truth: bool = False) -> None:
        """`truth`: no more is asked of it than whether it is true.

        Raises:
        ValueError: it is not one. The message is one sentence.
        """
        self.text = text.strip()
        python = as_python(self.text)
        try:
            self.tree = ast.parse(python, mode="eval")
            renamed = _LossNamed().visit(ast.parse(python, mode="eval"))
            if truth:
                renamed = ast.fix_missing_locations(ast.Expression(_truth(renamed.body)))
            self._code: CodeType = compile(renamed, "<breakpoint>", "eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(_not_python(self.text, error)) from None
        self.error = ""
        """What it raised the last time."""

    @property
    def names(self) -> set[str]:
        """The names that it reads and does not bind itself."""
        bound = {each.arg for each in ast.walk(self.tree) if isinstance(each, ast.arg)}
        found = {each.id: each.ctx for each in ast.walk(self.tree) if isinstance(each, ast.Name)}
        bound |= {
            each.id for each in ast.walk(self.tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        return found.keys() - bound

    def value(self, scope: Scope) -> Any:
        """What it evaluates to. What it raises goes through."""
        with torch.no_grad():
            return eval(self._code, scope)

    def holds(self, scope: Scope) -> bool:
        """Whether it is true, of a tensor anywhere; false where it raises, which `error` says."""
        try:
            with torch.no_grad():
                truth = bool(eval(self._code, scope))
        except BaseException as error:  # whatever it is, it is no reason to stop the run
            self.error = said(error)
            return False
        self.error = ""
        return truth


class _LossNamed(ast.NodeTransformer):
    """Gives `loss` a name of its own wherever it is not called: a script may have a function of that name."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        self.generic_visit(node)
        if isinstance(function, ast.Name):
            node.func = function
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(LOSS, node.ctx), node) if node.id == "loss" else node


def _truth(node: ast.expr) -> ast.expr:
    """An expression of which only the truth is asked: then tensors can stand in `and`, `or` and `not` too."""
    if isinstance(node, ast.BoolOp):
        node.values = [_truth(each) for each in node.values]
        return node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.operand = _truth(node.operand)
        return node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _WHOLE:
        if len(node.args) == 1 and not node.keywords:
            node.func.id = f"{_WHOLLY}{node.func.id}"
            return node
    return ast.copy_location(ast.Call(ast.Name(_TRUTH, ast.Load()), [node], []), node)


def truth_of(value: Any) -> bool:
    """Whether a value is true: an array is if any entry is."""
    if isinstance(value, torch.Tensor) and value.numel() != 1:
        return bool(value.any())
    if hasattr(value, "dtype") and hasattr(value, "any"):
        return bool(value.any())
    return bool(value)


def said(error: BaseException) -> str:
    """An exception in one line."""
    words = str(error).replace(LOSS, "loss").splitlines()
    return f"{type(error).__name__}: {words[0]}"[:200] if words else type(error).__name__


def is_absence(error: str) -> bool:
    """Whether it only says that something is not there yet: a variable, a gradient."""
    return error.startswith(("NameError", "UnboundLocalError")) or "NoneType" in error


def _not_python(text: str, error: Exception) -> str:
    if not text:
        return "There is no expression."
    try:
        ast.parse(as_python(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        return f"'{text}' is not Python: {words}."
    return f"'{text}' is a statement: a condition is an expression, such as w > 2."


def only_gradients(tree: ast.AST) -> set[str]:
    """The names of which nothing but gradients are read: `model` in `norm(model[0].weight.grad)`."""
    within: set[int] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and each.attr == "grad":
            node: ast.expr = each
            while isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value
            within.add(id(node))
    names = [each for each in ast.walk(tree) if isinstance(each, ast.Name)]
    return {each.id for each in names} - {each.id for each in names if id(each) not in within}


def unknown(names: Iterable[str], bound: set[str], scope: Scope) -> list[str]:
    """Those of the names that nothing will ever have."""
    known = bound | HELPERS.keys() | {"loss", "epoch", "sample"} | set(dir(builtins))
    return sorted(name for name in names if name not in known and scope.variable(name, _NOTHING) is _NOTHING)
