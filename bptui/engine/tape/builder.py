"""Raw records of ops and nodes to the tape: plain facts, values by place, gradients beside them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bptui.engine.tape.chain_rule import holds, summed_dims
from bptui.engine.tape.formulas import formula
from bptui.engine.tape.nodes import RawNode, Root
from bptui.engine.tape.operands import LONGEST, Operands, name_of, symbol_of, value_of
from bptui.engine.tape.records import RawOp, RawValue
from bptui.engine.tape.terms import Term
from bptui.engine.tape.unrecorded_ops import UnrecordedOps
from bptui.engine.tape.values import Values
from bptui.engine.tensors.captured import CapturedTensor
from bptui.engine.tensors.facts import fact as fact_of_plain
from bptui.protocol.equation import agree
from bptui.protocol.fact import SMALL, Fact
from bptui.protocol.tape import Edge, Tape, TapeNode, TapeOp

_MANY, _FEW = 1000, 4
"""On a tape of more than so many ops and nodes, tensors of more than so few elements are shown by shape only."""


@dataclass(frozen=True)
class Taken:
    """The operands of an op."""

    terms: Sequence[Term | None]
    """In the order of its node's edges; None where it is not known."""
    written: Sequence[Term]
    """In the order of the source."""
    plain: Sequence[tuple[str, float]]
    """The plain numbers for which the source has a variable."""
    one_node: bool
    """Whether it made one autograd node: only then are the edges of that its operands."""


class TapeBuilder:
    """Makes the tape of one recording."""

    def __init__(
        self,
        values: Sequence[RawValue],
        ops: Sequence[RawOp],
        nodes: Sequence[RawNode],
        loss: int,
        loss_name: str | None,
        leaves: Mapping[int, tuple[str, Fact]],
    ) -> None:
        """`loss`: its place among the values, -1 for none. `leaves`: name and fact of each, by identity."""
        self._nodes, self._loss = nodes, loss
        self._most = SMALL if len(ops) + len(nodes) <= _MANY else _FEW
        self._values = Values(values, self._most)
        self._ops: list[TapeOp] = []
        self.taken: list[Taken] = []
        """What each op took."""
        self._ranges = sorted((op.before, op.after, index) for index, op in enumerate(ops) if op.after > op.before)
        """Which sequence numbers belong to which op."""
        for op in ops:
            self._take(op)
        self.parts: dict[tuple[int, int], str] = {}
        """Of each edge, by node and number, which part it is of its value's gradient, where that has several."""
        self._complete(leaves)
        self._name_loss(loss_name)
        self._main = self._main_root()

    def tape(self) -> Tape:
        """The tape."""
        indices = {node.run: index for index, node in enumerate(self._nodes)}
        nodes = tuple(self._node(index, raw, indices) for index, raw in enumerate(self._nodes))
        self.parts = _parts(nodes)
        return Tape(
            self._values.taped(), tuple(self._ops), nodes, self._loss, self.root_name(self._main),
            self._main.number if self._main is not None else 0,
        )  # fmt: skip

    def op_of(self, raw: RawNode) -> int:
        """The op that made a node; -1 where that is not known."""
        return -1 if raw.variable else self.op_at(raw.sequence)

    def op_at(self, sequence: int) -> int:
        """The op that made the node of that sequence number; -1 where that is not known."""
        at = bisect_right(self._ranges, sequence, key=lambda each: each[0])
        for before, after, index in self._ranges[max(at - 3, 0) : at][::-1]:
            if before <= sequence < after:
                return index
        return -1

    # ---- ops

    def _take(self, raw: RawOp) -> None:
        name, site = name_of(raw), raw.site
        operands = Operands(raw, self._values)
        self.taken.append(Taken(operands.terms(), operands.written(), operands.plain(), raw.after - raw.before == 1))
        call = operands.call(name)
        self._ops.append(
            TapeOp(
                name,
                tuple(raw.inputs),
                tuple(raw.outputs),
                f"{raw.wrote} = {call[2:-1]}" if raw.wrote else call,
                site.expression if site is not None else "",
                site.line if site is not None else None,
                raw.module,
                raw.node,
            )
        )
        expression = site.expression if site is not None and raw.direct else ""
        for place in raw.outputs:
            value = self._values[place]
            value.expression = expression
            if value.name.startswith("%") and expression and len(expression) <= LONGEST:
                value.symbol = symbol_of(expression)

    def _complete(self, leaves: Mapping[int, tuple[str, Fact]]) -> None:
        """Add the ops that were not recorded, as far as the graph tells."""
        unrecorded = UnrecordedOps(self._values, leaves, list(self._nodes))
        for node in sorted(self._nodes, key=lambda each: each.sequence):
            if node.variable or self.op_of(node) >= 0:
                continue
            op, terms = unrecorded.op(node, len(self._ops))
            self._ops.append(op)
            written = [each for each in terms if each is not None] if None not in terms else []
            self.taken.append(Taken(terms, written, (), True))
            insort(self._ranges, (node.sequence, node.sequence + 1, len(self._ops) - 1))
            if self._loss < 0 and node is self._nodes[0]:
                self._loss = op.outputs[0]

    def _name_loss(self, loss_name: str | None) -> None:
        if self._loss >= 0 and loss_name is not None:
            value = self._values[self._loss]
            if value.name.startswith("%"):
                value.name = value.symbol = loss_name if loss_name.isidentifier() else "loss"

    # ---- what is derived

    def _main_root(self) -> Root | None:
        """What the gradients on the tape are of: the loss, if a backward from it ran."""
        roots = list({id(node.root): node.root for node in self._nodes}.values())
        of_loss = [root for root in roots if self._loss in self._places(root)]
        leading = of_loss or [node.root for node in self._nodes if node.variable] or roots
        return leading[-1] if leading else None

    def _places(self, root: Root) -> list[int]:
        return [self._values.place_of(made, 0) for made, _ in root.outputs]

    def root_name(self, root: Root | None) -> str:
        """How derivatives call what a backward began from: `loss`, `Σy`, `(a + b)`, `(v·y)` for another seed than 1."""
        if root is None:
            return self._values[self._loss].name if self._loss >= 0 else ""
        names = []
        for place, (_, count) in zip(self._places(root), root.outputs, strict=True):
            name = self._values[place].name if place >= 0 else "…"
            names.append(name if count == 1 else f"Σ{name}")
        text = " + ".join(names) if root.ones else " + ".join(f"v·{each.removeprefix('Σ')}" for each in names)
        return text if len(names) == 1 and root.ones else f"({text})"

    # ---- nodes

    def _node(self, index: int, raw: RawNode, indices: Mapping[int, int]) -> TapeNode:
        upstream = next((each for each in raw.upstream if each is not None), None)
        op = self.op_of(raw)
        value = self._values.by_leaf.get(raw.variable, -1) if raw.variable else -1
        main = raw.root is self._main
        for number, each in enumerate(raw.upstream):
            place = value if raw.variable else self._values.by_made.get((raw.sequence, number), -1)
            if place >= 0 and each is not None:
                value = place if value < 0 else value
                if main:
                    self._values[place].grad = each.brief(self._most)
                    self._values[place].known = max(self._values[place].known, index if raw.variable else 0)
        edges = tuple(self._edge(index, raw, number, op, indices) for number in range(len(raw.edges)))
        return TapeNode(
            raw.name,
            op,
            value,
            upstream.brief(self._most) if upstream is not None else None,
            tuple(edge for edge in edges if edge is not None),
            raw.old.brief(self._most) if raw.old is not None else None,
            raw.new.brief(self._most) if raw.new is not None else None,
            raw.root.number,
        )

    def _edge(self, index: int, raw: RawNode, number: int, op: int, indices: Mapping[int, int]) -> Edge | None:
        run, made, variable = raw.edges[number]
        if run < 0:
            return None
        place = self._values.place_of(made, variable)
        if place >= 0 and not variable and raw.done and raw.root is self._main:
            self._values[place].known = max(self._values[place].known, index)
        downstream = raw.downstream[number] if number < len(raw.downstream) else None
        sent = downstream.brief(self._most) if downstream is not None else None
        upstream = raw.upstream[0].brief(self._most) if len(raw.upstream) == 1 and raw.upstream[0] is not None else None
        dims = summed_dims(raw.name, upstream, sent)
        local = _fact_of(raw.local[number], self._most) if number < len(raw.local) else None
        term = self._formula(raw, number, op)
        if term is not None and not (_is_local(term, local) and _sends(upstream, term, dims, sent)):
            term = None
        return Edge(place, indices.get(run, -1), local, term.text if term is not None else "", sent, dims)

    def _formula(self, raw: RawNode, number: int, op: int) -> Term | None:
        """The local derivative along an edge as a formula; None where there is none."""
        if op < 0 or self._ops[op].node != raw.name or not self.taken[op].one_node:
            return None
        return formula(raw.name, self.taken[op].terms, number)


def _parts(nodes: Sequence[TapeNode]) -> dict[tuple[int, int], str]:
    """` (1 of 2)` for each edge to a value to which several lead: the gradient is their sum."""
    leading: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for index, node in enumerate(nodes):
        for number, edge in enumerate(node.edges):
            if edge.value >= 0 and edge.downstream is not None:
                leading.setdefault((node.run, edge.value), []).append((index, number))
    several = (each for each in leading.values() if len(each) > 1)
    return {edge: f" ({at} of {len(each)})" for each in several for at, edge in enumerate(each, 1)}


def _is_local(term: Term, local: Fact | None) -> bool:
    """Whether a formula gives the local derivative that the node answered, as far as both are one number."""
    if local is None or local.number is None or term.value is None or term.value.numel() != 1:
        return True
    return agree([term.value.item()], [local.number], 1e-12)


def _sends(upstream: Fact | None, term: Term, dims: tuple[int, ...], sent: Fact | None) -> bool:
    return sent is None or holds(value_of(upstream), term, dims, sent)


def _fact_of(value: object, most: int = SMALL) -> Fact | None:
    if isinstance(value, CapturedTensor):
        return value.brief(most)
    if isinstance(value, Fact) and value.numel > most:
        return None
    return value if value is None or isinstance(value, Fact) else fact_of_plain(value)
