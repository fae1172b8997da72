"""A backward that would run unseen says so.

A function that holds phases is run in parts by way of its twin. The function itself stays callable as it is, since a
script may also call it where nothing goes backward (`loss_batch(model, x, y)` to validate). Should it come to a
backward there, no step would show it: so each backward in it is preceded by a call that refuses.
"""

from __future__ import annotations

import ast

from bptui.engine.compiler.classify import backward_calls
from bptui.engine.errors import LateRefusal

UNSEEN = "__bptui_unseen__"
"""The function, put into the script's namespace, that refuses."""


def refuse(line: int) -> None:
    """Stand before a backward.

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
        refusal = ast.Expr(ast.Call(ast.Name(UNSEEN, ast.Load()), [ast.Constant(node.lineno)], []))
        return [ast.fix_missing_locations(ast.copy_location(refusal, node)), node]
