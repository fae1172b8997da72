"""What an op took, as the source has it: `0.5 * t` comes from PyTorch as `mul(t, 0.5)`, `1 - t` as `__rsub__(t, 1)`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from typing import Protocol

import torch

from bptui.engine.tape.records import KeywordArg, RawOp, ValueRef
from bptui.engine.tape.terms import ONE, PRODUCT, SUM, Term
from bptui.protocol.fact import Fact

_NAMES = {
    "rsub": "sub", "rpow": "pow", "rdiv": "div", "rtruediv": "div", "radd": "add", "rmul": "mul", "rmatmul": "matmul",
    "rfloordiv": "floor_divide", "rmod": "remainder", "rlshift": "bitwise_left_shift", "rand": "bitwise_and",
    "rrshift": "bitwise_right_shift", "ror": "bitwise_or", "rxor": "bitwise_xor",
    "truediv": "div", "floordiv": "floor_divide", "mod": "remainder", "invert": "bitwise_not",
    "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "iadd": "add_", "isub": "sub_", "imul": "mul_", "itruediv": "div_", "idiv": "div_",
    "ipow": "pow_", "ifloordiv": "floor_divide_", "imod": "remainder_", "iand": "bitwise_and_", "ior": "bitwise_or_",
    "ixor": "bitwise_xor_", "ilshift": "bitwise_left_shift_", "irshift": "bitwise_right_shift_",
    "true_divide": "div", "multiply": "mul", "subtract": "sub", "divide": "div",
}  # fmt: skip
"""What ops are called that come from PyTorch under the name of an operator."""
_REVERSED = frozenset(
    f"__{each}__"
    for each in "rsub rpow rdiv rtruediv radd rmul rmatmul rfloordiv rmod rlshift rrshift rand ror rxor".split()
)
"""Operators whose left operand is no tensor, or one that left the operator to the right one."""
_EITHER_WAY = frozenset({"mul", "add", "bitwise_and", "bitwise_or", "bitwise_xor", "logical_and", "logical_or"})
"""Ops for which PyTorch exchanges the operands where the left one is a number."""
LONGEST = 18
"""Expressions of up to so many characters stand for their value in formulas."""


class ValueOperand(Protocol):
    """A value of the tape, as far as operands need it."""

    name: str
    symbol: str
    expression: str
    """The source of what made it; empty where that is not known."""
    fact: Fact


def name_of(raw: RawOp) -> str:
    """What the op is called: an operator as the function that does the same."""
    name = raw.name
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    return _NAMES.get(name, name)


class Operands:
    """What one op took."""

    def __init__(self, raw: RawOp, values: Sequence[ValueOperand]) -> None:
        self._values = values
        self.arguments = list(raw.arguments)
        """In the order of the op that it is: what is subtracted from comes first."""
        if raw.name in _REVERSED:
            self.arguments.reverse()
        self.positional = [each for each in self.arguments if not isinstance(each, KeywordArg)]
        self._names = self._in_source(raw)
        self.swapped = self._is_swapped(raw)
        if self.swapped:
            self._names.reverse()
        if self._contradicts():
            self._names = []

    def terms(self) -> list[Term | None]:
        """For formulas, in the order of the op's own arguments."""
        return [*map(self._term, range(len(self.positional))), *([None] * len(self._named()))]

    def written(self) -> list[Term]:
        """In the order of the source."""
        terms = [self._term(index) or Term(self._text(each), ONE, None) for index, each in enumerate(self.positional)]
        return terms[::-1] if self.swapped else terms

    def call(self, name: str) -> str:
        """`sub(y_pred, y)`."""
        texts = [self._plain_name(index) or self._text(each) for index, each in enumerate(self.positional)]
        named = [self._text(each) for each in self._named() if not _is_left_out(each)]
        return f"{name}({', '.join([*(texts[::-1] if self.swapped else texts), *named])})"

    def plain(self) -> list[tuple[str, float]]:
        """The plain numbers for which the source has a variable."""
        found = []
        for index, each in enumerate(self.positional):
            name = self._plain_name(index)
            if name.isidentifier() and isinstance(each, (int, float)):
                found.append((name, each))
        return found

    # ---- in the source

    def _named(self) -> list[KeywordArg]:
        return [each for each in self.arguments if isinstance(each, KeywordArg)]

    def _in_source(self, raw: RawOp) -> list[str]:
        """The source of each positional argument; empty where it cannot be told."""
        if raw.site is None or not raw.direct:
            return []
        count = len(self.positional)
        operands = list(raw.site.operands)
        if raw.site.receiver and len(operands) + 1 == count:
            operands.insert(0, raw.site.receiver)
        return operands if len(operands) == count else []

    def _is_swapped(self, raw: RawOp) -> bool:
        """Whether the source has a number on the left, with which PyTorch exchanged the tensor."""
        if len(self._names) != 2 or raw.site is None or raw.site.receiver or name_of(raw) not in _EITHER_WAY:
            return False
        tensor, other = self.positional
        if not isinstance(tensor, ValueRef) or isinstance(other, (ValueRef, list)):
            return False
        straight = self._matches(self._names[0], tensor), self._matches(self._names[1], other)
        crossed = self._matches(self._names[1], tensor), self._matches(self._names[0], other)
        return False not in crossed and (False in straight or crossed.count(True) > straight.count(True))

    def _contradicts(self) -> bool:
        """Whether the source has something else there, so that its names must not be used."""
        matches = [self._matches(name, each) for name, each in zip(self._names, self.positional, strict=False)]
        return False in matches or (len(matches) == 2 and True not in matches)

    def _matches(self, source: str, argument: object) -> bool | None:
        """Whether that is the source of an argument; None where that cannot be told."""
        literal = _literal(source)
        if isinstance(argument, ValueRef):
            value = self._values[argument]
            if literal is not None:
                return False
            if source == value.name or (value.expression and source == _normal(value.expression)):
                return True
            return None
        if isinstance(argument, (list, str, KeywordArg)) or argument is None:
            return None
        return None if literal is None else literal == argument

    # ---- one argument

    def _plain_name(self, index: int) -> str:
        """The source of a plain number, if that is short."""
        argument = self.positional[index]
        if not self._names or isinstance(argument, ValueRef) or not isinstance(argument, (int, float)):
            return ""
        name = self._names[index]
        return name if len(name) <= LONGEST else ""

    def _term(self, index: int) -> Term | None:
        argument = self.positional[index]
        if isinstance(argument, ValueRef):
            value = self._values[argument]
            return Term(value.symbol, ONE, value_of(value.fact))
        if isinstance(argument, bool) or not isinstance(argument, (int, float)):
            return None
        text = self._plain_name(index) or f"{argument:g}"
        return Term(text, binds(text), torch.tensor(float(argument), dtype=torch.float64))

    def _text(self, argument: object) -> str:
        if isinstance(argument, ValueRef):
            return self._values[argument].name
        if isinstance(argument, KeywordArg):
            return f"{argument[0]}={self._text(argument[1])}"
        if isinstance(argument, list):
            return "[" + ", ".join(map(self._text, argument)) + "]"
        return repr(argument) if isinstance(argument, float) else str(argument)


def value_of(fact: Fact | None) -> torch.Tensor | None:
    """A small tensor, or a number, in double precision; None where its numbers are not known."""
    if fact is None or not isinstance(fact.value, (int, float, tuple)):
        return None
    return torch.tensor(fact.value, dtype=torch.float64).reshape(fact.shape if fact.shape is not None else ())


@cache
def binds(expression: str) -> int:
    """How tightly an expression of the source holds together."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return SUM
    if isinstance(tree, (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List)):
        return ONE
    return PRODUCT if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)) else SUM


def symbol_of(expression: str) -> str:
    """A short expression as a name of its value: in parentheses, unless it is one thing."""
    return expression if binds(expression) == ONE else f"({expression})"


@cache
def _literal(source: str) -> float | None:
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, (int, float)) else None


@cache
def _normal(expression: str) -> str:
    """As `ast.unparse` writes it."""
    try:
        return ast.unparse(ast.parse(expression, mode="eval"))
    except SyntaxError:
        return expression


def _is_left_out(argument: KeywordArg) -> bool:
    """An argument given by name that is left at its default, or has no short text."""
    return argument[1] is None or (isinstance(argument[1], str) and argument[1].startswith("<"))
