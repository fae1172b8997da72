"""What a person types into a run of a script: Python to evaluate, edits, watches, names to complete."""

from __future__ import annotations

import re
from collections.abc import Callable

from bptui.engine.expressions.namespace import Namespace, TypedNames
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.output import Output
from bptui.engine.interpreter.position import Position, pending
from bptui.engine.observe.recorder import Recorder
from bptui.engine.repl.complete import complete
from bptui.engine.repl.edit import edit
from bptui.engine.repl.evaluate import Evaluation, ProgramBefore, evaluate
from bptui.engine.repl.watches import Watches
from bptui.protocol.replies import Completed
from bptui.protocol.snapshot import Watched

_SET = re.compile(r"set (.*?) = (.*)", re.DOTALL)
"""An edit, as the timeline keeps it. It is no Python."""


class Prompt:
    """Python typed into a script. All but `complete` is to be called while the script's environment is installed."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.watches = Watches()
        self.typed = TypedNames()
        self.description = ""
        """The last edit, or the last code that changed something, as the stop after it describes it."""
        self.remember_program: Callable[[], ProgramBefore]
        """Remembers the program, to compare it after typed code."""

    def attach(
        self, machine: Machine, recorder: Recorder, namespace: Namespace, position: Callable[[], Position]
    ) -> None:
        """Type into this run from now on. It may be the same one begun again, to go back in it."""
        self._machine, self._recorder, self._namespace, self._position = machine, recorder, namespace, position

    def forget(self) -> None:
        """Another timeline begins: drop the names that typed code bound. The watches stay."""
        self.typed.clear()

    def evaluate(self, text: str, remember: Callable[[], ProgramBefore]) -> Evaluation:
        """Run Python as a Python prompt would. `remember` looks at the program, to compare it afterwards."""
        evaluation = evaluate(text, self._scope(), self._output, remember)
        if evaluation.changed:
            self._recorder.edited()
            self.description = " ".join(text.split())
            if evaluation.unsure:
                self.description += f" (it may have changed something: {evaluation.unsure})"
        return evaluation

    def repeat(self, typed: str) -> None:
        """Make a step that was typed: `typed_set(…)`, or Python that changed the program.

        Raises:
            StepRefused: it is an edit that cannot be made.
        """
        setting = _SET.fullmatch(typed)
        if setting is None:
            self.evaluate(typed, self.remember_program)
            return
        name, value = setting.groups()
        self.description = edit(name, value, self._scope(), self._output)
        self._recorder.edited()

    def watched(self) -> tuple[Watched, ...]:
        """The watched expressions, as they are now."""
        return self.watches.values(self._scope()) if self.watches else ()

    def complete(self, text: str) -> Completed:
        """What a name under the cursor may become."""
        return complete(text, self._scope())

    def _scope(self) -> Namespace:
        return self._namespace.move_to(self._position(), pending(self._machine))


def typed_set(name: str, value: str) -> str:
    """An edit as the timeline keeps it."""
    return f"set {name.strip()} = {value.strip()}"
