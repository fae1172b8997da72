"""Ops that were not recorded, since their forward was not stepped into: what can be known of them from the graph."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from bptui.engine.tape.nodes import RawNode
from bptui.engine.tape.terms import ONE, Term
from bptui.engine.tape.values import UNKNOWN, Values, like
from bptui.engine.tensors.captured import CapturedTensor
from bptui.protocol.fact import Fact
from bptui.protocol.tape import TapeOp

_NAMES = {"rsub": "sub", "mm": "matmul", "mv": "matmul"}
_SAVED = {"self": 0, "other": 1, "exponent": 1}
"""Numbers that nodes save, and which operand each is."""


class UnrecordedOps:
    """Makes ops of the nodes of a backward, in the order in which the forward made them."""

    def __init__(self, values: Values, known_leaves: Mapping[int, tuple[str, Fact]], nodes: list[RawNode]) -> None:
        self._values, self._known_leaves = values, known_leaves
        self._forward_values: dict[object, CapturedTensor] = {}
        """Values that nodes saved, by what made them."""
        for node in nodes:
            for made, leaf, captured in node.forward_values:
                self._forward_values[leaf or made] = captured

    def op(self, node: RawNode, place: int) -> tuple[TapeOp, list[Term | None]]:
        """The op that made a node, and its operands by the node's edges. `place`: where the op will be on the tape."""
        terms: list[Term | None] = []
        inputs: list[int] = []
        for index, (_, made, leaf) in enumerate(node.edges):
            source = self._source(made, leaf)
            terms.append(self._saved_number(node, index) if source < 0 else self._term(source))
            if source >= 0:
                inputs.append(source)
        exponent = self._saved_number(node, len(terms))
        if exponent is not None and len(terms) == 1:
            terms.append(exponent)
        outputs = [self._made(node, number, place) for number in range(len(node.upstream))]
        name = node.name.rstrip("0123456789").removesuffix("Backward").lower()
        texts = [self._values[each].symbol for each in inputs]
        name = _NAMES.get(name, name)
        return TapeOp(
            name, tuple(inputs), tuple(outputs), f"{name}({', '.join(texts)})", "", None, "", node.name
        ), terms

    def _source(self, made: tuple[int, int], leaf: int) -> int:
        place = self._values.place_of(made, leaf)
        if place < 0 and leaf:
            name, fact = self._known_leaves.get(leaf, ("", UNKNOWN))
            place = self._values.add(fact, -1, (-1, 0), leaf, name)
        return place

    def _made(self, node: RawNode, number: int, place: int) -> int:
        made = node.sequence, number
        known = self._values.by_made.get(made)
        if known is not None:  # the loss
            self._values[known].op = place
            return known
        tensor = self._forward_values.get(made)
        return self._values.add(tensor.brief() if tensor else like(node.upstream[number]), place, made, 0)

    def _term(self, place: int) -> Term:
        value = self._values[place]
        known = value.fact.value
        number = torch.tensor(known, dtype=torch.float64) if isinstance(known, (int, float, tuple)) else None
        return Term(value.symbol, ONE, number if number is None else number.reshape(value.fact.shape or ()))

    @staticmethod
    def _saved_number(node: RawNode, operand: int) -> Term | None:
        """The number that an op took there, if its node saved it."""
        for name, value, _ in node.saved:
            if _SAVED.get(name) == operand:
                number = value.brief().number if isinstance(value, CapturedTensor) else value
                number = number.number if isinstance(number, Fact) else number
                if isinstance(number, (int, float)) and not isinstance(number, bool):
                    return Term(f"{number:g}", ONE, torch.tensor(float(number), dtype=torch.float64))
        return None
