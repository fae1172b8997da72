"""Pieces of a scope, compiled so that they run one by one and yet are the script's own lines in the script's own names.

At module level a piece is module code. In a function the pieces are closures that share the function's variables: a
twin of the function, defined beside it, takes the same parameters and returns one inner function for each piece, with
`nonlocal` for what it assigns. So `global`, comprehensions, lambdas and inner functions mean what they always mean.
`break`, `continue` and `return` that leave a piece become what the piece returns.
"""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Callable
from typing import Any

from bptui.engine.compiler import syntax
from bptui.engine.compiler.instructions import ITEM, Code, Piece
from bptui.engine.interpreter.guard import Guarded

BREAK = "break"
CONTINUE = "continue"

CompiledPiece = Callable[..., Any]
"""A compiled piece: called with the item if it takes one; returns None, BREAK, CONTINUE, (value,) or the expression."""

FRAME = "__bptui_frame__"
"""The attribute of a cut function that holds its twin."""


class Compiler:
    """Compiles the pieces of all scopes of one script."""

    def __init__(self, filename: str, tree: ast.Module, codes: dict[str, Code]) -> None:
        self._filename = filename
        self._flags = _future_flags(tree)
        self._codes = codes

    def module_pieces(self, code: Code, namespace: dict[str, Any]) -> list[CompiledPiece]:
        """The module's pieces, ready to run in its namespace."""
        return [self._bound(piece, namespace) for piece in code.pieces]

    def _bound(self, piece: Piece, namespace: dict[str, Any]) -> CompiledPiece:
        if piece.expression is not None and piece.takes_item:
            given = ast.Lambda(_arguments([ITEM]), piece.expression)
            made: CompiledPiece = eval(self._compile(ast.Expression(given), "eval"), namespace)
            return made
        # A code object of mode "eval" or "exec", made a function: called, it runs in the namespace without the cost of
        # `eval`, and "exec" code stores its names there, as module code does.
        if piece.expression is not None:
            return types.FunctionType(self._compile(ast.Expression(piece.expression), "eval"), namespace)
        statements = self._with_twins(piece.statements)
        if not piece.takes_item and not syntax.escapes(statements):
            return types.FunctionType(self._compile(ast.Module(statements, []), "exec"), namespace)
        statements = _EscapesAsReturns().apply(statements)
        # With an item, or with escapes, it has to be a function: `global` makes its assignments the module's still.
        names = sorted(syntax.bound_names(statements))
        inner = _function("<module>", piece.takes_item, [*([ast.Global(names)] if names else []), *statements])
        module_code = self._compile(ast.Module([inner], []), "exec")
        found = next(each for each in module_code.co_consts if isinstance(each, types.CodeType))
        return types.FunctionType(found, namespace, "<module>")

    def _compile(self, tree: Any, mode: str) -> types.CodeType:
        compiled: types.CodeType = compile(
            ast.fix_missing_locations(tree),
            self._filename,
            mode,
            flags=self._flags,
            dont_inherit=True,
        )
        return _renamed(compiled)

    def _with_twins(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """The statements, each cut function that they define followed by the definition of its twin."""
        twins = _Twins({name: self._twin(name) for name in _defined(statements) if name in self._codes})
        return [each for statement in statements for each in _as_list(twins.visit(copy.deepcopy(statement)))]

    def _twin(self, name: str) -> list[ast.stmt]:
        """The definition of a cut function's twin, which is then moved to the attribute `FRAME` of the function."""
        code = self._codes[name]
        node = code.scope.node
        assert isinstance(node, ast.FunctionDef)
        arguments = _same_arguments(node)
        given = [each.arg for each in ast.walk(arguments) if isinstance(each, ast.arg)]
        declared = {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}
        names = sorted((syntax.bound_names(node.body) | set(given)) - declared)
        twin = f"__bptui_frame_{name}__"
        # Never run. It makes the names variables of the twin, so that the pieces can declare them nonlocal.
        declarations: list[ast.stmt] = [
            ast.If(
                ast.Constant(0), [ast.Assign([ast.Name(each, ast.Store()) for each in names], ast.Constant(None))], []
            )
        ]
        inner = [self._inner(f"__bptui_piece_{name}__{i}", p, names, declared) for i, p in enumerate(code.pieces)]
        # Never run either: a function that uses all of the names has all of their cells, which `Cells` reads.
        uses: list[ast.stmt] = [ast.Expr(ast.Name(each, ast.Load())) for each in names]
        inner.append(_function("__bptui_cells__", False, [ast.If(ast.Constant(0), uses or [ast.Pass()], [])]))
        pieces = ast.Return(ast.Tuple([ast.Name(each.name, ast.Load()) for each in inner], ast.Load()))
        body = [*(declarations if names else []), *inner, pieces]
        define = _define(twin, arguments, body)
        attach = ast.parse(
            f"{twin}.__defaults__, {twin}.__kwdefaults__ = {name}.__defaults__, {name}.__kwdefaults__\n"
            f"{twin}.__qualname__ = {name}.__qualname__\n"
            f"{name}.{FRAME} = {twin}\ndel {twin}"
        ).body
        return [ast.fix_missing_locations(ast.copy_location(each, node)) for each in (define, *attach)]

    def _inner(self, name: str, piece: Piece, names: list[str], declared: set[str]) -> ast.FunctionDef:
        if piece.expression is not None:
            statements: list[ast.stmt] = [ast.copy_location(ast.Return(piece.expression), piece.expression)]
        else:
            statements = _EscapesAsReturns().apply(self._with_twins(piece.statements))
        shared = sorted(syntax.bound_names(statements) & set(names))
        heads: list[ast.stmt] = [ast.Nonlocal(shared)] if shared else []
        if declared:
            heads.append(ast.Global(sorted(declared)))
        return _function(name, piece.takes_item, [*heads, *statements])


def _same_arguments(node: ast.FunctionDef) -> ast.arguments:
    """The function's parameters; the values of its defaults are set on the twin itself."""
    arguments = copy.deepcopy(node.args)
    for each in ast.walk(arguments):
        if isinstance(each, ast.arg):
            each.annotation = None
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [default and ast.Constant(None) for default in arguments.kw_defaults]
    return arguments


def _function(name: str, takes_item: bool, body: list[ast.stmt]) -> ast.FunctionDef:
    return _define(name, _arguments([ITEM] if takes_item else []), body or [ast.Pass()])


def _arguments(names: list[str]) -> ast.arguments:
    return ast.arguments([], [ast.arg(each) for each in names], None, [], [], None, [])


def _define(name: str, arguments: ast.arguments, body: list[ast.stmt]) -> ast.FunctionDef:
    node = ast.FunctionDef(name, arguments, body, [])
    vars(node).setdefault("type_params", [])  # Python 3.12 wants it
    return node


class _EscapesAsReturns(ast.NodeTransformer):
    """Makes escapes plain returns, and annotated assignments plain ones (a global or nonlocal takes no annotation)."""

    def __init__(self) -> None:
        self._in_loop = 0

    def apply(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        return [each for statement in statements for each in _as_list(self.visit(copy.deepcopy(statement)))]

    def visit_Return(self, node: ast.Return) -> ast.Return:
        value = node.value or ast.Constant(None)
        return ast.copy_location(ast.Return(ast.Tuple([value], ast.Load())), node)

    def visit_Break(self, node: ast.Break) -> ast.stmt:
        return node if self._in_loop else ast.copy_location(ast.Return(ast.Constant(BREAK)), node)

    def visit_Continue(self, node: ast.Continue) -> ast.stmt:
        return node if self._in_loop else ast.copy_location(ast.Return(ast.Constant(CONTINUE)), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if not isinstance(node.target, ast.Name):
            return node
        value = ast.Assign([node.target], node.value) if node.value is not None else ast.Pass()
        return ast.copy_location(value, node)

    def _loop(self, node: ast.For | ast.While) -> ast.stmt:
        self._in_loop += 1
        node.body = [each for statement in node.body for each in _as_list(self.visit(statement))]
        self._in_loop -= 1
        node.orelse = [each for statement in node.orelse for each in _as_list(self.visit(statement))]
        return node

    visit_For = visit_While = _loop  # noqa: N815

    def _leave(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _leave  # noqa: N815


class _Twins(ast.NodeTransformer):
    def __init__(self, twins: dict[str, list[ast.stmt]]) -> None:
        self._twins = twins

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.generic_visit(node)
        if node.name not in self._twins:
            return node
        return [Guarded().visit(node), *self._twins[node.name]]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        return node


def _defined(statements: list[ast.stmt]) -> set[str]:
    return {each.name for statement in statements for each in ast.walk(statement) if isinstance(each, ast.FunctionDef)}


def _as_list(nodes: Any) -> list[ast.stmt]:
    return nodes if isinstance(nodes, list) else [nodes]


def _renamed(code: types.CodeType) -> types.CodeType:
    """The code, pieces of a function under that function's name: so a traceback names what the person wrote."""
    constants = tuple(_renamed(each) if isinstance(each, types.CodeType) else each for each in code.co_consts)
    name = code.co_name
    if name.startswith("__bptui_piece_"):
        name = name.removeprefix("__bptui_piece_").rsplit("__", 1)[0]
    return code.replace(co_consts=constants, co_name=name)


def _future_flags(tree: ast.Module) -> int:
    import __future__

    names = [alias.name for each in tree.body if isinstance(each, ast.ImportFrom) and each.module == "__future__"
             for alias in each.names]  # fmt: skip
    flags = 0
    for name in names:
        flags |= getattr(__future__, name).compiler_flag
    return flags
