"""Local derivatives of common ops as formulas, in the names of the program: `2r` for `r ** 2`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_SIMPLE = re.compile(r"[A-Za-z]|\(.*\)")
_WORD = re.compile(r"[\w.%]+(\(.*\))?|\(.*\)")
_POWERS = {2: "²", 3: "³"}

Formula = Callable[[Sequence[str]], Sequence[str]]
"""From the symbols of what an op took to its derivative by each of them."""


def times(number: str, symbol: str) -> str:
    """`2r`, `2·y_pred`, `2(y_pred - y)`."""
    if number == "1":
        return symbol
    return f"{number}{symbol}" if _SIMPLE.fullmatch(symbol) else f"{number}·{symbol}"


def power(symbol: str, exponent: float) -> str:
    """`r²`, `r^4`."""
    if exponent == 1:
        return symbol
    base = symbol if _WORD.fullmatch(symbol) else f"({symbol})"
    return base + _POWERS.get(int(exponent) if exponent == int(exponent) else 0, f"^{exponent:g}")


def _power_of(symbols: Sequence[str]) -> Sequence[str]:
    try:
        exponent = float(symbols[1])
    except (ValueError, IndexError):
        return ()
    return (times(f"{exponent:g}", power(symbols[0], exponent - 1)) if exponent != 0 else "0",)


_FORMULAS: dict[str, Formula] = {
    "Mul": lambda s: (s[1], s[0]),
    "Add": lambda s: ("1", "1") if len(s) == 2 else (),
    "Sub": lambda s: ("1", "-1") if len(s) == 2 else (),
    "Rsub": lambda s: ("1", "-1") if len(s) == 2 else (),
    "Div": lambda s: (f"1/{s[1]}", f"-{s[0]}/{power(s[1], 2)}"),
    "Pow": _power_of,
    "Neg": lambda s: ("-1",),
    "Exp": lambda s: (f"exp({s[0]})",),
    "Log": lambda s: (f"1/{s[0]}",),
    "Sqrt": lambda s: (f"1/(2√{s[0]})",),
    "Abs": lambda s: (f"sign({s[0]})",),
    "Sin": lambda s: (f"cos({s[0]})",),
    "Cos": lambda s: (f"-sin({s[0]})",),
    "Sigmoid": lambda s: (f"σ({s[0]})(1 - σ({s[0]}))",),
    "Tanh": lambda s: (f"1 - tanh²({s[0]})",),
    "Relu": lambda s: (f"[{s[0]} > 0]",),
    "Reciprocal": lambda s: (f"-1/{power(s[0], 2)}",),
    "Mm": lambda s: (f"{s[1]}ᵀ", f"{s[0]}ᵀ"),
    "Mv": lambda s: (s[1], s[0]),
    "Dot": lambda s: (s[1], s[0]),
    "Sum": lambda s: ("1",),
    "View": lambda s: ("1",),
    "Reshape": lambda s: ("1",),
    "Clone": lambda s: ("1",),
    "Squeeze": lambda s: ("1",),
    "Unsqueeze": lambda s: ("1",),
}  # `[r > 0]` is Iverson's bracket: 1 where it holds, else 0

_WRITTEN: dict[str, Callable[[Sequence[str]], str]] = {
    "mul": lambda s: f"{s[0]}·{s[1]}",
    "add": lambda s: f"{s[0]} + {s[1]}",
    "sub": lambda s: f"{s[0]} - {s[1]}",
    "div": lambda s: f"{s[0]}/{s[1]}",
    "neg": lambda s: f"-{s[0]}",
}


def formulas(node: str, symbols: Sequence[str]) -> Sequence[str]:
    """The derivative by each thing that the op took, by the name of its autograd node; nothing where there is none."""
    made = _FORMULAS.get(node.rstrip("0123456789").removesuffix("Backward"))
    try:
        return made(symbols) if made is not None else ()
    except IndexError:
        return ()


def written(name: str, symbols: Sequence[str]) -> str:
    """What the op computes: `x·w`, `r²`, `sigmoid(z)`."""
    name = name.rstrip("_")
    try:
        if name == "pow":
            return power(symbols[0], float(symbols[1]))
        if name in _WRITTEN and len(symbols) == 2 - (name == "neg"):
            return _WRITTEN[name](symbols)
    except (ValueError, IndexError):
        pass
    return f"{name}({', '.join(symbols)})"
