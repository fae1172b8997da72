"""Evaluates what a person types as a Python prompt would, and says whether the program is another one afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from bptui.engine.compiler import syntax
from bptui.engine.errors import LateRefusal
from bptui.engine.expressions.expression import raised
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.output import Output
from bptui.engine.repl.display import listening
from bptui.engine.repl.execute import parsed, run
from bptui.engine.tensors.graphs import is_live


@dataclass(frozen=True)
class Evaluation:
    """What became of typed code."""

    text: str
    """What a prompt would have shown: what it printed, the values of its expressions, the exception."""
    failed: bool
    """Whether it raised."""
    changed: bool
    """Whether the program is another one now. What failed may have changed something too."""


def evaluate(text: str, scope: Namespace, output: Output, unchanged: Callable[[], bool] = lambda: True) -> Evaluation:
    """Run Python in the scope. To be called while the script's stage is set and its output redirected.

    `unchanged`: whether the program is as it was before; asked afterwards.
    """
    grad, graph = torch.is_grad_enabled(), getattr(scope.present_loss(), "grad_fn", None)
    live = graph is not None and is_live(graph)
    mark = output.mark()
    failed = False
    with listening(output) as told:
        try:
            for sentence in _run(text, scope):
                told.say(sentence)
        except LateRefusal as refusal:
            failed = True
            told.say(refusal.message)
        except BaseException as error:  # whatever it is, the program stays
            failed = True
            told.say(raised(error))
    written = "".join(output.since(mark))  # past Python: by a C library, a subprocess, a logger's old stream
    if written:
        told.say(written)
    freed = live and not is_live(graph)
    changed = not unchanged() or torch.is_grad_enabled() != grad or freed
    return Evaluation(told.text, failed, changed)


def _run(text: str, scope: Namespace) -> Iterator[str]:
    """Run it; yields what there is to say about the names that it bound."""
    module = parsed(text, scope)
    bound = syntax.bound_names(module.body)
    new = run(module, scope)
    if new:
        others = new & scope.module.keys()
        yield f"{scope.function}() has no variable {_listed(new)}: kept for what is typed here only" + (
            f"; set {min(others)} = … edits the module's." if others else "."
        )
    if waiting := bound & scope.pending.keys():
        yield f"The loop binds {_listed(waiting)} anew when the next phase runs."


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
