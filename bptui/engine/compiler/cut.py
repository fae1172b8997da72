"""A script's source to a tree of phase blocks.

The script's loop is found by what it calls (`.backward()`), its statements are sorted into phases by `classify` and
`slicing`, and what cannot be cut is refused with a line and a reason. In doubt it refuses: a wrong cut would change
what the script computes.
"""

from __future__ import annotations

import ast

from bptui.engine.compiler import classify as K
from bptui.engine.compiler import syntax
from bptui.engine.compiler.fission import fission
from bptui.engine.compiler.forwards import find_forwards
from bptui.engine.compiler.hoist import hoist_losses
from bptui.engine.compiler.refusals import check_cuttable, check_every_backward, why_nothing_to_cut
from bptui.engine.compiler.tree import (
    Block,
    Conditional,
    Context,
    CutScope,
    Invocation,
    Loop,
    Node,
    Plain,
    Try,
    walk_nodes,
)
from bptui.engine.errors import CannotCut
from bptui.protocol.phase import Phase

REENTRANT = frozenset(
    "no_grad enable_grad set_grad_enabled inference_mode autocast nullcontext record_function detect_anomaly "
    "set_detect_anomaly".split()
)
"""Context managers of PyTorch that may be left and entered again between two phases."""


def cut(source: str, filename: str) -> tuple[ast.Module, list[CutScope]]:
    """The script's tree (losses hoisted, see `hoist`), and its cut scopes; the module is the first.

    Raises:
        CannotCut: the source is no Python, or its loop cannot be cut.
    """
    try:
        tree = ast.parse(source, filename)
    except (SyntaxError, ValueError) as error:
        raise CannotCut(f"not valid Python: {getattr(error, 'msg', error)}", getattr(error, "lineno", None)) from None
    hoist_losses(tree)
    return tree, Cutter(tree).cut()


class Cutter:
    """Cuts one script."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.classifier = K.Classifier(tree)
        self.definitions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self.methods = _methods(tree)
        for name in self.methods & self.definitions.keys():
            del self.definitions[name]
        # Twice: which calls are native depends on the kinds of the functions, and a native call counts as no phase.
        self._classify_functions()
        self.classifier.native = self._native_calls()
        self._classify_functions()
        self.scopes: dict[str, CutScope] = {}
        self.forward: set[ast.stmt] = set()
        """Statements that are part of a forward."""
        self.losses: dict[ast.stmt, ast.expr] = {}
        """For each statement of a forward or backward, its loss."""

    def _classify_functions(self) -> None:
        """The kinds of the script's functions, through the functions that they call."""
        known: dict[str, K.Kinds] = {}
        while True:  # until nothing changes: functions call one another, in any order, and themselves
            self.classifier.functions = known
            found = {
                name: frozenset().union(*(self.classifier.kinds(statement) for statement in node.body))
                for name, node in self.definitions.items()
            }
            if found == known:
                return
            known = found

    def _native_calls(self) -> set[ast.Call]:
        """Calls of cut functions in the middle of an expression: they are made as written, in one go.

        Should such a call go backward after all, that backward raises (see `interpreter/guard.py`).
        """
        return {
            call
            for statement in ast.walk(self.tree)
            if isinstance(statement, ast.stmt) and not isinstance(statement, (ast.FunctionDef, ast.ClassDef))
            for part in syntax.header(statement)
            for call in syntax.calls(part)
            if self.is_cut(syntax.function(call)) and not syntax.evaluated_first(statement, call)
        }

    def cut(self) -> list[CutScope]:
        module = self._scope("<module>", self.tree)
        blocks = [node for scope in self.scopes.values() for node in walk_nodes(scope.nodes) if isinstance(node, Block)]
        if not any(block.phase is Phase.BACKWARD for block in blocks):
            raise why_nothing_to_cut(self.tree)
        check_every_backward(self.tree, blocks)
        return [module, *(scope for scope in self.scopes.values() if scope is not module)]

    def _scope(self, name: str, node: ast.Module | ast.FunctionDef) -> CutScope:
        if isinstance(node, ast.FunctionDef):
            check_cuttable(node, self.tree)
        scope = self.scopes[name] = CutScope(name, node, [])
        forward, losses = find_forwards(node.body, self)
        self.forward |= forward
        self.losses |= losses
        # a function without a backward that is called from the loop (`sgd(params, lr)`) is a part of an iteration
        helps = node is not self.tree and Phase.BACKWARD not in self.classifier.functions[name]
        phases = helps or any(self._holds_iteration(each) for each in node.body)
        scope.nodes = self.suite(node.body, attach=False, phases=phases)
        return scope

    def _holds_iteration(self, statement: ast.stmt) -> bool:
        """Whether the statement goes backward outside of any loop: the scope's body is one iteration by itself."""
        if isinstance(statement, syntax.LOOPS):
            return False
        if isinstance(statement, syntax.COMPOUND):
            return any(self._holds_iteration(each) for suite in syntax.suites(statement) for each in suite)
        return Phase.BACKWARD in self.classifier.kinds(statement) and self.cut_call(statement) is None

    def losses_given(self, statement: ast.stmt) -> list[ast.expr]:
        """The losses that a statement gives to a function which goes backward from them: `optimize(loss, opt)`."""
        call = self.cut_call(statement)
        node = self.definitions.get(syntax.function(call) or "") if call else None
        if call is None or node is None:
            return []
        given = dict(zip((arg.arg for arg in node.args.args), call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        changed = syntax.bound_names(node.body)
        losses = [K.loss_of(call) for statement in node.body for call in K.backward_calls(statement)]
        names = [syntax.root(loss) for loss in losses]
        return [given[name] for name in names if name in given and name not in changed]

    # ---- what a statement is

    def kinds(self, node: ast.AST) -> K.Kinds:
        return self.classifier.kinds(node)

    def is_cut(self, name: str | None) -> bool:
        """Whether the function of that name is cut itself, because it holds more than one phase."""
        kinds = self.classifier.functions.get(name or "", K.NOTHING)
        return len(kinds) > 1 or (Phase.BACKWARD in kinds and not self._only_goes_backward(name or ""))

    def _only_goes_backward(self, name: str) -> bool:
        """Whether the function is given its loss: `def backward(loss): loss.backward()`."""
        node = self.definitions[name]
        given = {arg.arg for arg in node.args.args}
        return all(
            syntax.reads(K.loss_of(call)) <= given for statement in node.body for call in K.backward_calls(statement)
        ) and not any(isinstance(each, syntax.LOOPS) for each in ast.walk(node))

    def cut_call(self, statement: ast.stmt) -> ast.Call | None:
        """The call of a cut function in a simple statement or in the header of a compound one."""
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return None
        found = [
            call
            for part in syntax.header(statement)
            for call in syntax.calls(part)
            if self.is_cut(syntax.function(call)) and call not in self.classifier.native
        ]
        if len(found) > 1:
            raise CannotCut("calls more than one function that holds phases; put each call on a line of its own",
                            statement.lineno)  # fmt: skip
        return found[0] if found else None

    def is_structure(self, statement: ast.stmt) -> bool:
        """Whether the statement is cut into parts, and not run by one step."""
        kinds = self.kinds(statement)
        if not kinds or isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return False
        if not isinstance(statement, syntax.COMPOUND):
            return self.cut_call(statement) is not None
        if isinstance(statement, ast.If):
            return len(kinds) > 1 or Phase.BACKWARD in kinds or not syntax.mentions_grad(statement.test)
        if len(kinds) > 1 or self._calls_cut(statement):
            return True
        return Phase.BACKWARD in kinds and not self._repeats_backward(statement)

    def _calls_cut(self, statement: ast.stmt) -> bool:
        return any(
            self.is_cut(syntax.function(call)) and call not in self.classifier.native
            for call in syntax.calls(statement)
        )

    def _repeats_backward(self, statement: ast.stmt) -> bool:
        """Whether the statement is a loop that goes backward from each of several losses computed before it."""
        if not isinstance(statement, ast.For):
            return False
        inside = syntax.bound_names(statement.body)
        losses = [K.loss_of(call) for call in K.backward_calls(statement)]
        return not any(isinstance(loss, ast.BinOp) or syntax.reads(loss) & inside for loss in losses)

    def phase_of(self, statement: ast.stmt) -> Phase | None:
        """The phase of a statement that one step runs; None if it has none.

        Raises:
            CannotCut: it holds several.
        """
        kinds = self.kinds(statement)
        if kinds:
            if len(kinds) > 1:
                raise CannotCut(f"{' and '.join(sorted(kinds))} in one statement; write them on separate lines",
                                statement.lineno)  # fmt: skip
            return next(iter(kinds))
        return Phase.FORWARD if statement in self.forward else None

    # ---- a suite of statements

    def suite(self, statements: list[ast.stmt], *, attach: bool, phases: bool = True) -> list[Node]:
        """The nodes of a suite.

        `attach`: statements before the first phase belong to it (in a loop's body), else they run by themselves.
        `phases`: whether the statements count as phases; not at the top of a script, where they are setup.
        """
        nodes: list[Node] = []
        run: list[tuple[ast.stmt, Phase | None]] = []
        for statement in fission(statements, self.kinds):
            if self.is_structure(statement):
                nodes += self._blocks(run, attach and not nodes)
                nodes += self._structure(statement, attach, phases)
                run = []
            else:
                phase = self.phase_of(statement) if phases else None
                run.append((statement, phase))
        return nodes + self._blocks(run, attach and not nodes)

    def _blocks(self, run: list[tuple[ast.stmt, Phase | None]], attach: bool) -> list[Node]:
        """The phase blocks of statements in a row. What has no phase belongs to the block before it."""
        nodes: list[Node] = []
        before: list[ast.stmt] = []
        for statement, phase in run:
            last = nodes[-1] if nodes else None
            if phase is None and last is None:
                before.append(statement)
            elif isinstance(last, Block) and phase in (None, last.phase):
                last.statements.append(statement)
                last.own.append(phase is not None)
                last.loss = self.losses.get(statement, last.loss)
            elif phase is not None:
                nodes.append(Block(phase, [statement], [True], loss=self.losses.get(statement)))
        first = nodes[0] if nodes else None
        for block in nodes:
            if isinstance(block, Block) and block.phase is Phase.BACKWARD:
                block.rewrites = any(map(K.rewrites_gradients, block.extras))
        if attach and isinstance(first, Block):
            first.statements, first.own = [*before, *first.statements], [False] * len(before) + first.own
        elif before:
            nodes.insert(0, Plain(before))
        return nodes

    def _structure(self, statement: ast.stmt, attach: bool, phases: bool) -> list[Node]:
        if isinstance(statement, ast.With):
            return self._with(statement, attach, phases)
        call = self.cut_call(statement)
        if call is not None:
            return [self._invocation(statement, call)]
        if isinstance(statement, syntax.LOOPS):
            body = self.suite(statement.body, attach=True)
            is_iteration = any(self._holds_iteration(each) for each in statement.body)
            orelse = self.suite(statement.orelse, attach=attach, phases=phases)
            return [Loop(statement, body, orelse, is_iteration=is_iteration)]
        if isinstance(statement, ast.If):
            return [Conditional(statement, self.suite(statement.body, attach=attach, phases=phases),
                           self.suite(statement.orelse, attach=attach, phases=phases))]  # fmt: skip
        if isinstance(statement, ast.Try):
            if any(self.kinds(each) for each in (*statement.handlers, *statement.finalbody)):
                raise CannotCut("an except or finally clause holds a phase", statement.lineno)
            if syntax.escapes(statement.finalbody):
                raise CannotCut("a finally clause is left by break, continue or return", statement.lineno)
            parts = (statement.body, statement.orelse)
            return [Try(statement, *(self.suite(part, attach=attach, phases=phases) for part in parts))]
        raise CannotCut(f"phases inside `{type(statement).__name__.lower()}` cannot be cut", statement.lineno)

    def _with(self, statement: ast.With, attach: bool, phases: bool) -> list[Node]:
        body = self.suite(statement.body, attach=attach, phases=phases)
        inside = walk_nodes(body)
        # A loop or a call in it runs across many steps: it has to stay entered, and cannot be entered for each part.
        has_nodes_that_keep_it_open = any(isinstance(node, (Loop, Context, Try, Invocation)) for node in inside)
        if has_nodes_that_keep_it_open or not all(_is_reentrant(item) for item in statement.items):
            return [Context(statement, body)]
        for node in inside:
            if isinstance(node, (Block, Plain)):
                node.wrappers.insert(0, statement.items)
        return body

    def _invocation(self, statement: ast.stmt, call: ast.Call) -> Invocation:
        name = syntax.function(call) or ""
        if name not in self.scopes:
            self._scope(name, self.definitions[name])
        return Invocation(statement, call, name)


def _is_reentrant(item: ast.withitem) -> bool:
    call = item.context_expr
    named = isinstance(call, ast.Call) and (syntax.method(call) or syntax.function(call)) in REENTRANT
    return named and item.optional_vars is None


def _methods(tree: ast.Module) -> set[str]:
    return {
        each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for each in node.body
        if isinstance(each, ast.FunctionDef)
    }
