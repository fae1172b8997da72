"""Which parameters the losses reach, found by walking graphs as rarely as that can be done."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.machine import Machine
from bptui.engine.observe.parameters import Holders, Parameters


class ReachedParameters:
    """Walks the graphs of losses."""

    def __init__(self, machine: Machine, parameters: Parameters) -> None:
        self._machine, self._parameters = machine, parameters
        self._any = False
        """Whether any loss was seen to reach parameters."""
        self._rounds = -1
        """`Machine.rounds` when `_walked` was last cleared."""
        self._walked: set[int] = set()
        """The forward blocks whose loss was walked since, by index."""

    def may_be_others(self, run: RunBlock, frame: Frame) -> bool:
        """Whether the loss of this forward may reach other leaves than before.

        So after another epoch or function began, and wherever leaves are members of a container, which may be bound
        anew, or the loop goes over models.
        """
        if self._rounds != self._machine.rounds:
            self._rounds = self._machine.rounds
            self._walked.clear()
        if run.block.index not in self._walked or self._parameters.has_members:
            return True
        names = frame.names
        for name in run.block.targets:
            value = names.get(name)
            if type(value) is not float and _holds_leaves(value):
                return True
        return False

    def walk(self, run: RunBlock, loss: Any, holders: Holders) -> None:
        """Find the parameters that the loss of a forward reaches."""
        self.reach(loss, holders)
        self._walked.add(run.block.index)

    def reach(self, loss: Any, holders: Holders, *, unnamed: bool = True) -> None:
        """Find the parameters that a loss reaches; `unnamed`: also those to which no variable leads."""
        if isinstance(loss, torch.Tensor):
            self._parameters.reached(loss, holders, keep=self._any, unnamed=unnamed)
            self._any = True


def _holds_leaves(value: object) -> bool:
    return isinstance(value, torch.nn.Module) or (isinstance(value, torch.Tensor) and value.requires_grad)
