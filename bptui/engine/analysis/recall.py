"""What the script's functions computed in the last forward, where nobody watched it: it is run once more for a look.

To watch a small forward costs more than it takes. So a run at full speed leaves that out, and where it stops the last
forward runs again, at the values that the parameters had then. What comes of it counts only if the loss is the same.
"""

from __future__ import annotations

import ast

import torch

from bptui.engine.analysis.purity import impurity
from bptui.engine.analysis.rerun import exchanged, undisturbed
from bptui.engine.compiler import syntax
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.phase import Phase


def can_recall(script: Script, recorder: Recorder) -> bool:
    """Whether every forward only computes, from nothing that it assigns itself, and parameters are single numbers."""
    if recorder.parameters.has_large or not recorder.parameters.items:
        return False
    forwards = [run.block.own_statements for run in script.runs.values() if run.phase is Phase.FORWARD]
    return not any(impurity(script.tree, own, copied=False) or _carries(own) for own in forwards)


def _carries(statements: list[ast.stmt]) -> bool:
    """Whether they read a name before they assign it: what the turn before left there."""
    bound = syntax.bound_names(statements)
    for statement in statements:
        if syntax.reads(statement) & bound:
            return True
        bound -= syntax.binds(statement)
    return False


def recall(recorder: Recorder) -> None:
    """Let the recorder see the last forward, if it did not. Where that does not give the same loss, it saw nothing."""
    unseen, tensors = recorder.unseen, dict(recorder.parameters)
    if unseen is None:
        return
    (run, frame), numbers = unseen
    if any(value is None or name not in tensors for name, value, _ in numbers):
        return
    changed = [(tensors[name], value) for name, value, _ in numbers if value is not None]
    with (
        undisturbed(run, frame, recorder.holders()) as forward,
        exchanged([tensor for tensor, _ in changed], forward),
    ):
        for tensor, value in changed:
            tensor.data = torch.full_like(tensor.data, value)
        recorder.see(forward.loss)
