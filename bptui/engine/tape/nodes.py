"""Records a backward node by node, in the order in which PyTorch's engine runs them.

Every node that the loss reaches gets a prehook and a hook for the time of the engine's run: upstream and saved tensors
are read before it, downstream after it. The engine's one entrance is wrapped meanwhile, so that `backward()` and
`autograd.grad`, however they are called, and a backward inside a backward (checkpointing) are all seen. Nothing is
computed that the script could notice, and what the hooks read is no op of the script: they read under
`DisableTorchFunction`, since in a backward inside of a forward the `OpRecorder` is active.
(PyTorch: `Node.register_prehook`, "Hooks for saved tensors", "Autograd mechanics".)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from bptui.engine.tape.engine_wrapper import EngineWrapper
from bptui.engine.tape.local_derivatives import local_derivatives
from bptui.engine.tape.saved_tensors import ForwardValue, NodeOutput, SavedValues, is_custom, saved_by, why_opaque
from bptui.engine.tensors.captured import CapturedTensor, MemoryBudget
from bptui.protocol.fact import SMALL

_LARGE = 8 * SMALL
"""Nodes that saved a tensor of more bytes are not asked for their local derivative: the answer would be as large."""
_RUN = 1_000_000_000
"""Nodes are numbered on from here in each run of the engine."""


class Root:
    """What a run of the engine began from."""

    __slots__ = ("number", "ones", "outputs")

    def __init__(self, number: int, outputs: Any, seeds: Any) -> None:
        self.number = number
        """Which run it is."""
        self.outputs: list[tuple[NodeOutput, int]] = []
        """Of each output what made it, and how many elements it has."""
        for each in outputs:
            if isinstance(each, torch.Tensor):
                node: Any = each.grad_fn
                made = (-1, 0) if node is None else (node._sequence_nr(), each.output_nr)
                self.outputs.append((made, each.numel()))
            else:  # a GradientEdge
                self.outputs.append(((each.node._sequence_nr(), each.output_nr), 1))
        self.ones = all(each is None or bool((each == 1).all()) for each in seeds)
        """Whether the gradients are derivatives of the outputs' sum: `backward()` was given no other weights."""


class RawNode:
    """A node as it ran."""

    __slots__ = (
        "done",
        "downstream",
        "edges",
        "forward_values",
        "local",
        "name",
        "new",
        "old",
        "opaque",
        "place",
        "root",
        "run",
        "saved",
        "sequence",
        "upstream",
        "variable",
    )  # fmt: skip

    def __init__(
        self, name: str, sequence: int, edges: list[tuple[int, NodeOutput, int]], run: int, root: Root
    ) -> None:
        self.name, self.sequence, self.edges, self.run, self.root = name, sequence, edges, run, root
        """Of each edge the identity of the node that takes it, by number, what it is a gradient of, and the leaf's."""
        self.upstream: list[Any] = []
        self.downstream: list[Any] = []
        """Gradients: the tensors themselves, which nobody writes while they are held; `settle` captures them."""
        self.local: list[Any] = []
        self.saved: list[SavedValues] = []
        self.forward_values: list[ForwardValue] = []
        """Values of the forward that are among its saved tensors."""
        self.opaque = ""
        self.variable = 0
        """Of an AccumulateGrad, the identity of its leaf."""
        self.old: CapturedTensor | None = None
        self.new: CapturedTensor | None = None
        self.place = -1
        """Its place among the nodes that ran."""
        self.done = False
        """Whether it finished."""

    def settle(self, budget: MemoryBudget) -> None:
        """The engine's run is over: replace the gradients by what is shown of them."""
        for gradients in (self.upstream, self.downstream):
            gradients[:] = [
                CapturedTensor(each, budget) if isinstance(each, torch.Tensor) else each for each in gradients
            ]


class NodeRecorder(EngineWrapper):
    """Records what the engine runs while it is entered."""

    def __init__(self, ran: Callable[[RawNode], None]) -> None:
        """`ran` is called with each node as soon as it begins."""
        super().__init__()
        self.ran = ran
        self.budget = MemoryBudget()
        self.raised: Any = None
        """The node in which the last run raised, if it was in one."""
        self._runs = 0

    def run(self, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        """In the engine's place: hook every node, let it run, and take the hooks away."""
        with torch._C.DisableTorchFunction():
            root = Root(self._runs, outputs, args[0] if args else kwargs.get("grad_tensors", ()))
            run = _Run(self, outputs, root)
        self._runs += 1
        try:
            return self.engine(outputs, *args, **kwargs)
        except BaseException:
            self.raised = run.unfinished()
            raise
        finally:
            run.release()


class _Run:
    """One run of the engine."""

    def __init__(self, recorder: NodeRecorder, outputs: Any, root: Root) -> None:
        self._recorder, self._root = recorder, root
        self._handles: list[Any] = []
        self._nodes = reachable(outputs)
        self._indices = {node: index for index, node in enumerate(self._nodes)}
        self._raw: list[RawNode | None] = [None] * len(self._nodes)
        self._last = -1
        for index, node in enumerate(self._nodes):
            self._handles.append(node.register_prehook(partial(self._before, index)))
            self._handles.append(node.register_hook(partial(self._after, index)))

    def unfinished(self) -> Any:
        """The node that began last, if it did not finish."""
        at = self._last
        return None if at < 0 or (raw := self._raw[at]) is None or raw.done else self._nodes[at]

    def release(self) -> None:
        """Remove the hooks, and let go of the graph: a hook that holds its node would keep the graph alive for good."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._nodes.clear()
        self._indices.clear()
        self._raw.clear()

    def _before(self, index: int, upstream: tuple[torch.Tensor | None, ...]) -> None:
        with torch._C.DisableTorchFunction():
            self._recorder.ran(self._record(index, upstream))

    def _record(self, index: int, upstream: tuple[torch.Tensor | None, ...]) -> RawNode:
        node: Any = self._nodes[index]
        self._last = index
        variable = node.variable if is_accumulating(node) else None
        base = self._root.number * _RUN
        raw = RawNode(node.name(), node._sequence_nr(), self._edges(node), base + index, self._root)
        self._raw[index] = raw
        budget = self._recorder.budget
        raw.upstream = [_held(each, budget) for each in upstream]
        if variable is not None:
            raw.name = "AccumulateGrad"
            raw.variable = id(variable)
            raw.old = (
                None if variable.grad is None else CapturedTensor(variable.grad, MemoryBudget(0))
            )  # added to in place
            return raw
        raw.opaque = why_opaque(node)
        if not raw.opaque:
            try:
                raw.saved, raw.forward_values = saved_by(node, budget)
            except RuntimeError as error:  # the node is about to raise that itself, and is to be blamed for it
                raw.opaque = f"its saved tensors cannot be read: {str(error).splitlines()[0]}"
            else:
                self._find_local_derivatives(node, raw, upstream)
        return raw

    def _find_local_derivatives(self, node: Any, raw: RawNode, upstream: tuple[torch.Tensor | None, ...]) -> None:
        if is_custom(node):
            raw.opaque = "a custom Function's backward is run once only"
        elif any(size > _LARGE for _, _, size in raw.saved):
            return
        elif raw.name != "CopySlices" and len(upstream) == 1 and upstream[0] is not None:
            raw.local = local_derivatives(node, upstream[0], self._recorder.budget)

    def _after(
        self, index: int, downstream: tuple[torch.Tensor | None, ...], _upstream: tuple[torch.Tensor | None, ...]
    ) -> None:
        raw = self._raw[index]
        if raw is None:
            return
        raw.done = True
        budget = self._recorder.budget
        with torch._C.DisableTorchFunction():
            if raw.variable:
                gradient = self._nodes[index].variable.grad
                raw.new = None if gradient is None else CapturedTensor(gradient, budget)
            raw.downstream = [_held(each, budget) for each in downstream]

    def _edges(self, node: Any) -> list[tuple[int, NodeOutput, int]]:
        base = self._root.number * _RUN
        edges = []
        for after, number in node.next_functions:
            if after is None:
                edges.append((-1, (-1, 0), 0))
            else:
                leaf = id(after.variable) if is_accumulating(after) else 0
                edges.append((base + self._indices.get(after, -1), (after._sequence_nr(), number), leaf))
        return edges


_Accumulate: Any = type(torch.zeros(1, requires_grad=True).expand(1).grad_fn.next_functions[0][0])  # type: ignore[union-attr]


def is_accumulating(node: Any) -> bool:
    """Whether it is a node that adds to a leaf's gradient."""
    return type(node) is _Accumulate


def _held(gradient: torch.Tensor | None, budget: MemoryBudget) -> Any:
    """A gradient, itself if it is small or there is room."""
    if gradient is None or gradient.numel() <= SMALL:
        return gradient
    return CapturedTensor(gradient, budget)


def reachable(outputs: Any) -> list[Any]:
    """Every node that a backward from these outputs would run."""
    waiting = [each.grad_fn for each in outputs if isinstance(each, torch.Tensor) and each.grad_fn is not None]
    waiting += [each.node for each in outputs if isinstance(each, torch.autograd.graph.GradientEdge)]
    nodes: dict[Any, None] = dict.fromkeys(waiting)
    while waiting:
        for after, _ in waiting.pop().next_functions:
            if after is not None and after not in nodes:
                nodes[after] = None
                waiting.append(after)
    return list(nodes)
