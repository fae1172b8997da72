"""Which autograd node a backward raised in, and which line of the script made that node, or wrote what it needs.

PyTorch names the line of the `backward()`; the bug is elsewhere: in the line whose graph an earlier backward freed, or
in the one that wrote a tensor in place. (`detect_anomaly` tells the first of these, at four times the cost of a run.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch

from bptui.engine.observe.parameters import Holders
from bptui.engine.tape.assignments import lines_assigning, variable_made_by
from bptui.engine.tape.call_log import CallLog, storage_of
from bptui.engine.tape.call_sites import Sites
from bptui.engine.tape.engine_wrapper import EngineWrapper
from bptui.engine.tape.nodes import is_accumulating, reachable

_VERSIONS = re.compile(r"\[\S+ \[(?P<shape>[\d, ]*)\]\].*?is at version \d+; expected version (?P<expected>\d+)")
"""In what PyTorch says of a tensor that was written in place."""


class FailingNode(NamedTuple):
    """The node in which a backward raised."""

    name: str
    sequence: int
    neighbours: tuple[int, ...]
    """The sequence numbers of the nodes from which it took something."""
    leaves: tuple[int, ...]
    """Where the leaves that it took live in memory."""
    variable: str
    """The variable that holds what it computed, or the next one that was computed from that; empty for none."""
    on_the_way: bool
    """Whether it was computed on the way to that variable, and is not its value."""


def failing_node(node: Any, holders: Holders) -> FailingNode:
    """What is to be known of it when its graph is gone."""
    neighbours, leaves = [], []
    near = [after for after, _ in node.next_functions if after is not None]
    near += [beyond for after in near for beyond, _ in after.next_functions if beyond is not None]
    for each in near:
        if is_accumulating(each):
            leaves.append(storage_of(each.variable))
        else:
            neighbours.append(each._sequence_nr())
    return FailingNode(
        node.name(), node._sequence_nr(), tuple(neighbours), tuple(leaves), *variable_made_by(node, holders)
    )


class BackwardWatch(EngineWrapper):
    """While entered, notes for each run of autograd's engine which node it is in; nothing else is looked at."""

    def __init__(self, holders: Callable[[], Holders]) -> None:
        """`holders`: the variables of the script's scopes."""
        super().__init__()
        self._holders = holders
        self.failing: FailingNode | None = None
        """The node that raised last."""

    def __enter__(self) -> BackwardWatch:
        self.failing = None
        super().__enter__()
        return self

    def run(self, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        nodes = reachable(outputs)
        at: list[int] = []
        done: list[int] = []
        handles = [node.register_prehook(_noting(at, index)) for index, node in enumerate(nodes)]
        handles += [node.register_hook(_noting(done, index)) for index, node in enumerate(nodes)]
        try:
            return self.engine(outputs, *args, **kwargs)
        except BaseException:
            if at and (not done or done[-1] != at[-1]):
                with torch._C.DisableTorchFunction():
                    self.failing = failing_node(nodes[at[-1]], self._holders())
            raise
        finally:
            for handle in handles:
                handle.remove()


def _noting(last: list[int], index: int) -> Callable[..., None]:
    return partial(_note, last, index)


def _note(last: list[int], index: int, *_gradients: Any) -> None:
    last[:] = (index,)


def cause_of(message: str, failing: FailingNode, log: CallLog, sites: Sites) -> str:
    """`TanhBackward0 was made by line 5: a = torch.tanh(w)`, and what became of what it needs."""
    where = _where(failing, log, sites)
    node = f"{failing.name}, {where}," if where else failing.name
    if "modified by an inplace operation" in message:
        writer = _writer(message, failing, log)
        if writer:
            return f"{node} needs what line {writer} ({sites.text_of(writer)}) wrote in place since"
        return f"{node} needs a tensor that was written in place since"
    if "second time" in message:
        return f"{node} has had its graph freed by an earlier backward"
    return f"it raised in {node.removesuffix(',')}"


def _where(failing: FailingNode, log: CallLog, sites: Sites) -> str:
    """`made by line 5 (a = torch.tanh(w))`; of what was not traced the line that assigns the variable, if it is one."""
    made = log.made(failing.sequence)
    if made is not None:
        return f"made by line {made.line} ({sites.text_of(made.line)})"
    lines = lines_assigning(sites.tree, failing.variable) if failing.variable else []
    if not lines:
        return ""
    way = f"made on the way to {failing.variable}" if failing.on_the_way else f"made as {failing.variable}"
    if len(lines) == 1:
        text = sites.text_of(lines[0])
        return f"{way} by line {lines[0]} ({text})" if failing.on_the_way else f"made by line {lines[0]} ({text})"
    return f"{way} by line {' or '.join(map(str, lines))}"


def _writer(message: str, failing: FailingNode, log: CallLog) -> int:
    """The line that wrote the tensor; 0 where that is not known."""
    found = _VERSIONS.search(message)
    if found is None:
        return 0
    storages = set(failing.leaves)
    for sequence in (failing.sequence, *failing.neighbours):
        made = log.made(sequence)
        storages.update(made.storages if made is not None else ())
    shape = tuple(int(each) for each in found["shape"].split(",") if each.strip())
    wrote = log.writer(storages - {0}, shape, int(found["expected"]))
    return wrote.line if wrote is not None else 0
