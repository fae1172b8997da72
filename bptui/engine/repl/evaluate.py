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
from bptui.engine.repl.display import listening
from bptui.engine.repl.effects import Calls, assigns_into, calls_seen
from bptui.engine.repl.execute import parsed, run
from bptui.engine.repl.reading import only_reads


@dataclass(frozen=True)
class Evaluation:
    """What became of typed code."""

    text: str
    """What a prompt would have shown: what it printed, the values of its expressions, the exception."""
    failed: bool
    """Whether it raised."""
    changed: bool
    """Whether the program is another one now, or may be. What failed may have changed something too."""
    unsure: str = ""
    """Why it is not known whether it changed something; empty where it is."""


class Look(Protocol):
    """The program as it was."""

    unknown: str
    """What of it cannot be compared; empty if all can."""
    iterators: list[object]
    """Iterators that are seen to go on, if they do, by a call: the frames of generators, and others themselves."""

    def is_unchanged(self) -> bool:
        """Whether it is so still, as far as it can be compared."""


def evaluate(text: str, scope: Namespace, output: Output, look: Callable[[], Look]) -> Evaluation:
    """Run Python in the scope. To be called while the script's stage is set and its output redirected.

    `look` looks at the program, to compare it afterwards; it is not called for what plainly only reads.
    """
    mark = output.mark()
    code: ast.Module | None = None
    before: Look | None = None
    calls = Calls()
    failed = False
    with listening(output) as told:
        try:
            code = parsed(text, scope)
            if not only_reads(code, scope):
                before = look()
            with calls_seen() as calls:
                for sentence in _run(code, scope):
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
    if code is None or before is None:
        return Evaluation(told.text, failed, bool(written))
    advanced = any(id(each) in calls.iterated for each in before.iterators)
    changed = bool(written) or advanced or not before.is_unchanged()
    unsure = "" if changed else _unsure(code, calls, before)
    return Evaluation(told.text, failed, changed or bool(unsure), unsure)


def _unsure(code: ast.Module, calls: Calls, before: Look) -> str:
    """Why it cannot be known that nothing changed; empty where it is known."""
    if calls.unfollowed:
        return f"it called {calls.unfollowed}"
    if before.unknown:
        return before.unknown
    return "it assigns to a part of something" if assigns_into(code) else ""


def _run(module: ast.Module, scope: Namespace) -> Iterator[str]:
    """Run it; yields what there is to say about the names that it bound."""
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
