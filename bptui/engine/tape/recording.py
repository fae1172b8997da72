"""One phase, recorded: what ran, in order, ops and nodes mixed, and what each wrote to the parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import FrameType
from typing import Any

import torch

from bptui.engine.interpreter.output import Offset, Output
from bptui.engine.observe.parameters import named_leaves
from bptui.engine.observe.recorder import Recorder
from bptui.engine.tape.assignments import lines_assigning
from bptui.engine.tape.blame import FailingNode, failing_node
from bptui.engine.tape.builder import TapeBuilder
from bptui.engine.tape.call_log import CallLog
from bptui.engine.tape.call_sites import Sites
from bptui.engine.tape.modules import Modules
from bptui.engine.tape.nodes import NodeRecorder, RawNode
from bptui.engine.tape.ops import OpRecorder
from bptui.engine.tape.records import RawOp
from bptui.engine.tensors.captured import CapturedTensor
from bptui.engine.tensors.facts import fact, grad_of, version_of
from bptui.protocol.fact import SMALL, Fact
from bptui.protocol.phase import Phase
from bptui.protocol.tape import Tape

WrittenTensors = dict[str, tuple[CapturedTensor | None, CapturedTensor | None]]
"""Value and gradient of each parameter that a step changed."""


class RecordedStep:
    """One op or node, where the output was then, and the parameters that it changed."""

    __slots__ = ("mark", "raw", "written")

    def __init__(self, raw: RawOp | RawNode, mark: Offset, written: WrittenTensors) -> None:
        self.raw, self.mark, self.written = raw, mark, written


class Recording:
    """Records a phase while `running` is entered. Afterwards `steps` is what ran; `finish` makes the `tape` of it."""

    def __init__(
        self, phase: Phase, recorder: Recorder, sites: Sites, output: Output, forward: Recording | None, log: CallLog
    ) -> None:
        """`forward`: the recording of the forward that this backward follows, or of which this forward is a part.

        `log`: learns which line ran which op.
        """
        self.phase, self._recorder, self._output = phase, recorder, output
        self._log, self._sites = log, sites
        self.steps: list[RecordedStep] = []
        self.ended = output.mark()
        """Where the output ended when the phase did."""
        self._ops: OpRecorder = (
            forward._ops
            if forward is not None
            else OpRecorder(sites, Modules(recorder.holders()), self._name_of, self._op_ran, log)
        )
        self._ops.ran = self._op_ran
        self._nodes: list[RawNode] = []
        self._loss: int = -1 if forward is None else forward._loss
        self._parameters: dict[int, str] | None = None
        self._compares_parameters = phase in (Phase.UPDATE, Phase.ZERO_GRAD)
        self._parameter_states: dict[str, Any] = {}
        if self._compares_parameters:
            for name, tensor in recorder.parameters:
                self._parameter_states[name] = _state_of(tensor)
        self.failing: FailingNode | None = None
        """The node in which a backward raised."""
        self.tape = Tape((), (), (), -1)
        self.builder: TapeBuilder | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Record what runs inside. What it raises is raised."""
        recorder = NodeRecorder(self._node_ran)
        try:
            with recorder, self._ops:
                yield
        except BaseException:
            if recorder.raised is not None:
                self.failing, recorder.raised = failing_node(recorder.raised, self._recorder.holders()), None
            raise
        finally:
            self.ended = self._output.mark()
            self._ops.settle()
            for node in self._nodes:
                node.settle(recorder.budget)

    def finish(self, loss: Any, loss_name: str | None) -> None:
        """Make the tape of what was recorded. `loss`: as the script has it now."""
        place = self._ops.finish(loss)
        if self.phase is Phase.FORWARD or self._loss < 0:
            self._loss = place
        self.builder = TapeBuilder(self._ops.values, self._ops.ops, self._nodes, self._loss, loss_name, self._leaves())
        self.tape = self.builder.tape()

    def forget(self) -> None:
        """Let go of the tensors: the phase is left."""
        self._ops.forget()
        for value in self._ops.values:
            value.settle()
        self._nodes.clear()
        self.steps.clear()

    @property
    def loss(self) -> int:
        """The loss among the tape's values."""
        return self.tape.loss

    def fact_of(self, place: int) -> Fact:
        """All that is known of the value at a place of the tape."""
        if place < len(self._ops.values) and (captured := self._ops.values[place].captured) is not None:
            return captured.detailed()
        return self.tape.values[place].fact

    def place_of(self, step: RecordedStep) -> tuple[int, int]:
        """Which op and which node of the tape a step is; -1 for neither."""
        if isinstance(step.raw, RawOp):
            return step.raw.place, -1
        assert self.builder is not None
        return self.builder.op_of(step.raw), step.raw.place

    def line_of(self, raw: RawOp | RawNode) -> int | None:
        """The line whose op made a node, also where its forward was not stepped into; None where it is not known."""
        if isinstance(raw, RawOp) or raw.variable:
            return None
        made = self._log.made(raw.sequence)
        return made.line if made is not None else self._failing_line(raw)

    def _failing_line(self, raw: RawNode) -> int | None:
        """The line of the node that raised, if one line assigns what it computed."""
        if self.failing is None or self.failing.sequence != raw.sequence:
            return None
        lines = lines_assigning(self._sites.tree, self.failing.variable)
        return lines[0] if len(lines) == 1 else None

    def parameter_of(self, raw: RawNode) -> str | None:
        """The parameter of which an AccumulateGrad adds to the gradient."""
        return self._names_of_parameters().get(raw.variable)

    # ---- called by the recorders

    def _op_ran(self, op: RawOp) -> None:
        self.steps.append(
            RecordedStep(op, self._output.mark(), self._changed_parameters(op) if self._compares_parameters else {})
        )

    def _node_ran(self, node: RawNode) -> None:
        node.place = len(self._nodes)
        self._nodes.append(node)
        self.steps.append(RecordedStep(node, self._output.mark(), {}))

    def _changed_parameters(self, op: RawOp) -> WrittenTensors:
        written: WrittenTensors = {}
        budget = self._ops.budget
        touched = {self._ops.values[place].address for place in op.outputs}
        for name, tensor in self._recorder.parameters:
            state, gradient = _state_of(tensor), grad_of(tensor)
            large = tensor.numel() > SMALL and (_address(tensor) in touched or _address(gradient) in touched)
            if large or state != self._parameter_states.get(name):
                self._parameter_states[name] = state
                written[name] = (
                    CapturedTensor(tensor, budget),
                    None if gradient is None else CapturedTensor(gradient, budget),
                )
        return written

    # ---- names

    def _name_of(self, tensor: torch.Tensor, frame: FrameType | None) -> str:
        name = self._names_of_parameters().get(id(tensor))
        if name is not None:
            return name
        if frame is not None:
            for names in (frame.f_locals, frame.f_globals):
                for each, value in names.items():
                    if value is tensor and not each.startswith("_"):
                        return each
        for holder in self._recorder.holders():
            for each, value in list(holder.items()):
                if isinstance(value, torch.nn.Module) and not each.startswith("_"):
                    for inner, buffer in value.named_buffers(prefix=each):
                        if buffer is tensor:
                            return inner
        return next((name for name, leaf in self._all_leaves() if leaf is tensor), "")

    def _names_of_parameters(self) -> dict[int, str]:
        if self._parameters is None:
            self._parameters = {id(tensor): name for name, tensor in self._recorder.parameters}
        return self._parameters

    def _all_leaves(self) -> list[tuple[str, torch.Tensor]]:
        return [*self._recorder.parameters, *named_leaves(self._recorder.holders(), frozenset())]

    def _leaves(self) -> dict[int, tuple[str, Fact]]:
        """Name and fact of each leaf, by identity, for a backward whose forward was not recorded."""
        if not self._nodes or self._ops.ops:
            return {}
        leaves = {id(tensor): (name, tensor) for name, tensor in reversed(self._all_leaves())}
        return {identity: (name, fact(tensor, detailed=False)) for identity, (name, tensor) in leaves.items()}


def _state_of(tensor: torch.Tensor) -> Any:
    """What changes when a parameter or its gradient is written: small ones by value, since `.data` leaves no trace."""
    gradient = grad_of(tensor)
    return _tensor_state(tensor), None if gradient is None else _tensor_state(gradient)


def _address(tensor: torch.Tensor | None) -> int:
    if tensor is None or tensor.layout != torch.strided or tensor.is_nested:
        return -1
    return tensor.data_ptr()


def _tensor_state(tensor: torch.Tensor) -> Any:
    if tensor.layout != torch.strided or tensor.is_nested:
        return id(tensor), version_of(tensor)
    small = repr(tensor.tolist()) if tensor.numel() <= SMALL and not tensor.is_meta else ""
    return tensor.data_ptr(), version_of(tensor), small
