"""Refuses a backward that would run without a step showing it.

A function that holds phases is run in parts through its twin (see `pieces.py`). The function itself can still be called
as usual, since a script may call it where nothing goes backward: `loss_batch(model, x, y)` to validate. If a backward
ran there, no step would show it; so a call that raises is put before each backward in the function itself.
"""

from __future__ import annotations

import ast

from bptui.engine.compiler.classify import backward_calls
from bptui.engine.errors import LateRefusal

REFUSE = "__bptui_refuse__"
"""The function, put into the script's namespace, that refuses."""


def refuse(line: int) -> None:
    """Called in the place before a backward.

    Raises:
        LateRefusal: always.
    """
    raise LateRefusal(
        "this backward is reached by other code than the script's own loop; call it from a plain loop", line
    )


class Guarded(ast.NodeTransformer):
    """Puts the refusal before each statement that goes backward."""

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt]:
        if not backward_calls(node):
            return [node]
        refusal = ast.Expr(ast.Call(ast.Name(REFUSE, ast.Load()), [ast.Constant(node.lineno)], []))
        return [ast.fix_missing_locations(ast.copy_location(refusal, node)), node]
