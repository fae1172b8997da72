"""The values of a tape while it is made: found by the autograd node that made them, or by the leaf that they are."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.engine.tape.records import RawValue
from bptui.engine.tensors.captured import CapturedTensor
from bptui.protocol.fact import Fact
from bptui.protocol.tape import TapeValue

UNKNOWN = Fact("Tensor", text="not recorded")


class TapedValue:
    """A value while the tape is made."""

    def __init__(self, name: str, fact: Fact, op: int, made: tuple[int, int], variable: int) -> None:
        self.name, self.fact, self.op, self.made, self.variable = name, fact, op, made, variable
        self.requires_grad = True
        self.grad: Fact | None = None
        self.known = -1
        """The index of the last node that adds to its gradient: from there on `grad` is known; -1 for none."""
        self.symbol = name
        self.expression = ""
        """The source of what made it; empty where that is not known."""


class Values(list[TapedValue]):
    """The values of a tape; a value's index in this list is its place."""

    def __init__(self, recorded: Sequence[RawValue], most: int) -> None:
        """`most`: tensors of more elements are shown by shape only."""
        super().__init__(_value(raw, place, most) for place, raw in enumerate(recorded))
        self.by_made = {value.made: place for place, value in enumerate(self) if value.made[0] >= 0}
        """By the node that made it, as sequence number, and which of its outputs it is."""
        self.by_leaf = {value.variable: place for place, value in enumerate(self) if value.variable}
        """By the identity of the leaf that it is."""

    def add(self, fact: Fact, op: int, made: tuple[int, int], leaf: int, name: str = "") -> int:
        """Add a value that is known from the graph only. Returns its place."""
        place = len(self)
        self.append(TapedValue(name or f"%{place}", fact, op, made, leaf))
        if leaf:
            self.by_leaf[leaf] = place
        elif made[0] >= 0:
            self.by_made[made] = place
        return place

    def place_of(self, made: tuple[int, int], leaf: int) -> int:
        """The place of what a node made, or of a leaf; -1 where it is none of these."""
        return self.by_leaf.get(leaf, -1) if leaf else self.by_made.get(made, -1)

    def taped(self) -> tuple[TapeValue, ...]:
        """The values in the form of the tape."""
        return tuple(
            TapeValue(each.name, each.symbol, each.fact, each.op, each.requires_grad, bool(each.variable), each.grad,
                      each.known)
            for each in self
        )  # fmt: skip


def _value(raw: RawValue, place: int, most: int) -> TapedValue:
    fact = raw.captured.brief(most) if raw.captured is not None else UNKNOWN
    value = TapedValue(raw.name or f"%{place}", fact, raw.op, raw.made, raw.variable)
    value.requires_grad = raw.requires_grad
    return value


def like(captured: CapturedTensor | None) -> Fact:
    """The fact of a value of which only the gradient is known: it has the same shape and dtype."""
    if captured is None:
        return UNKNOWN
    fact = captured.brief()
    return Fact("Tensor", None, fact.shape, fact.dtype, fact.device, text="not recorded")
