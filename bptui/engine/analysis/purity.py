"""What a forward does besides computing. Only one that does nothing else can be run again without anyone noticing.

This is decided from the source: the forward's own statements, and every function of the script that they may call.
Changing what the same call made (a list that it fills, a tensor that it writes into) is computing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from bptui.engine.compiler import syntax

_CHANGES = syntax.MUTATORS | {"pop", "popleft", "remove", "clear", "appendleft", "discard", "reverse"}
_SENDS = frozenset({"write", "writelines", "send", "put", "step", "add_scalar", "register_hook", "load_state_dict"})
_CALLS = frozenset({"next", "open", "input", "setattr", "delattr", "exec", "eval"})
_MAKERS = frozenset({"list", "dict", "set", "deque", "defaultdict", "OrderedDict", "Counter", "bytearray"})
_DISPLAYS = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Set, ast.SetComp)
_ALWAYS = ("forward", "backward", "setup_context", "__call__")
"""Methods that run without their names being written."""

Body = Sequence[ast.AST]


def impurity(tree: ast.Module, statements: list[ast.stmt], *, copied: bool) -> str:
    """What the forward does besides computing; empty if nothing.

    `copied`: it works on copies of all tensors, so that writing into them is harmless.
    """
    bodies: dict[str, list[Body]] = {}
    for name, body in _functions(tree):
        bodies.setdefault(name, []).append(body)
    waiting: list[Body] = [statements, *(body for name in _ALWAYS for body in bodies.get(name, ()))]
    visited = {"__init__", *_ALWAYS}
    tensors = _made(tree.body, _is_tensor) if copied else set()
    while waiting:
        body = waiting.pop()
        own = _made(body, _is_new) | tensors
        for each in (inner for node in body for inner in ast.walk(node)):
            found = _impure(each, own, copied)
            if found:
                return f"line {getattr(each, 'lineno', '?')}: {found}"
            for name in _mentioned(each):
                if name not in visited:
                    visited.add(name)
                    waiting += bodies.get(name, ())
    return ""


def _functions(tree: ast.Module) -> Iterator[tuple[str, Body]]:
    """Every function that the script defines, lambdas with a name too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name, node.body
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, [node.value.body]


def _made(body: Body, is_new: Callable[[ast.expr], bool]) -> set[str]:
    """Names that the body gives only to what it makes itself, each time that it runs."""
    made: set[str] = set()
    given: set[str] = set()
    for each in (inner for node in body for inner in ast.walk(node)):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                if isinstance(target, ast.Name):
                    (made if is_new(each.value) else given).add(target.id)
    return made - given


def _is_new(value: ast.expr) -> bool:
    if isinstance(value, (*_DISPLAYS, ast.Constant)):
        return True
    return (isinstance(value, ast.Call) and syntax.function(value) in _MAKERS) or _is_tensor(value)


def _is_tensor(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and syntax.root(value) == "torch" and syntax.method(value) not in {None, "load"}


def _mentioned(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    return [node.attr] if isinstance(node, ast.Attribute) else []


def _impure(node: ast.AST, own: set[str], copied: bool) -> str:
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return "assigns globals"
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)):
        targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]
        for target in targets:
            if isinstance(target, (ast.Attribute, ast.Subscript)) and syntax.root(target) not in own | {"ctx"}:
                return "sets an attribute or an item"
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id not in own:
        if not copied or isinstance(node.value, _DISPLAYS):
            return "adds to a variable"
    if isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)):
        return "waits in the middle"
    return _impure_call(node, own, copied) if isinstance(node, ast.Call) else ""


def _impure_call(call: ast.Call, own: set[str], copied: bool) -> str:
    name = syntax.method(call) or ""
    if name in _CHANGES | _SENDS and (syntax.root(call) not in own or name in _SENDS):
        return f"calls .{name}()"
    if name.endswith("_") and not name.endswith("__") and not copied and syntax.root(call) not in own:
        return f"calls .{name}()"
    if syntax.function(call) in _CALLS:
        return f"calls {syntax.function(call)}()"
    if syntax.function(call) == "print" and any(each.arg == "file" for each in call.keywords):
        return "prints to a file"
    return ""
