"""What the script raised, as Python shows it, without bptui's own frames; and what to do about the usual refusals."""

from __future__ import annotations

import ast
import os
import traceback
from collections.abc import Collection

from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.handling import Raised
from bptui.engine.interpreter.stack import is_ours
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Failure

_HINTS: tuple[tuple[str, Phase | None, str], ...] = (
    (
        "second time",
        Phase.FORWARD,
        "The graph was freed by the first backward; `forward` runs the forward again, if that computes it anew.",
    ),
    (
        "second time",
        None,
        "The graph was freed by the first backward, and the loop has no forward that would compute it anew; "
        "backward(retain_graph=True) would keep it.",
    ),
    ("scalar outputs", None, "The loss is not a scalar; reduce it with .mean() or .sum()."),
    ("does not require grad", None, "The loss does not depend on any tensor that requires a gradient."),
    ("'NoneType'", Phase.BACKWARD, "A gradient is None; `backward` computes it first."),
    ("not defined", None, "A step before this one has to run first."),
    ("not associated with a value", None, "A step before this one has to run first."),
)
"""What is to be done about an error with these words in it, where the loop has that phase (None: always)."""


DEEPEST = 1000
"""A traceback has at most the last so many calls, as Python's own has: a recursion may be a million deep."""


def failure_of(raised: Raised, path: str) -> Failure:
    """The exception as plain facts."""
    error = raised.error
    trace = traceback.TracebackException.from_exception(error, limit=-DEEPEST)
    _strip(trace)
    lines = [frame.lineno for frame in trace.stack if frame.filename == path]
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == path else None
    message = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
    return Failure(
        type(error).__name__, message, line or (lines[-1] if lines else raised.line), "".join(trace.format())
    )


def raised_in(raised: Raised, path: str, statements: list[ast.stmt]) -> bool:
    """Whether one of these statements of the script raised, itself or by what it called."""
    step = raised.error.__traceback__
    while step is not None and step.tb_frame.f_code.co_filename != path:
        step = step.tb_next
    if step is None:
        return False
    line = step.tb_lineno
    return any(each.lineno <= line <= (each.end_lineno or each.lineno) for each in statements)


def raised_by_called_code(raised: Raised) -> bool:
    """Whether code that a backward calls raised (a hook, a custom Function), and not PyTorch itself."""
    in_engine = False
    for frame, _ in traceback.walk_tb(raised.error.__traceback__):
        file = frame.f_code.co_filename
        in_torch = f"{os.sep}torch{os.sep}" in file
        if in_engine and not in_torch and not is_ours(file):
            return True
        in_engine = in_engine or (in_torch and frame.f_code.co_name == "_engine_run_backward")
    return False


def _strip(trace: traceback.TracebackException) -> None:
    """Take bptui's own frames out: of the exception, its causes and contexts, and the members of an exception group."""
    waiting, visited = [trace], {id(trace)}
    while waiting:
        each = waiting.pop()
        each.stack = traceback.StackSummary.from_list([frame for frame in each.stack if not is_ours(frame.filename)])
        for other in (each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ())):
            if other is not None and id(other) not in visited:
                visited.add(id(other))
                waiting.append(other)


def refusal_of(failure: Failure, phase: Phase, phases: Collection[Phase]) -> StepRefused:
    """The refusal of a step that changed nothing, in PyTorch's words. `phases`: those that the script's loop has."""
    text = f"{failure.type}: {failure.message}"
    hint = next(
        (hint for words, needs, hint in _HINTS if words in text and (needs is None or needs in phases)),
        "Nothing changed.",
    )
    if failure.cause:
        hint = f"{failure.cause}. {hint}"
    where = f", line {failure.line}" if failure.line else ""
    return StepRefused(f"{phase}{where}: {text}", hint)
