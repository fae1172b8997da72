"""Records a backward node by node, in the order in which PyTorch's engine runs them.

Every node that the loss reaches gets a prehook and a hook for the time of the engine's run: upstream and saved tensors
are read before it, downstream after it. The local derivative is what the node itself answers to a unit gradient. The
engine's one entrance is wrapped meanwhile, so that `backward()` and `autograd.grad`, however they are called, and a
backward inside a backward (checkpointing) are all seen. Nothing is computed that the script could notice.
(PyTorch: `Node.register_prehook`, "Hooks for saved tensors", "Autograd mechanics".)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any

import torch

from bptui.engine.tensors.captured import CapturedTensor, MemoryBudget
from bptui.engine.tensors.facts import fact
from bptui.engine.tensors.graphs import raw_names
from bptui.protocol.fact import SMALL, Fact

_ELEMENTWISE = frozenset(
    "Abs Add Clamp Cos Div Elu Erf Exp Expm1 Gelu Hardsigmoid Hardswish Hardtanh LeakyRelu Log Log10 Log1P Log2 "
    "LogSigmoid Mul Neg Pow Reciprocal Relu Rsqrt Rsub Selu Sigmoid Silu Sin Sinh Softplus Sqrt Sub Tan Tanh".split()
)
"""Nodes whose outputs depend on the inputs at the same place only, if none is broadcast."""
_LARGE = 8 * SMALL
"""Nodes that saved a tensor of more bytes are not asked."""
_ROWS = 8
"""Of outputs with up to so many elements the Jacobian is found row by row."""

Made = tuple[int, int]
"""A node by its sequence number, and which of its outputs."""


class RawNode:
    """A node as it ran."""

    __slots__ = (
        "done", "downstream", "edges", "local", "name", "new", "old", "opaque", "place", "run", "saved", "seen",
        "sequence", "upstream", "variable",
    )  # fmt: skip

    def __init__(self, name: str, sequence: int, edges: list[tuple[int, Made, int]], run: int) -> None:
        self.name, self.sequence, self.edges, self.run = name, sequence, edges, run
        """Of each edge the identity of the node that takes it, by number, what it is a gradient of, and the leaf's."""
        self.upstream: list[Any] = []
        self.downstream: list[Any] = []
        """Gradients: the tensors themselves, which nobody writes while they are held; `settle` captures them."""
        self.local: list[Any] = []
        self.saved: list[tuple[str, Any, int]] = []
        """By name a `CapturedTensor` or a plain value, and how many bytes it takes."""
        self.seen: list[tuple[Made, int, CapturedTensor]] = []
        """Values of the forward, as its saved tensors tell: what made each, and the identity of a leaf."""
        self.opaque = ""
        self.variable = 0
        """Of an AccumulateGrad, the identity of its leaf."""
        self.old: CapturedTensor | None = None
        self.new: CapturedTensor | None = None
        self.place = -1
        """Its place among the nodes that ran."""
        self.done = False
        """Whether it came to its end."""

    def settle(self, room: MemoryBudget) -> None:
        """The engine's run is over: keep of the gradients what is to be told."""
        for gradients in (self.upstream, self.downstream):
            gradients[:] = [
                CapturedTensor(each, room) if isinstance(each, torch.Tensor) else each for each in gradients
            ]


class NodeRecorder:
    """Records what the engine runs while it is entered."""

    def __init__(self, ran: Callable[[RawNode], None]) -> None:
        """`ran` is told each node as soon as it begins."""
        self._ran = ran
        self.room = MemoryBudget()
        self._engine: Any = None
        self._runs = 0

    def __enter__(self) -> NodeRecorder:
        self._engine = torch.autograd._engine_run_backward  # type: ignore[attr-defined]
        torch.autograd._engine_run_backward = self._run  # type: ignore[attr-defined, assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        torch.autograd._engine_run_backward = self._engine  # type: ignore[attr-defined]
        self._engine = None

    def _run(self, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        """In the engine's place: hook every node, let it run, and take the hooks away."""
        run = _Run(self, outputs, self._runs)
        self._runs += 1
        try:
            return self._engine(outputs, *args, **kwargs)
        finally:
            run.release()

    # ---- local derivatives

    def local(self, node: Any, upstream: torch.Tensor) -> list[Any]:
        """The derivative of what the node's op made by each thing that it took; nothing where that is too large."""
        count = upstream.numel()
        if count == 1:
            return [self._told(each) for each in self._asked(node, self._unit(upstream, 0))]
        if count <= _ROWS:
            rows = [self._asked(node, self._unit(upstream, row)) for row in range(count)]
            return [_jacobian([row[index] for row in rows]) for index in range(len(rows[0]))]
        if count <= SMALL and node.name().rstrip("0123456789").removesuffix("Backward") in _ELEMENTWISE:
            answers = self._asked(node, torch.ones_like(upstream))
            return [self._told(each) if each is not None and each.shape == upstream.shape else None for each in answers]
        return []

    def _told(self, tensor: torch.Tensor | None) -> CapturedTensor | None:
        return CapturedTensor(tensor, self.room) if tensor is not None and tensor.numel() <= SMALL else None

    def _asked(self, node: Any, gradient: torch.Tensor) -> list[torch.Tensor | None]:
        answer = node(gradient)
        return list(answer) if isinstance(answer, tuple) else [answer]

    def _unit(self, like: torch.Tensor, row: int) -> torch.Tensor:
        key = like.shape, like.dtype, like.device, row
        unit = _units.get(key)
        if unit is None:
            if len(_units) >= _MOST_UNITS:
                _units.clear()
            unit = torch.zeros(like.shape, dtype=like.dtype, device=like.device)
            unit.view(-1)[row] = 1
            _units[key] = unit
        return unit

    def begins(self, raw: RawNode) -> None:
        self._ran(raw)


class _Run:
    """One run of the engine."""

    def __init__(self, recorder: NodeRecorder, outputs: Any, number: int) -> None:
        self._recorder, self._number = recorder, number
        self._handles: list[Any] = []
        self._nodes = _reachable(outputs)
        self._indices = {node: index for index, node in enumerate(self._nodes)}
        self._raw: list[RawNode | None] = [None] * len(self._nodes)
        for index, node in enumerate(self._nodes):
            self._handles.append(node.register_prehook(partial(self._before, index)))
            self._handles.append(node.register_hook(partial(self._after, index)))

    def release(self) -> None:
        """Take away the hooks, and let go of the graph."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._nodes.clear()
        self._indices.clear()
        self._raw.clear()

    def _before(self, index: int, upstream: tuple[torch.Tensor | None, ...]) -> None:
        node: Any = self._nodes[index]
        variable = node.variable if type(node) is _Accumulate else None
        raw = RawNode(node.name(), _number(node), self._edges(node), self._number * 1_000_000_000 + index)
        self._raw[index] = raw
        room = self._recorder.room
        raw.upstream = [_held(each, room) for each in upstream]
        if variable is not None:
            raw.name = "AccumulateGrad"
            raw.variable = id(variable)
            raw.old = None if variable.grad is None else CapturedTensor(variable.grad, room)
        else:
            custom = isinstance(node, torch.autograd.function.BackwardCFunction)
            raw.opaque = _opaque(node, custom)
            if not raw.opaque:
                raw.saved = list(self._saved(node, raw, custom))
                self._ask(node, raw, upstream, custom)
        self._recorder.begins(raw)

    def _ask(self, node: Any, raw: RawNode, upstream: tuple[torch.Tensor | None, ...], custom: bool) -> None:
        if custom:
            raw.opaque = "a custom Function's backward is run once only"
        elif any(size > _LARGE for _, _, size in raw.saved):
            return  # what it depends on is large, and so would the answer be
        elif raw.name != "CopySlices" and len(upstream) == 1 and upstream[0] is not None:
            enabled = torch.is_grad_enabled()  # so it is in a backward that makes a graph
            if enabled:
                torch.set_grad_enabled(False)
            try:
                raw.local = self._recorder.local(node, upstream[0])
            except RuntimeError:  # a node that takes no unit gradient, such as one of a nested tensor
                raw.local = []
            finally:
                if enabled:
                    torch.set_grad_enabled(True)

    def _after(
        self, index: int, downstream: tuple[torch.Tensor | None, ...], _upstream: tuple[torch.Tensor | None, ...]
    ) -> None:
        raw = self._raw[index]
        if raw is None:
            return
        raw.done = True
        room = self._recorder.room
        if raw.variable:
            gradient = self._nodes[index].variable.grad
            raw.new = None if gradient is None else CapturedTensor(gradient, room)
        raw.downstream = [_held(each, room) for each in downstream]

    def _edges(self, node: Any) -> list[tuple[int, Made, int]]:
        base = self._number * 1_000_000_000
        edges = []
        for after, number in node.next_functions:
            if after is None:
                edges.append((-1, (-1, 0), 0))
            else:
                leaf = id(after.variable) if type(after) is _Accumulate else 0
                edges.append((base + self._indices.get(after, -1), (_number(after), number), leaf))
        return edges

    def _saved(self, node: Any, raw: RawNode, custom: bool) -> Iterator[tuple[str, Any, int]]:
        if custom:
            values: Any = [(f"saved_tensors[{number}]", each) for number, each in enumerate(node.saved_tensors)]
        else:
            values = [(name[len("_saved_") :], getattr(node, name)) for name in _names_of_saved(type(node))]
        for name, value in values:
            if value.__class__ in (tuple, list) and any(isinstance(each, torch.Tensor) for each in value):
                for number, each in enumerate(value):
                    yield from self._one_saved(f"{name}[{number}]", each, raw)
            else:
                yield from self._one_saved(name, value, raw)

    def _one_saved(self, name: str, value: Any, raw: RawNode) -> Iterator[tuple[str, Any, int]]:
        if value.__class__ in _NUMBERS:
            yield name, value, 0
        elif isinstance(value, torch.Tensor):
            kept = CapturedTensor(value, self._recorder.room)
            if value.requires_grad:
                maker: Any = value.grad_fn
                made = (-1, 0) if maker is None else (_number(maker), value.output_nr)
                raw.seen.append((made, id(value) if maker is None else 0, kept))
            yield name, kept, value.numel() * value.element_size()
        elif value is not None:
            yield name, fact(value), 0


_NUMBERS = frozenset({int, float, bool, str})
_MOST_UNITS = 256
_units: dict[Any, torch.Tensor] = {}
"""Unit gradients by shape, dtype, device and place."""
_Accumulate: Any = type(torch.zeros(1, requires_grad=True).expand(1).grad_fn.next_functions[0][0])  # type: ignore[union-attr]
"""Nodes that add to a leaf's gradient."""


def _held(gradient: torch.Tensor | None, room: MemoryBudget) -> Any:
    """A gradient, itself if it is small or there is room."""
    if gradient is None or gradient.numel() <= SMALL:
        return gradient
    return CapturedTensor(gradient, room)


_saved_names: dict[type, tuple[str, ...]] = {}


def _names_of_saved(kind: type) -> tuple[str, ...]:
    names = _saved_names.get(kind)
    if names is None:
        names = _saved_names[kind] = tuple(name for name in dir(kind) if name.startswith("_saved_"))
    return names


def _opaque(node: Any, custom: bool) -> str:
    """Why its saved tensors cannot be looked at: unpacking them has an effect (checkpointing computes them anew)."""
    if custom:
        raws: Any = node._raw_saved_tensors or ()
    else:
        raws = [getattr(node, name, None) for name in raw_names(type(node))]
    for raw in raws:
        for each in raw if raw.__class__ in (tuple, list) else (raw,):
            if getattr(each, "unpack_hook", None) is not None:
                return "its saved tensors are packed (checkpointing, saved_tensors_hooks)"
    return ""


def _number(node: Any) -> int:
    """A node's sequence number; AccumulateGrad has none of its own."""
    number: int = node._sequence_nr()
    return number


def _reachable(outputs: Any) -> list[Any]:
    """Every node that a backward from these would come to."""
    waiting = [each.grad_fn for each in outputs if isinstance(each, torch.Tensor) and each.grad_fn is not None]
    waiting += [each.node for each in outputs if isinstance(each, torch.autograd.graph.GradientEdge)]
    nodes: dict[Any, None] = dict.fromkeys(waiting)
    while waiting:
        for after, _ in waiting.pop().next_functions:
            if after is not None and after not in nodes:
                nodes[after] = None
                waiting.append(after)
    return list(nodes)


def _jacobian(rows: list[torch.Tensor | None]) -> Fact | None:
    """From one row an output: elementwise where it is diagonal, else output by input."""
    known = [row for row in rows if row is not None]
    if len(known) != len(rows) or len(rows) * known[0].numel() > SMALL:
        return None
    matrix = torch.stack([row.reshape(-1) for row in known])
    diagonal = matrix.diagonal()
    if matrix.shape[0] == matrix.shape[1] and torch.equal(matrix, torch.diag(diagonal)):
        return fact(diagonal.reshape(known[0].shape))
    return fact(matrix)
