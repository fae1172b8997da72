"""Tapes made by hand: the lecture's, a residual connection, a value used many times, a deep model."""

from __future__ import annotations

from dataclasses import replace

from bptui.protocol.fact import Fact, Stats, Value
from bptui.protocol.tape import Edge, Op, Tape, TapeNode, TapeOp, TapeValue


def scalar(value: float) -> Fact:
    """A tensor of one element."""
    return Fact("Tensor", (value,), (1,), "float32", "cpu")


def small(value: Value, *shape: int) -> Fact:
    """A small tensor."""
    return Fact("Tensor", value, shape, "float32", "cpu")


def large(*shape: int, norm: float | None = None) -> Fact:
    """A large tensor, with its norm or, as on a tape, without."""
    stats = None if norm is None else Stats(-1.0, 1.0, 0.0, 1.0, norm, 0, 0, 0)
    return Fact("Tensor", None, shape, "float32", "cpu", stats)


def leaf(name: str, fact: Fact, grad: Fact | None = None, known: int = -1) -> TapeValue:
    """A parameter."""
    return TapeValue(name, name, fact, -1, True, True, grad, known)


def data(name: str, fact: Fact) -> TapeValue:
    """A tensor that was there before and needs no gradient."""
    return TapeValue(name, name, fact, -1, False, False, None, -1)


def made(name: str, fact: Fact, op: int, grad: Fact | None = None, known: int = -1, symbol: str = "") -> TapeValue:
    """What an op made."""
    return TapeValue(name, symbol or name, fact, op, True, False, grad, known)


def op(name: str, inputs: tuple[int, ...], output: int, text: str, line: int = 12, module: str = "") -> TapeOp:
    """An op of one output."""
    return TapeOp(name, inputs, (output,), text, "", line, module, f"{name.title()}Backward0")


def edge(value: int, node: int, local: Fact | None, formula: str = "", downstream: Fact | None = None) -> Edge:
    return Edge(value, node, local, formula, downstream)


def node(name: str, op: int, value: int, upstream: Fact | None, *edges: Edge) -> TapeNode:
    return TapeNode(name, op, value, upstream, edges, None, None)


def accumulate(value: int, upstream: Fact | None, old: Fact | None = None, new: Fact | None = None) -> TapeNode:
    return TapeNode("AccumulateGrad", -1, value, upstream, (), old, new or upstream)


def at_op(index: int, count: int = 3, module: str = "") -> Op:
    """Stopped after that op of the forward."""
    return Op(index, count, "", index, -1, "", None, module, (), (), (), (), (), (), "")


def at_node(index: int, op: int, count: int = 4, module: str = "") -> Op:
    """Stopped after that node of the backward, which that op made."""
    return Op(index, count, "", op, index, "", None, module, (), (), (), (), (), (), "")


def lecture(w: float = 1.0, x: float = 1.0, y: float = 2.0) -> Tape:
    """`l = (x * w - y) ** 2`, went backward."""
    pred = x * w
    r = pred - y
    slope, grad = 2 * r, 2 * r * x
    values = (
        leaf("w", scalar(w), scalar(grad), 3),
        made("y_pred", scalar(pred), 0, scalar(slope), 1),
        made("%2", scalar(r), 1, scalar(slope), 0, "(y_pred - y)"),
        made("l", scalar(r * r), 2, scalar(1.0), -1),
    )
    values = (*values[:3], replace(values[3], known=0))
    values = (*values[:1], replace(values[1], known=1), *values[2:])
    ops = (
        TapeOp("mul", (0,), (1,), f"mul(w, {x})", "x * w", 9, "", "MulBackward0"),
        TapeOp("sub", (1,), (2,), f"sub(y_pred, {y})", "y_pred - y", 14, "", "SubBackward0"),
        TapeOp("pow", (2,), (3,), "pow(%2, 2)", "(y_pred - y) ** 2", 14, "", "PowBackward0"),
    )
    nodes = (
        node("PowBackward0", 2, 3, scalar(1.0), edge(2, 1, scalar(slope), "2(y_pred - y)", scalar(slope))),
        node("SubBackward0", 1, 2, scalar(slope), edge(1, 2, scalar(1.0), "1", scalar(slope))),
        node("MulBackward0", 0, 1, scalar(slope), edge(0, 3, scalar(x), "x", scalar(grad))),
        accumulate(0, scalar(grad)),
    )
    return Tape(values, ops, nodes, 3)


def before_backward(tape: Tape) -> Tape:
    """The same, before any backward was stepped into."""
    return replace(tape, values=tuple(replace(each, grad=None, known=-1) for each in tape.values), nodes=())


def residual() -> Tape:
    """`h = relu(x @ W1) + x @ W0; l = (h + b).sum()` with `W1` used twice: branches that join again."""
    values = (
        data("x", large(16, 8)),
        leaf("W1", large(8, 8), large(8, 8, norm=2.5), 6),
        made("%2", large(16, 8), 0, large(16, 8, norm=1.5), 4),
        made("a", large(16, 8), 1, large(16, 8, norm=3.0), 3),
        made("h", large(16, 8), 2, large(16, 8, norm=3.0), 1),
        leaf("b", small((0.5, 0.25), 2), small((16.0, 16.0), 2), 2),
        made("%6", large(16, 8), 3, large(16, 8, norm=4.0), 0),
        made("l", scalar(3.25), 4, scalar(1.0), 0),
    )
    ops = (
        op("matmul", (0, 1), 2, "matmul(x, W1)", 7),
        op("relu", (2,), 3, "relu(%2)", 7),
        op("add", (3, 0), 4, "add(a, x)", 8),
        op("add", (4, 5), 6, "add(h, b)", 9),
        op("sum", (6,), 7, "sum(%6)", 9),
    )
    nodes = (
        node("SumBackward0", 4, 7, scalar(1.0), edge(6, 1, None, "", large(16, 8, norm=4.0))),
        node("AddBackward0", 3, 6, large(16, 8, norm=4.0),
             edge(4, 3, None, "1", large(16, 8, norm=3.0)), edge(5, 2, None, "1", small((16.0, 16.0), 2))),
        accumulate(5, small((16.0, 16.0), 2)),
        node("AddBackward0", 2, 4, large(16, 8, norm=3.0), edge(3, 4, None, "1", large(16, 8, norm=3.0))),
        node("ReluBackward0", 1, 3, large(16, 8, norm=3.0), edge(2, 5, None, "", large(16, 8, norm=1.5))),
        node("MmBackward0", 0, 2, large(16, 8, norm=1.5), edge(1, 6, None, "xᵀ", large(8, 8, norm=2.5))),
        accumulate(1, large(8, 8, norm=2.5)),
    )  # fmt: skip
    return Tape(values, ops, nodes, 7)


def shared(w: float = 3.0) -> Tape:
    """`a = w * w; l = a * w + a + w` with scalars: a leaf used four times, and a value used twice."""
    a, b, c = w * w, w**3, w**3 + w * w
    ga, gw = w + 1, 3 * w * w + 2 * w + 1
    values = (
        leaf("w", scalar(w), scalar(gw), 4),
        made("a", scalar(a), 0, scalar(ga), 2),
        made("b", scalar(b), 1, scalar(1.0), 1),
        made("c", scalar(c), 2, scalar(1.0), 0),
        made("l", scalar(c + w), 3, scalar(1.0), 0),
    )
    ops = (
        op("mul", (0, 0), 1, "mul(w, w)", 3),
        op("mul", (1, 0), 2, "mul(a, w)", 4),
        op("add", (2, 1), 3, "add(b, a)", 5),
        op("add", (3, 0), 4, "add(c, w)", 6),
    )
    nodes = (
        node("AddBackward0", 3, 4, scalar(1.0),
             edge(3, 1, scalar(1.0), "1", scalar(1.0)), edge(0, 4, scalar(1.0), "1", scalar(1.0))),
        node("AddBackward0", 2, 3, scalar(1.0),
             edge(2, 2, scalar(1.0), "1", scalar(1.0)), edge(1, 3, scalar(1.0), "1", scalar(1.0))),
        node("MulBackward0", 1, 2, scalar(1.0),
             edge(1, 3, scalar(w), "w", scalar(w)), edge(0, 4, scalar(a), "a", scalar(a))),
        node("MulBackward0", 0, 1, scalar(ga),
             edge(0, 4, scalar(w), "w", scalar(ga * w)), edge(0, 4, scalar(w), "w", scalar(ga * w))),
        accumulate(0, scalar(gw)),
    )  # fmt: skip
    return Tape(values, ops, nodes, 4)


def joined() -> Tape:
    """`l = cat([a, b, c]).sum()`: an op of three inputs."""
    one = scalar(1.0)
    values = (
        leaf("a", one, one, 2), leaf("b", one, one, 3), leaf("c", one, one, 4),
        made("%3", small((1.0, 1.0, 1.0), 3), 0, small((1.0, 1.0, 1.0), 3), 0), made("l", scalar(3.0), 1, one, 0),
    )  # fmt: skip
    ops = op("cat", (0, 1, 2), 3, "cat([a, b, c])"), op("sum", (3,), 4, "sum(%3)")
    ones = small((1.0, 1.0, 1.0), 3)
    nodes = (
        node("SumBackward0", 1, 4, one, edge(3, 1, ones, "", ones)),
        node("CatBackward0", 0, 3, ones, *(edge(at, 2 + at, None, "", one) for at in range(3))),
        *(accumulate(at, one) for at in range(3)),
    )
    return Tape(values, ops, nodes, 4)


def doubled(times: int, w: float = 1.0) -> Tape:
    """`w = w + w`, so often: there are `2 ** times` paths."""
    values = [leaf("w", scalar(w), scalar(2.0**times), times)]
    ops, nodes = [], []
    for at in range(times):
        name = "l" if at == times - 1 else f"%{at + 1}"
        grad = scalar(2.0 ** (times - at - 1))
        values.append(made(name, scalar(w * 2.0 ** (at + 1)), at, grad, max(times - at - 2, 0)))
        ops.append(op("add", (at, at), at + 1, f"add({values[at].name}, {values[at].name})"))
    for at in range(times):
        back = times - at - 1
        down = scalar(2.0**at)
        nodes.append(node("AddBackward0", back, back + 1, down, *[edge(back, at + 1, scalar(1.0), "1", down)] * 2))
    nodes.append(accumulate(0, scalar(2.0**times)))
    return Tape(tuple(values), tuple(ops), tuple(nodes), times)


def deep(modules: int, each: int, blocks: int = 1, backward: bool = True) -> Tape:
    """A model of so many layers in so many blocks, each layer a `linear` and activations."""
    values: list[TapeValue] = [data("x", large(64, 128))]
    ops: list[TapeOp] = []
    steps = modules * each
    at = 0
    for layer in range(modules):
        path = f"model/model.block{layer * blocks // modules}/model.block{layer * blocks // modules}.fc{layer}"
        weight = len(values)
        values.append(leaf(f"{path.rpartition('/')[2]}.weight", large(128, 128), large(128, 128), steps))
        for part in range(each):
            name = "linear" if part == 0 else ("relu", "mul", "add", "dropout")[part % 4]
            inputs = (at, weight) if part == 0 else (at,)
            out = len(values)
            text = f"{name}({', '.join(values[i].name for i in inputs)})"
            values.append(made(f"%{out}", large(64, 128), len(ops), large(64, 128), max(steps - len(ops) - 2, 0)))
            ops.append(op(name, inputs, out, text, 10 + layer, path))
            at = out
    return Tape(tuple(values), tuple(ops), _backwards(values, ops) if backward else (), at)


def _backwards(values: list[TapeValue], ops: list[TapeOp]) -> tuple[TapeNode, ...]:
    """The nodes of a chain of ops, and after them the leaves' own."""
    count = len(ops)
    leaves = [index for index, value in enumerate(values) if value.leaf]
    places = {index: count + at for at, index in enumerate(leaves)}
    nodes = []
    for at, each in enumerate(reversed(ops)):
        to = [(i, places.get(i, at + 1)) for i in each.inputs if values[i].requires_grad]
        edges = tuple(edge(i, place, None, "", large(64, 128)) for i, place in to)
        nodes.append(node(f"{each.name.title()}Backward0", count - at - 1, each.outputs[0], large(64, 128), *edges))
    return (*nodes, *(accumulate(index, large(128, 128)) for index in leaves))
