"""Local derivatives of common ops as formulas, in the names of the program: `2r` for `r ** 2`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from bptui.engine.tape.terms import ONE, PRODUCT, Term, call, number

OperandTerms = Sequence[Term | None]
"""What an op took, in the order of its node's edges; None for what is not known."""

MATRIX = "@"
"""What a formula ends or begins with that is multiplied as a matrix, from the left or from the right."""


class _NotKnown(Exception):
    """A formula needs an operand that is not known."""


class _Terms:
    """The operands, of which each must be known that is asked for."""

    def __init__(self, operands: OperandTerms) -> None:
        self._operands = operands

    def __getitem__(self, index: int) -> Term:
        term = self._operands[index] if index < len(self._operands) else None
        if term is None:
            raise _NotKnown
        return term

    def __len__(self) -> int:
        return len(self._operands)


_ONE, _MINUS = number(1), number(-1)
Formula = Callable[[_Terms], Term]


def _left(factor: Term) -> Term:
    return Term(f"{factor.within(ONE)} {MATRIX}", ONE, factor.value)


def _right(factor: Term) -> Term:
    return Term(f"{MATRIX} {factor.within(ONE)}", ONE, factor.value)


def _of_two(one: Formula, other: Formula) -> tuple[Formula, Formula]:
    """Formulas of an op of two operands, and of nothing else, such as an `alpha`."""

    def only(formula: Formula) -> Formula:
        def made(s: _Terms) -> Term:
            if len(s) != 2:
                raise _NotKnown
            return formula(s)

        return made

    return only(one), only(other)


def _power(s: _Terms) -> Term:
    """By the base: `2r`, `n·r^(n - 1)`."""
    exponent = s[1]
    if exponent.is_number and exponent.value is not None:
        less = exponent.value.item() - 1
        return exponent * s[0] ** number(less) if less != -1 else number(0)
    return exponent * s[0] ** (exponent - _ONE)


def _exponential(s: _Terms) -> Term:
    """By the exponent: `2^w·ln(2)`."""
    return s[0] ** s[1] * call("ln", s[0], torch.log)


def _one(_s: _Terms) -> Term:
    return _ONE


def _minus(_s: _Terms) -> Term:
    return _MINUS


def _sigmoid(s: _Terms) -> Term:
    made = call("σ", s[0], torch.sigmoid)
    return made * (_ONE - made)


def _sqrt(s: _Terms) -> Term:
    return Term(f"1/(2√{s[0].text})", PRODUCT, None if s[0].value is None else 0.5 / s[0].value.sqrt())


def _relu(s: _Terms) -> Term:
    return Term(f"[{s[0].bare} > 0]", ONE, None if s[0].value is None else (s[0].value > 0).double())


def _outer(_s: _Terms) -> Term:
    """An outer product, which no factor tells."""
    raise _NotKnown


_FORMULAS: dict[str, tuple[Formula, ...]] = {
    "Mul": (lambda s: s[1], lambda s: s[0]),
    "Add": _of_two(_one, _one),
    "Sub": _of_two(_one, _minus),
    "Rsub": _of_two(_minus, _one),
    "Div": (lambda s: _ONE / s[1], lambda s: -(s[0] / s[1] ** number(2))),
    "Pow": (_power, _exponential),
    "Neg": (_minus,),
    "Exp": (lambda s: call("exp", s[0], torch.exp),),
    "Log": (lambda s: _ONE / s[0],),
    "Sqrt": (_sqrt,),
    "Abs": (lambda s: call("sign", s[0], torch.sign),),
    "Sin": (lambda s: call("cos", s[0], torch.cos),),
    "Cos": (lambda s: -call("sin", s[0], torch.sin),),
    "Sigmoid": (_sigmoid,),
    "Tanh": (lambda s: _ONE - call("tanh", s[0], lambda x: torch.tanh(x) ** 2, "²"),),
    "Relu": (_relu,),
    "Reciprocal": (lambda s: -(_ONE / s[0] ** number(2)),),
    "Mm": (lambda s: _right(s[1].transposed), lambda s: _left(s[0].transposed)),
    "Mv": (_outer, lambda s: _left(s[0].transposed)),
    "Dot": (lambda s: s[1], lambda s: s[0]),
    **dict.fromkeys(("Sum", "View", "Reshape", "Clone", "Squeeze", "Unsqueeze", "Expand"), (_one,)),
}  # `[r > 0]` is Iverson's bracket: 1 where it holds, else 0


def formula(node: str, operands: OperandTerms, edge: int) -> Term | None:
    """The derivative by what the op took along that edge, by the name of its node; None where there is none."""
    kind = node.rstrip("0123456789").removesuffix("Backward")
    if node == "PowBackward2":  # a number to the power of a tensor: its only edge is the exponent's
        edge = 1
    made = _FORMULAS.get(kind, ())
    try:
        return made[edge](_Terms(operands)) if edge < len(made) else None
    except _NotKnown:
        return None


_WRITTEN: dict[str, Callable[..., Term]] = {
    "mul": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
}


def written(name: str, operands: Sequence[Term]) -> str:
    """What the op computes: `x·w`, `r²`, `sigmoid(z)`."""
    name = name.rstrip("_")
    if name in _WRITTEN and len(operands) == 2 - (name == "neg"):
        return _WRITTEN[name](*operands).text
    return f"{name}({', '.join(each.bare for each in operands)})"
