"""A cut scope's tree to instructions."""

from __future__ import annotations

import ast
import copy
from typing import Any

from bptui.engine.compiler.instructions import (
    ITEM,
    Bind,
    Code,
    Count,
    End,
    Enter,
    EnterFinally,
    Exit,
    Finish,
    Handle,
    Instruction,
    Invoke,
    Iterate,
    Jump,
    Label,
    Leave,
    Piece,
    Pull,
    RunBlock,
    RunPlain,
    TestCondition,
)
from bptui.engine.compiler.tree import Block, Conditional, Context, CutScope, Invocation, Loop, Node, Plain, Try


def lower(scope: CutScope, filename: str) -> Code:
    """The instructions of a scope of that file."""
    lowering = _Lowering(scope, filename)
    lowering.nodes(scope.nodes)
    lowering.emit(End(lowering.last_line))
    return lowering.code


class _Lowering:
    def __init__(self, scope: CutScope, filename: str) -> None:
        self.code = Code(scope, filename, isinstance(scope.node, ast.Module))
        self.last_line = 1
        self._depth = 0
        self._loops: list[tuple[Label, Label]] = []
        """Where `break` and `continue` go, for each loop around."""

    # ---- emitting

    def emit(self, instruction: Instruction) -> None:
        self.last_line = instruction.line
        self.code.instructions.append(instruction)
        self.code.depths.append(self._depth)

    def here(self, label: Label) -> Label:
        label.pc, label.depth = len(self.code.instructions), self._depth
        return label

    def piece(self, statements: list[ast.stmt], *, takes_item: bool = False) -> int:
        self.code.pieces.append(Piece(statements, takes_item=takes_item))
        return len(self.code.pieces) - 1

    def expression(self, node: ast.expr, *, takes_item: bool = False) -> int:
        self.code.pieces.append(Piece([], node, takes_item))
        return len(self.code.pieces) - 1

    def assign(self, target: ast.expr) -> int:
        """The piece that assigns the item to a target."""
        store = ast.Assign([copy.deepcopy(target)], ast.Name(ITEM, ast.Load()))
        return self.piece([_placed(store, target)], takes_item=True)

    @property
    def _leaving(self) -> tuple[Label | None, Label | None]:
        return self._loops[-1] if self._loops else (None, None)

    # ---- each kind of node

    def nodes(self, nodes: list[Node]) -> None:
        for node in nodes:
            match node:
                case Block():
                    self._block(node)
                case Plain():
                    self._plain(node)
                case Loop():
                    self._loop(node)
                case Conditional():
                    self._branch(node)
                case Context():
                    self._context(node)
                case Try():
                    self._try(node)
                case Invocation():
                    self._invocation(node)

    def _block(self, node: Block) -> None:
        def part(statements: list[ast.stmt]) -> int:
            return self.piece(_wrapped(statements, node.wrappers))

        upto, behind = node.split
        self.emit(
            RunBlock(
                node.line,
                *self._leaving,
                block=node,
                phase=node.phase,
                phase_name=str(node.phase),
                full=part(node.statements),
                own=part(node.own_statements),
                extras=part(node.extras) if node.extras else None,
                split=(part(upto), part(behind)) if behind and not node.wrappers else None,
                loss=self.expression(copy.deepcopy(node.loss)) if node.loss is not None else None,
                contexts=self._depth,
            )
        )

    def _plain(self, node: Plain) -> None:
        piece = self.piece(_wrapped(node.statements, node.wrappers))
        self.emit(RunPlain(node.statements[0].lineno, *self._leaving, piece=piece))

    def _loop(self, node: Loop) -> None:
        line, top, after, done = node.node.lineno, Label(), Label(), Label()
        if isinstance(node.node, ast.For):
            self.emit(Iterate(line, loop=node, piece=self.expression(node.node.iter)))
            self.here(top)
            self.emit(Pull(line, loop=node, exhausted=done))
            self.emit(Bind(line, loop=node, piece=self.assign(node.node.target)))
        else:
            self.here(top)
            self.emit(TestCondition(line, piece=self.expression(node.node.test), otherwise=done))
            self.emit(Count(line, loop=node))
        self._loops.append((after, top))
        self.nodes(node.body)
        self._loops.pop()
        self.emit(Jump(line, to=top))
        self.here(done)
        self.nodes(node.orelse)  # outside of the loop: a `break` in it leaves the loop around this one
        self.here(after)
        self.emit(Leave(line, loop=node))

    def _branch(self, node: Conditional) -> None:
        line, otherwise, done = node.node.lineno, Label(), Label()
        self.emit(TestCondition(line, piece=self.expression(node.node.test), otherwise=otherwise))
        self.nodes(node.body)
        if node.orelse:
            self.emit(Jump(line, to=done))
        self.here(otherwise)
        self.nodes(node.orelse)
        self.here(done)

    def _context(self, node: Context) -> None:
        line = node.node.lineno
        afters = [Label() for _ in node.node.items]
        for item, after in zip(node.node.items, afters, strict=True):
            bind = self.assign(item.optional_vars) if item.optional_vars is not None else None
            self.emit(Enter(line, piece=self.expression(item.context_expr), bind=bind, after=after))
            self._depth += 1
        self.nodes(node.body)
        for after in reversed(afters):
            self._exit(line, after)

    def _exit(self, line: int, after: Label) -> None:
        self.emit(Exit(line))
        self._depth -= 1
        self.here(after)

    def _try(self, node: Try) -> None:
        line, after = node.node.lineno, Label()
        if node.node.finalbody:
            self.emit(EnterFinally(line, piece=self.piece(node.node.finalbody), after=after))
            self._depth += 1
        self._try_except(node)
        if node.node.finalbody:
            self._exit(line, after)

    def _try_except(self, node: Try) -> None:
        line, start, end, handler, done = node.node.lineno, Label(), Label(), Label(), Label()
        self.here(start)
        self.nodes(node.body)
        self.here(end)  # before `else`: what is raised there is not for these handlers
        self.nodes(node.orelse)
        if node.node.handlers:
            self.emit(Jump(line, to=done))
            self.here(handler)
            raising = _placed(ast.Raise(ast.Name(ITEM, ast.Load()), None), node.node)
            trying = _placed(ast.Try([raising], [_shortened(each) for each in node.node.handlers], [], []), node.node)
            matches = self.expression(_placed(_matches(node.node.handlers), node.node), takes_item=True)
            piece = self.piece([trying], takes_item=True)
            self.emit(Handle(line, *self._leaving, matches=matches, piece=piece))
            self.code.regions.append((start, end, handler))
        self.here(done)

    def _invocation(self, node: Invocation) -> None:
        line = node.statement.lineno
        # The call itself is not made: its function and arguments are evaluated, and the machine enters the function.
        bundle = ast.parse("lambda *args, **kwargs: (args, kwargs)", mode="eval").body
        arguments = ast.Call(bundle, node.call.args, node.call.keywords)
        parts = self.expression(_placed(ast.Tuple([node.call.func, arguments], ast.Load()), node.call))
        self.emit(Invoke(line, function=node.function, piece=parts))
        rest = _Replaced(node.call).visit(copy.copy(node.statement))
        self.emit(Finish(line, *self._leaving, piece=self.piece([_placed(rest, node.statement)], takes_item=True)))


class _Replaced(ast.NodeTransformer):
    """Puts the returned value in the place of a call, on a copy."""

    def __init__(self, call: ast.Call) -> None:
        self._call = call

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._call:
            return ast.copy_location(ast.Name(ITEM, ast.Load()), node)
        visited: ast.AST = self.generic_visit(copy.copy(node))
        return visited

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, name, [self.visit(each) if isinstance(each, ast.AST) else each for each in value])
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node


def _matches(handlers: list[ast.ExceptHandler]) -> ast.expr:
    """Whether one of the except clauses takes the exception."""
    kinds = [handler.type for handler in handlers if handler.type is not None]
    if len(kinds) < len(handlers):
        return ast.Constant(True)
    parts: list[ast.expr] = [
        ast.Call(ast.Name("isinstance", ast.Load()), [ast.Name(ITEM, ast.Load()), copy.deepcopy(kind)], [])
        for kind in kinds
    ]
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), parts)


def _shortened(handler: ast.ExceptHandler) -> ast.ExceptHandler:
    """The handler, which first takes the `raise` that led to it out of the traceback: the script has no such line."""
    shortening = ast.parse(f"{ITEM}.__traceback__ = {ITEM}.__traceback__ and {ITEM}.__traceback__.tb_next").body
    for each in shortening:
        for inner in ast.walk(each):
            ast.copy_location(inner, handler)
    shortened = copy.copy(handler)
    shortened.body = [*shortening, *handler.body]
    return shortened


def _placed(node: Any, at: ast.AST) -> Any:
    return ast.fix_missing_locations(ast.copy_location(node, at))


def _wrapped(statements: list[ast.stmt], wrappers: list[list[ast.withitem]]) -> list[ast.stmt]:
    """The statements inside their `with` headers."""
    for items in reversed(wrappers):
        if statements:
            header = ast.With([copy.deepcopy(item) for item in items], statements)
            statements = [ast.fix_missing_locations(ast.copy_location(header, statements[0]))]
    return statements
