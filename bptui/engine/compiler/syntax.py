"""Questions about Python syntax: which names a statement reads and binds, what it calls, where it leaves."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LOOPS = (ast.For, ast.While)
COMPOUND = (ast.For, ast.While, ast.If, ast.With, ast.Try)
MUTATORS = frozenset({"append", "extend", "insert", "update", "add", "setdefault"})
"""Methods that change the container they are called on."""


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of this scope, in source order: bodies of nested functions and classes are left out."""
    yield node
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return
    for child in ast.iter_child_nodes(node):
        yield from walk(child)


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """Every call in this scope of the node."""
    return (each for each in walk(node) if isinstance(each, ast.Call))


def method(call: ast.Call) -> str | None:
    """The method's name in `receiver.method(…)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else None


def function(call: ast.Call) -> str | None:
    """The function's name in `name(…)`."""
    return call.func.id if isinstance(call.func, ast.Name) else None


def root(node: ast.AST) -> str | None:
    """The name at the bottom of a chain of attributes, subscripts and calls: `w` for `w.grad.data[0].item()`."""
    while not isinstance(node, ast.Name):
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return None
    return node.id


def reads(node: ast.AST) -> set[str]:
    """Names that are loaded anywhere below the node, nested functions included."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def binds(node: ast.AST) -> set[str]:
    """Names that the node binds in its own scope: assignment, loop target, import, def, class, `as`, walrus, del."""
    names: set[str] = set()
    inner = {id(name) for each in walk(node) if isinstance(each, ast.comprehension) for name in ast.walk(each.target)}
    for each in walk(node):
        if id(each) in inner:  # the target of a comprehension lives in a scope of its own
            continue
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            names.add(each.id)
        elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(each.name)
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in each.names}
        elif (isinstance(each, ast.ExceptHandler) and each.name) or (
            isinstance(each, (ast.MatchAs, ast.MatchStar)) and each.name
        ):
            names.add(each.name)
        elif isinstance(each, ast.MatchMapping) and each.rest:
            names.add(each.rest)
    return names


def changed_names(node: ast.AST) -> set[str]:
    """Names whose value the statement sets or changes: bound ones, `name[…] = `, `name.attr = `, `name.append(…)`."""
    names = binds(node)
    for each in walk(node):
        if isinstance(each, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            names |= {name for target in targets if (name := root(target))}
        elif isinstance(each, ast.Call) and method(each) in MUTATORS and isinstance(each.func, ast.Attribute):
            name = root(each.func.value)
            names |= {name} if name else set()
    return names


def mentions_grad(node: ast.AST) -> bool:
    """Whether an attribute `.grad` occurs below the node."""
    return any(isinstance(each, ast.Attribute) and each.attr == "grad" for each in ast.walk(node))


def escapes(statements: Sequence[ast.stmt]) -> bool:
    """Whether the statements hold a `break`, `continue` or `return` that leaves them."""
    return any(_escapes(statement, in_loop=False) for statement in statements)


def _escapes(node: ast.AST, in_loop: bool) -> bool:
    if isinstance(node, ast.Return):
        return True
    if isinstance(node, (ast.Break, ast.Continue)):
        return not in_loop
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return False
    if isinstance(node, LOOPS):
        return any(_escapes(each, True) for each in node.body) or any(_escapes(each, in_loop) for each in node.orelse)
    return any(_escapes(each, in_loop) for each in ast.iter_child_nodes(node))


def suites(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The suites of a compound statement, in order; handlers' bodies included."""
    found = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    return found + [handler.body for handler in getattr(statement, "handlers", [])]


def header(statement: ast.stmt) -> list[ast.AST]:
    """What a compound statement evaluates itself; the whole statement if it is a simple one."""
    if isinstance(statement, ast.For):
        return [statement.target, statement.iter]
    if isinstance(statement, (ast.If, ast.While)):
        return [statement.test]
    if isinstance(statement, ast.With):
        return list(statement.items)
    return [] if isinstance(statement, ast.Try) else [statement]


def evaluated_first(statement: ast.stmt, call: ast.Call) -> bool:
    """Whether nothing else of the statement that could matter is evaluated before the call.

    Enclosing calls are entered after it, and plain names and constants do not matter: `losses.append(step(x))`.
    """
    if not isinstance(statement, (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)):
        return False
    inside = {id(each) for each in ast.walk(call)} - {id(call)}
    around = [each for each in walk(statement) if id(each) not in inside]
    if any(isinstance(each, (ast.IfExp, ast.BoolOp, ast.Lambda, ast.comprehension)) for each in around):
        return False
    others = [each for each in around if isinstance(each, ast.Call)]
    return all(any(each is call for each in ast.walk(other)) for other in others)


def bound_names(statements: Sequence[ast.stmt]) -> set[str]:
    """Names that the statements bind in their own scope."""
    return set().union(*map(binds, statements))


def names_in(target: ast.expr) -> list[str]:
    """The plain names of an assignment's target, in order."""
    return [each.id for each in ast.walk(target) if isinstance(each, ast.Name)]


def every_name(tree: ast.AST) -> set[str]:
    """Every name that the source binds anywhere, `*` where it takes all of a module's."""
    names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    for each in ast.walk(tree):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(each.name)
        elif isinstance(each, ast.alias):
            names.add(each.asname or each.name.partition(".")[0])
        elif isinstance(each, ast.arg):
            names.add(each.arg)
        elif isinstance(each, ast.ExceptHandler) and each.name:
            names.add(each.name)
    return names
