"""Raw records of ops and nodes to the tape: plain facts, values by place, gradients beside them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence

from bptui.engine.tape.formulas import formulas
from bptui.engine.tape.nodes import RawNode
from bptui.engine.tape.records import RawOp, RawValue, ValueRef
from bptui.engine.tensors.captured import CapturedTensor
from bptui.engine.tensors.facts import fact as fact_of_plain
from bptui.protocol.fact import SMALL, Fact
from bptui.protocol.tape import Edge, Tape, TapeNode, TapeOp, TapeValue

_NAMES = {
    "rsub": "sub", "rpow": "pow", "rdiv": "div", "rtruediv": "div", "truediv": "div", "radd": "add", "rmul": "mul",
    "rmatmul": "matmul", "iadd": "add_", "isub": "sub_", "imul": "mul_", "itruediv": "div_", "ipow": "pow_",
    "true_divide": "div", "multiply": "mul", "subtract": "sub", "divide": "div",
}  # fmt: skip
_REVERSED = frozenset({"rsub", "rpow", "rdiv", "rtruediv", "rmatmul"})
_LONGEST = 18
"""Expressions of up to so many characters stand for their value in formulas."""
_MANY, _FEW = 1000, 4
"""On a tape of more than so many ops and nodes, tensors of more than so few elements are told by shape only."""
_UNKNOWN = Fact("Tensor", text="not recorded")


class _Value:
    """A value while the tape is made."""

    def __init__(self, name: str, fact: Fact, op: int, made: tuple[int, int], variable: int) -> None:
        self.name, self.fact, self.op, self.made, self.variable = name, fact, op, made, variable
        self.requires_grad = True
        self.grad: Fact | None = None
        self.known = -1
        self.symbol = name


class Taping:
    """Makes a tape."""

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
        self._nodes, self._loss, self._loss_name, self._known_leaves = nodes, loss, loss_name, leaves
        self._most = SMALL if len(ops) + len(nodes) <= _MANY else _FEW
        self._values = [_value(raw, place, self._most) for place, raw in enumerate(values)]
        self._ops: list[TapeOp] = []
        self._ranges = sorted((op.before, op.after, index) for index, op in enumerate(ops) if op.after > op.before)
        """Which sequence numbers belong to which op."""
        self.symbols: list[list[str]] = []
        """For each op what it took, in the order of its arguments, as formulas write it."""
        self.sources: list[list[str]] = []
        """The same in the order of the source."""
        for index, op in enumerate(ops):
            self._take(index, op)
        self._complete()
        self._name_loss()
        self._made = {value.made: place for place, value in enumerate(self._values) if value.made[0] >= 0}
        self._leaves = {value.variable: place for place, value in enumerate(self._values) if value.variable}

    def tape(self) -> Tape:
        """The tape."""
        indices = {node.run: index for index, node in enumerate(self._nodes)}
        nodes = tuple(self._node(index, raw, indices) for index, raw in enumerate(self._nodes))
        values = tuple(
            TapeValue(v.name, v.symbol, v.fact, v.op, v.requires_grad, bool(v.variable), v.grad, v.known)
            for v in self._values
        )
        return Tape(values, tuple(self._ops), nodes, self._loss)

    def op_of(self, raw: RawNode) -> int:
        """The op that made a node; -1 where that is not known."""
        if raw.variable:
            return -1
        at = bisect_right(self._ranges, raw.sequence, key=lambda each: each[0])
        for before, after, index in self._ranges[max(at - 3, 0) : at][::-1]:
            if before <= raw.sequence < after:
                return index
        return -1

    # ---- ops

    def _take(self, index: int, raw: RawOp) -> None:
        name = raw.name.strip("_") if raw.name.startswith("__") else raw.name
        site = raw.site
        symbols = self._symbols(raw)
        self.symbols.append(symbols)
        swapped = site is not None and raw.direct and _is_swapped(symbols, site.operands)
        self.sources.append(symbols[::-1] if swapped else symbols)
        texts = [_text(each, self._values) for each in raw.arguments if not _says_nothing(each)]
        plain = _in_source_order(raw, texts, symbols) if site is not None and raw.direct else texts
        if name in _REVERSED:
            plain = plain[::-1] if plain == texts else plain
        name = _NAMES.get(name, name)
        text = f"{raw.wrote} = {', '.join(plain)}" if raw.wrote else f"{name}({', '.join(plain)})"
        self._ops.append(
            TapeOp(
                name,
                tuple(raw.inputs),
                tuple(raw.outputs),
                text,
                site.expression if site is not None else "",
                site.line if site is not None else None,
                raw.module,
                raw.node,
            )
        )
        for place in raw.outputs:
            value = self._values[place]
            expression = site.expression if site is not None and raw.direct else ""
            if value.name.startswith("%") and expression and len(expression) <= _LONGEST:
                value.symbol = expression if _is_one_thing(expression) else f"({expression})"

    def _symbols(self, raw: RawOp) -> list[str]:
        symbols = [_symbol(each, self._values) for each in raw.arguments]
        if raw.site is not None and raw.direct and len(raw.site.operands) == len(symbols):
            for index, other in _plain_operands(raw, symbols):
                symbols[index] = other
        if raw.name.strip("_") in _REVERSED:
            symbols.reverse()
        return symbols

    def _complete(self) -> None:
        """Ops that no recorder saw: from the graph alone, in the order in which the forward made its nodes."""
        known = {value.made: place for place, value in enumerate(self._values) if value.made[0] >= 0}
        leaves = {value.variable: place for place, value in enumerate(self._values) if value.variable}
        seen: dict[object, CapturedTensor] = {}
        for node in self._nodes:
            for made, variable, kept in node.seen:
                seen[variable or made] = kept
        for node in sorted(self._nodes, key=lambda each: each.sequence):
            if node.variable or self.op_of(node) >= 0:
                continue
            inputs = []
            for _, made, variable in node.edges:
                place = leaves.get(variable) if variable else known.get(made)
                if place is None and variable:
                    place = leaves[variable] = len(self._values)
                    name, fact = self._known_leaves.get(variable, (f"%{place}", _UNKNOWN))
                    self._values.append(_Value(name, fact, -1, (-1, 0), variable))
                if place is not None:
                    inputs.append(place)
            outputs = []
            for number, upstream in enumerate(node.upstream):
                made = node.sequence, number
                if made in known:  # the loss
                    self._values[known[made]].op = len(self._ops)
                    outputs.append(known[made])
                    continue
                tensor = seen.get(made)
                place = known[made] = len(self._values)
                fact = tensor.light() if tensor else _like(upstream)
                self._values.append(_Value(f"%{place}", fact, len(self._ops), made, 0))
                outputs.append(place)
            name = node.name.rstrip("0123456789").removesuffix("Backward").lower()
            symbols = [self._values[place].symbol for place in inputs]
            self._ops.append(
                TapeOp(name, tuple(inputs), tuple(outputs), f"{name}({', '.join(symbols)})", "", None, "", node.name)
            )
            self.symbols.append(_with_numbers(name, symbols, node))
            self.sources.append(self.symbols[-1])
            insort(self._ranges, (node.sequence, node.sequence + 1, len(self._ops) - 1))
            if self._loss < 0 and node is self._nodes[0]:
                self._loss = outputs[0]

    def _name_loss(self) -> None:
        if self._loss >= 0 and self._loss_name is not None:
            value = self._values[self._loss]
            if value.name.startswith("%"):
                value.name = value.symbol = self._loss_name if self._loss_name.isidentifier() else "loss"

    # ---- nodes

    def _node(self, index: int, raw: RawNode, indices: Mapping[int, int]) -> TapeNode:
        upstream = next((each for each in raw.upstream if each is not None), None)
        op = self.op_of(raw)
        value = self._leaves.get(raw.variable, -1) if raw.variable else -1
        for number, each in enumerate(raw.upstream):
            place = value if raw.variable else self._made.get((raw.sequence, number), -1)
            if place >= 0 and each is not None:
                value = place if value < 0 else value
                self._values[place].grad = each.light(self._most)
                self._values[place].known = max(self._values[place].known, index if raw.variable else 0)
        edges = tuple(self._edge(index, raw, number, op, indices) for number in range(len(raw.edges)))
        return TapeNode(
            raw.name,
            op,
            value,
            upstream.light(self._most) if upstream is not None else None,
            tuple(edge for edge in edges if edge is not None),
            raw.old.light(self._most) if raw.old is not None else None,
            raw.new.light(self._most) if raw.new is not None else None,
        )

    def _edge(self, index: int, raw: RawNode, number: int, op: int, indices: Mapping[int, int]) -> Edge | None:
        run, made, variable = raw.edges[number]
        if run < 0:
            return None
        place = self._leaves.get(variable, -1) if variable else self._made.get(made, -1)
        if place >= 0 and not variable and raw.done:
            self._values[place].known = max(self._values[place].known, index)
        downstream = raw.downstream[number] if number < len(raw.downstream) else None
        return Edge(
            place,
            indices.get(run, -1),
            _fact_of(raw.local[number], self._most) if number < len(raw.local) else None,
            self.formula(raw, number, op),
            downstream.light(self._most) if downstream is not None else None,
        )

    def formula(self, raw: RawNode, number: int, op: int) -> str:
        """The local derivative along an edge as a formula; empty where there is none."""
        if op < 0 or self._ops[op].node != raw.name:
            return ""
        told = formulas(raw.name, self.symbols[op])
        return told[number] if number < len(told) else ""


def _fact_of(value: object, most: int = SMALL) -> Fact | None:
    if isinstance(value, CapturedTensor):
        return value.light(most)
    if isinstance(value, Fact) and value.numel > most:
        return None
    return value if value is None or isinstance(value, Fact) else fact_of_plain(value)


def _value(raw: RawValue, place: int, most: int) -> _Value:
    fact = raw.kept.light(most) if raw.kept is not None else _UNKNOWN
    value = _Value(raw.name or f"%{place}", fact, raw.op, raw.made, raw.variable)
    value.requires_grad = raw.requires_grad
    return value


def _is_one_thing(expression: str) -> bool:
    """Whether it needs no parentheses: a name or a call."""
    word = expression.partition("(")[0]
    return word.replace(".", "").replace("_", "").isalnum() and expression.count("(") == expression.endswith(")")


def _like(kept: CapturedTensor | None) -> Fact:
    """Of a value only its gradient is known: they have the same shape and dtype."""
    if kept is None:
        return _UNKNOWN
    fact = kept.light()
    return Fact("Tensor", None, fact.shape, fact.dtype, fact.device, text="not recorded")


def _with_numbers(name: str, symbols: list[str], node: RawNode) -> list[str]:
    """What an op took that only the graph tells of: its tensors, and the number that its node saved, if it took one."""
    numbers = {each: _fact_of(value).number for each, value, _ in node.saved}  # type: ignore[union-attr]
    number = numbers.get("exponent" if name == "pow" else "other")
    if name in ("pow", "mul", "div") and len(symbols) == 1 and number is not None:
        return [*symbols, f"{number:g}"]
    if name in ("add", "sub") and len(symbols) == 1:
        return [*symbols, "…"]
    return symbols if len(symbols) == len(node.edges) else []


def _text(argument: object, values: Sequence[_Value]) -> str:
    if isinstance(argument, ValueRef):
        return values[argument].name
    if isinstance(argument, tuple):
        return f"{argument[0]}={_text(argument[1], values)}"
    if isinstance(argument, list):
        return "[" + ", ".join(_text(each, values) for each in argument) + "]"
    return repr(argument) if isinstance(argument, float) else str(argument)


def _says_nothing(argument: object) -> bool:
    """An argument given by name that is left at its default, or has no short text."""
    if not isinstance(argument, tuple):
        return False
    return argument[1] is None or (isinstance(argument[1], str) and argument[1].startswith("<"))


def _symbol(argument: object, values: Sequence[_Value]) -> str:
    return values[argument].symbol if isinstance(argument, ValueRef) else _text(argument, values)


def _plain_operands(raw: RawOp, symbols: Sequence[str]) -> list[tuple[int, str]]:
    """Which plain arguments of a binary operator are variables in the source, and what they are called there."""
    assert raw.site is not None
    operands = raw.site.operands
    if len(symbols) != 2 or len(operands) != 2:
        return []
    for index in (0, 1):
        if not isinstance(raw.arguments[index], (ValueRef, list, tuple)):
            tensor = symbols[1 - index]
            other = operands[index] if operands[1 - index] == tensor else operands[1 - index]
            if operands[0] != tensor != operands[1]:
                other = operands[index]
            if len(other) <= _LONGEST:
                return [(index, other if _is_one_thing(other) else f"({other})")]
    return []


def _in_source_order(raw: RawOp, texts: list[str], symbols: Sequence[str]) -> list[str]:
    """The arguments as the source has them: `x * w` with a plain x comes as `mul(w, 1.0)`."""
    assert raw.site is not None
    operands = raw.site.operands
    if len(texts) != 2 or len(operands) != 2:
        return texts
    named = [
        symbol.strip("()") if isinstance(each, (int, float)) and not isinstance(each, ValueRef) else text
        for each, text, symbol in zip(raw.arguments, texts, symbols, strict=True)
    ]
    return named[::-1] if _is_swapped(symbols, operands) else named


def _is_swapped(symbols: Sequence[str], operands: Sequence[str]) -> bool:
    if len(symbols) != 2 or len(operands) != 2:
        return False
    plain = [symbol.removeprefix("(").removesuffix(")") for symbol in symbols]
    return [plain[1], plain[0]] == list(operands) and operands[0] != operands[1]
