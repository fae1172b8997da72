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
from bptui.engine.repl.evaluate import Evaluation, Look, evaluate
from bptui.engine.repl.watches import Watches
from bptui.protocol.replies import Completed
from bptui.protocol.snapshot import Watched

_SET = re.compile(r"set (.*?) = (.*)", re.DOTALL)
"""An edit, as the timeline keeps it. It is no Python."""


class Prompt:
    """Python typed into a script. All but `complete` is to be called while the script's stage is set."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.watches = Watches()
        self.typed = TypedNames()
        self.said = ""
        """What came of the last edit, in words."""
        self.look_again: Callable[[], Look]
        """Looks at the program, to compare it after typed code."""

    def attend(self, machine: Machine, recorder: Recorder, namespace: Namespace, place: Callable[[], Position]) -> None:
        """What is typed from now on is for this run. It may be the same one begun again, to go back in it."""
        self._machine, self._recorder, self._namespace, self._place = machine, recorder, namespace, place

    def forget(self) -> None:
        """Another timeline begins: what was typed is gone, but for the watches."""
        self.typed.clear()

    def evaluate(self, text: str, look: Callable[[], Look]) -> Evaluation:
        """Run Python as a Python prompt would. `look` looks at the program, to compare it afterwards."""
        evaluation = evaluate(text, self._scope(), self._output, look)
        if evaluation.changed:
            self._recorder.edited()
            self.said = " ".join(text.split())
            if evaluation.unsure:
                self.said += f" (it may have changed something: {evaluation.unsure})"
        return evaluation

    def repeat(self, typed: str) -> None:
        """Make a step that was typed: `typed_set(…)`, or Python that changed the program.

        Raises:
            StepRefused: it is an edit that cannot be made.
        """
        setting = _SET.fullmatch(typed)
        if setting is None:
            self.evaluate(typed, self.look_again)
            return
        name, value = setting.groups()
        self.said = edit(name, value, self._scope(), self._output)
        self._recorder.edited()

    def look(self) -> tuple[Watched, ...]:
        """The watched expressions, as they are now."""
        return self.watches.look(self._scope()) if self.watches else ()

    def complete(self, text: str) -> Completed:
        """What a name under the cursor may become."""
        return complete(text, self._scope())

    def _scope(self) -> Namespace:
        return self._namespace.stand(self._place(), pending(self._machine))


def typed_set(name: str, value: str) -> str:
    """An edit as the timeline keeps it."""
    return f"set {name.strip()} = {value.strip()}"
