"""What cannot be cut, and why: one sentence each, with the line."""

from __future__ import annotations

import ast

from bptui.engine.compiler import syntax
from bptui.engine.compiler.classify import backward_calls
from bptui.engine.compiler.tree import Block
from bptui.engine.errors import CannotCut

_SEES_LOCALS = frozenset({"locals", "vars", "eval", "exec", "dir", "super"})


_GENERATOR = "{}() holds the training loop and is a generator; put the loop into a plain function"


def check_cuttable(node: ast.FunctionDef, tree: ast.Module) -> None:
    """Refuses a function whose body cannot be run in parts.

    Raises:
        CannotCut: a decorator, a generator, `locals()`, or a use of the function other than calling it.
    """
    name = node.name
    if node.decorator_list:
        raise CannotCut(f"{name}() holds the training loop and has a decorator; take it off to step it",
                        node.decorator_list[0].lineno)  # fmt: skip
    for each in (inner for statement in node.body for inner in syntax.walk(statement)):
        if isinstance(each, (ast.Yield, ast.YieldFrom, ast.Await)):
            raise CannotCut(_GENERATOR.format(name), each.lineno)
        if isinstance(each, ast.Nonlocal):
            raise CannotCut(f"{name}() holds the training loop and assigns nonlocal names", each.lineno)
        if isinstance(each, ast.Call) and syntax.function(each) in _SEES_LOCALS:
            if syntax.function(each) in {"locals", "super"} or len(each.args) < 2:
                raise CannotCut(f"{name}() holds the training loop and calls {syntax.function(each)}(), "
                                "which would see other names than it does now", each.lineno)  # fmt: skip
    definitions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == name]
    if len(definitions) > 1:
        raise CannotCut(f"{name}() holds the training loop and is defined more than once", definitions[1].lineno)


def check_every_backward(tree: ast.Module, blocks: list[Block]) -> None:
    """Refuses a script in which a backward would run without a step showing it.

    A cut function may also be called as an ordinary function, to evaluate say. That is found only when it happens:
    a backward in it then raises (see `interpreter/guard.py`).

    Raises:
        CannotCut: there is a backward that no step would run.
    """
    stepped = {id(call) for block in blocks for statement in block.statements for call in backward_calls(statement)}
    used = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    used |= {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    _check_below(tree, None, stepped, used)


def _check_below(node: ast.AST, owner: str | None, stepped: set[int], used: set[str]) -> None:
    if isinstance(node, ast.Call) and syntax.method(node) == "backward" and id(node) not in stepped:
        raise _not_stepped(node, owner)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and child.name not in used:
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            in_class = isinstance(node, ast.ClassDef)
            if child.name not in used and not (in_class and child.name.startswith("__")):
                continue  # never called: its backward never runs
            _check_below(
                child, f"{node.name}.{child.name}" if isinstance(node, ast.ClassDef) else child.name, stepped, used
            )
        else:
            _check_below(child, owner, stepped, used)


def _not_stepped(call: ast.Call, owner: str | None, function: ast.AST | None = None) -> CannotCut:
    for each in ast.walk(function) if function is not None else ():
        if isinstance(each, (ast.Yield, ast.YieldFrom)):
            return CannotCut(_GENERATOR.format(owner), each.lineno)
    where = f"the backward in {owner}()" if owner else "this backward"
    if owner and "." in owner:
        return CannotCut(f"{where} is inside a class; move the training loop into a plain function or the module",
                         call.lineno)  # fmt: skip
    return CannotCut(f"{where} is run by other code than the script's own loop (a closure, a callback, a lambda, "
                     "a comprehension); call it from a plain loop", call.lineno)  # fmt: skip


def why_nothing_to_cut(tree: ast.Module) -> CannotCut:
    """The reason why no loop was found."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for inner in ast.walk(each):
                        if isinstance(inner, ast.Call) and syntax.method(inner) == "backward":
                            return _not_stepped(inner, f"{node.name}.{each.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and any(map(backward_calls, node.body)):
            return CannotCut(f"{node.name}() holds the training loop and is async; use a plain function", node.lineno)
        if isinstance(node, ast.Call) and syntax.method(node) == "backward":
            around = _function_around(tree, node)
            return _not_stepped(node, around.name if around else None, around)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and syntax.method(node) == "grad" and syntax.root(node) in {"torch", "autograd"}:
            return CannotCut("gradients come from autograd.grad here; only loops that call .backward() can be stepped",
                             node.lineno)  # fmt: skip
    return CannotCut("no .backward() found: there is no training loop to step", None)


def _function_around(tree: ast.Module, call: ast.Call) -> ast.FunctionDef | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(each is call for each in ast.walk(node)):
            return node
    return None
