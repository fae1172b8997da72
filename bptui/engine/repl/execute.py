"""Runs Python that a person typed in the scope being run, as that scope's own code would run.

At module level it is module code. In a function it is a closure over the function's own cells, so that comprehensions,
lambdas and assignments mean what they always mean; names that the function does not have are there for typed code only
(`Namespace.typed`).
"""

from __future__ import annotations

import ast
import textwrap
import types
from typing import Any

from bptui.engine.compiler import syntax
from bptui.engine.errors import PROMPT
from bptui.engine.expressions.expression import as_meant
from bptui.engine.expressions.namespace import NOTHING, Namespace
from bptui.protocol.expression import statements


def parsed(text: str, scope: Namespace) -> ast.Module:
    """What was typed, as Python reads it; names of parameters are read as the screen means them.

    An expression alone means what it means in a condition or a watch. Statements are Python's own.

    Raises:
        SyntaxError: it is no Python.
        ValueError: it holds what no source may hold.
    """
    module = statements(textwrap.dedent(text).strip(), scope.parameters, PROMPT)
    if len(module.body) == 1 and isinstance(only := module.body[0], ast.Expr):
        only.value = as_meant(only.value).body
    return module


def value_of(expression: ast.expr, scope: Namespace) -> Any:
    """Evaluate an expression. Names that it binds (`:=`) are bound.

    Raises:
        BaseException: whatever it raises.
    """
    with scope.lent(_mentioned(expression)):
        if not scope.function:
            return eval(_compiled(ast.Expression(expression), "eval"), scope.module)
        return _in_function([ast.copy_location(ast.Return(expression), expression)], scope)


def run(module: ast.Module, scope: Namespace) -> set[str]:
    """Run statements; the values of those that are expressions go to `sys.displayhook`.

    Returns the names that are there for typed code only, where they are new.

    Raises:
        BaseException: whatever they raise.
    """
    with scope.lent(_mentioned(module)):
        if not scope.function:
            exec(_compiled(ast.Interactive(module.body), "single"), scope.module)
            return set()
        _compiled(module, "exec")  # a `return` is an error here; in the function that it is put into it would be none
        before = set(scope.typed)
        for statement in module.body:
            _in_function([_Shown().visit(statement)], scope)
        return set(scope.typed) - before


def _mentioned(tree: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}


def _compiled(tree: Any, mode: str) -> types.CodeType:
    code: types.CodeType = compile(ast.fix_missing_locations(tree), PROMPT, mode, dont_inherit=True)
    return code


def _in_function(statements: list[ast.stmt], scope: Namespace) -> Any:
    """Run statements as an inner function of the one being run, and give what they return."""
    itself = {
        name for each in statements for node in ast.walk(each) if isinstance(node, ast.Global) for name in node.names
    }
    bound = syntax.bound_names(statements) - itself - {"*"}
    ours = bound - scope.declared
    cells = _cells(scope, ours)
    heads: list[ast.stmt] = [ast.Nonlocal(sorted(ours))] if ours else []
    if bound & scope.declared:
        heads.append(ast.Global(sorted(bound & scope.declared)))
    # As in `interpreter/pieces.py`: never run, but the inner function then has a cell for each name, to be replaced.
    uses: list[ast.stmt] = [ast.Expr(ast.Name(name, ast.Load())) for name in sorted(cells)]
    last: list[ast.stmt] = [ast.If(ast.Constant(0), uses, [])] if uses else []
    inner = _function(scope.function, [*heads, *statements, *last])
    declarations = [ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)) for name in sorted(cells)]
    around = _function("around", [*declarations, inner])
    code = _compiled(ast.Module([around], []), "exec")
    for _ in range(2):
        code = next(each for each in code.co_consts if isinstance(each, types.CodeType))
    closure = tuple(cells[name] for name in code.co_freevars)
    try:
        return types.FunctionType(code, scope.module, scope.function, None, closure)()
    finally:
        for name in cells.keys() - scope.cells.keys():
            _store(name, cells[name], scope)


def _cells(scope: Namespace, bound: set[str]) -> dict[str, types.CellType]:
    """A cell for each name of the function, and for each that typed code gave or gives a value to.

    A variable that is not assigned yet and is only read is left out: then Python says that there is no such name.
    """
    cells = {name: cell for name, cell in scope.cells.items() if name in bound or name in scope.own}
    for name, value in scope.typed.items():
        cells.setdefault(name, types.CellType(value))
    for name in bound - cells.keys():
        value = scope.find(name)
        cells[name] = types.CellType() if value is NOTHING else types.CellType(value)
    return cells


def _store(name: str, cell: types.CellType, scope: Namespace) -> None:
    """Remember the value that code gave to a name which the function does not have, unless it only read it."""
    try:
        value = cell.cell_contents
    except ValueError:  # deleted, or never assigned
        scope.typed.pop(name, None)
        return
    if name in scope.typed or value is not scope.find(name):
        scope.typed[name] = value


def _function(name: str, body: list[ast.stmt]) -> ast.FunctionDef:
    function = ast.parse("def name(): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.name, function.body = name, body or function.body
    return function


class _Shown(ast.NodeTransformer):
    """Shows the value of each statement that is an expression, as a prompt does, also inside `for` and `if`."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        importing = ast.Call(ast.Name("__import__", ast.Load()), [ast.Constant("sys")], [])
        show = ast.Call(ast.Attribute(importing, "displayhook", ast.Load()), [node.value], [])
        return ast.copy_location(ast.Expr(show), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """`x: int = 5`: a variable of an outer function may not be annotated."""
        if not isinstance(node.target, ast.Name):
            return node
        value = ast.Assign([node.target], node.value) if node.value is not None else ast.Pass()
        return ast.copy_location(value, node)

    def _leave(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _leave  # noqa: N815
