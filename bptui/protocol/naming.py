"""Names of parameters: as the screen has them, and as Python can read them.

`model.0.weight`, `net.3x3.bias` and `leaf 0` are no Python. In text that Python is to read, each part that is no
identifier is written as one that holds it, and `decoded` puts it back into the syntax tree: an attribute may be called
anything there, and PyTorch finds the parts of a module by exactly these names.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable

_STRING = r"'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\""
_PATH = r"(?<![\w.\])])[^\W\d]\w*(?:\.\w+|\[[^\[\]]*\])+"
_LEAF = r"\bleaf \d+\b"
_NAMES = re.compile(rf"(?P<string>{_STRING})|(?P<leaf>{_LEAF})|(?P<path>{_PATH})", re.DOTALL)
"""What is in quotes is no name."""
_PART = re.compile(r"\[(?P<index>[^\[\]]*)\]|\.(?P<attribute>\w+)")
_ENCODED = re.compile(r"__bptui_name_([0-9a-f]+)__")


def as_python(text: str, names: Iterable[str] = ()) -> str:
    """The text with the names of parameters as Python can read them. `names`: those there are, whatever is in them."""
    odd = [re.escape(name) for name in names if not re.fullmatch(f"{_LEAF}|{_PATH}|\\w+", name)]
    pattern = _NAMES
    if odd:  # the longest first: `conv-1.weight_g` begins with `conv-1.weight`
        longest = "|".join(sorted(odd, key=len, reverse=True))
        pattern = re.compile(rf"(?P<odd>(?<![\w.])(?:{longest})(?!\w))|{_NAMES.pattern}", re.DOTALL)
    return pattern.sub(_rewritten, text)


def _rewritten(match: re.Match[str]) -> str:
    kind, text = match.lastgroup, match[0]
    if kind == "path":
        return _PART.sub(_rewritten_part, text)
    return text if kind == "string" else _encoded(text)


def _rewritten_part(match: re.Match[str]) -> str:
    if (index := match["index"]) is not None:
        return f"[{as_python(index)}]"
    part = match["attribute"]
    return f".{part if part.isidentifier() and not keyword.iskeyword(part) else _encoded(part)}"


def _encoded(name: str) -> str:
    return f"__bptui_name_{name.encode().hex()}__"


def readable(text: str) -> str:
    """Text of Python's about such an expression, an error's for example, with the names as they are shown."""
    return _ENCODED.sub(lambda match: bytes.fromhex(match[1]).decode(), text)


def shown_name(identifier: str) -> str | None:
    """The name that an identifier of `as_python` holds; None if it is no such identifier."""
    return readable(identifier) if _ENCODED.fullmatch(identifier) else None


class _Decoder(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = readable(node.attr)
        return self.generic_visit(node)


def decode(tree: ast.AST) -> None:
    """Give the attributes in a tree of such text their own names; identifiers stay as they are encoded."""
    _Decoder().visit(tree)
