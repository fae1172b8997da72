"""Evaluates what a person types as a Python prompt would, and says whether the program is another one afterwards."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bptui.engine.compiler import syntax
from bptui.engine.errors import LateRefusal
from bptui.engine.expressions.expression import raised
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.output import Output
from bptui.engine.repl.display import capturing
from bptui.engine.repl.effects import Calls, assigns_into, recorded_calls
from bptui.engine.repl.execute import parsed, run
from bptui.engine.repl.reading import only_reads


@dataclass(frozen=True)
class Evaluation:
    """The outcome of typed code."""

    text: str
    """What a prompt would have shown: what it printed, the values of its expressions, the exception."""
    failed: bool
    """Whether it raised."""
    changed: bool
    """Whether the program is another one now, or may be. What failed may have changed something too."""
    unsure: str = ""
    """Why it is not known whether it changed something; empty where it is."""


class ProgramBefore(Protocol):
    """The program as it was before typed code ran; what the heap remembers of it."""

    unknown: str
    """What of it cannot be compared; empty if all can."""
    iterators: list[object]
    """Iterators whose progress only a call shows: the frames of generators, and other iterators themselves."""

    def is_unchanged(self) -> bool:
        """Whether it is still the same, as far as it can be compared."""


def evaluate(text: str, scope: Namespace, output: Output, remember: Callable[[], ProgramBefore]) -> Evaluation:
    """Run Python in the scope. To be called while the script's environment is installed and its output redirected.

    `remember` looks at the program, to compare it afterwards; it is not called for what plainly only reads.
    """
    mark = output.mark()
    code: ast.Module | None = None
    before: ProgramBefore | None = None
    calls = Calls()
    failed = False
    with capturing(output) as captured:
        try:
            code = parsed(text, scope)
            if not only_reads(code, scope):
                before = remember()
            with recorded_calls() as calls:
                for sentence in _run(code, scope):
                    captured.write_line(sentence)
        except LateRefusal as refusal:
            failed = True
            captured.write_line(refusal.message)
        except BaseException as error:  # whatever it is, the program stays
            failed = True
            captured.write_line(raised(error))
    # What did not go through sys.stdout: of a C library, a subprocess, a logger that holds the old stream.
    written = "".join(output.since(mark))
    if written:
        captured.write_line(written)
    if code is None or before is None:
        return Evaluation(captured.text, failed, bool(written))
    advanced = any(id(each) in calls.iterated for each in before.iterators)
    changed = bool(written) or advanced or not before.is_unchanged()
    unsure = "" if changed else _unsure(code, calls, before)
    return Evaluation(captured.text, failed, changed or bool(unsure), unsure)


def _unsure(code: ast.Module, calls: Calls, before: ProgramBefore) -> str:
    """Why it cannot be known that nothing changed; empty where it is known."""
    if calls.unfollowed:
        return f"it called {calls.unfollowed}"
    if before.unknown:
        return before.unknown
    return "it assigns to a part of something" if assigns_into(code) else ""


def _run(module: ast.Module, scope: Namespace) -> Iterator[str]:
    """Run it; yields sentences about the names that it bound, where these are not what one might expect."""
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
