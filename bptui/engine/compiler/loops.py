"""Which loop counts epochs and which counts samples, through the functions that hold them; and the blocks' order."""

from __future__ import annotations

import ast
import re

from bptui.engine.compiler import syntax
from bptui.engine.compiler.tree import (
    Block,
    Conditional,
    Context,
    CutScope,
    Invocation,
    Loop,
    Node,
    Role,
    Try,
    sample_targets,
)
from bptui.protocol.phase import Phase

_EPOCH = re.compile(r"epoch", re.I)


def assign_roles(scopes: list[CutScope]) -> list[Block]:
    """Give each loop its role, each block its index, and return the blocks in the script's order."""
    walk = _Walk({scope.name: scope for scope in scopes})
    walk.nodes(scopes[0].nodes)
    for block in walk.blocks:
        block.targets = sample_targets(block.loops)
    return walk.blocks


class _Walk:
    def __init__(self, scopes: dict[str, CutScope]) -> None:
        self._scopes = scopes
        self._loops: list[Loop] = []
        self._entered: set[str] = set()
        self.blocks: list[Block] = []

    def nodes(self, nodes: list[Node]) -> None:
        for node in nodes:
            self._node(node)

    def _node(self, node: Node) -> None:
        if isinstance(node, Block):
            if node.phase is Phase.BACKWARD:
                self._backward()
            node.index = len(self.blocks)
            node.loops = list(self._loops)
            node.loop = self._loops[-1].node.lineno if self._loops else 0
            self.blocks.append(node)
        elif isinstance(node, Loop):
            self._loops.append(node)
            self.nodes(node.body)
            self._loops.pop()
            self.nodes(node.orelse)
        elif isinstance(node, Invocation) and node.function not in self._entered:
            self._entered.add(node.function)
            self.nodes(self._scopes[node.function].nodes)
        elif isinstance(node, (Conditional, Context, Try)):
            for part in ("body", "orelse"):
                self.nodes(getattr(node, part, []))

    def _backward(self) -> None:
        if not self._loops:
            return
        *around, innermost = self._loops
        innermost.is_iteration = True
        if not around and _EPOCH.search(_target(innermost)):
            innermost.role = Role.EPOCH
            return
        innermost.role = Role.SAMPLE
        named = [loop for loop in around if _EPOCH.search(_target(loop))]
        for loop in (named or around)[-1:]:
            loop.role = Role.EPOCH


def _target(loop: Loop) -> str:
    node = loop.node
    return ast.unparse(node.target) if isinstance(node, ast.For) else " ".join(syntax.reads(node.test))
