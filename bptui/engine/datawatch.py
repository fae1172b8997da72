"""Data breakpoints: what a name stands for is compared after every block, with what it was before."""

from __future__ import annotations

import re
from typing import Any

from bptui.engine.capture import grad_of
from bptui.engine.code import RunBlock
from bptui.engine.conditions import Expression, Scope, is_absence, said
from bptui.engine.images import ABSENT, Image, change, image
from bptui.engine.recorder import Recorder
from bptui.engine.writers import writing_line
from bptui.protocol.phase import Phase

_COUNTED = (Phase.FORWARD, Phase.BACKWARD)
"""Phases that write to tensors only in ways that a tensor counts, which `.data` goes around."""
_REST = re.compile(r"(\.data)?(?P<grad>\.grad)?(\.data)?(?P<index>\[[^\]]*\])?")


class Data:
    """Something that is watched: `w`, `w.grad`, `model.0.weight[2, 1]`, any expression over the script's variables."""

    def __init__(self, text: str, recorder: Recorder) -> None:
        """Raises:
        ValueError: it names nothing. The message is one sentence.
        """
        self.text = text.strip()
        self._recorder = recorder
        self._expression = Expression(as_python(self.text))
        self.names = self._expression.names
        """The names of the script that it reads."""
        self.error = ""
        """Why it has no value now."""
        self._before: Image | None = None
        self._number: tuple[str, int] | None = None
        """The one-element parameter that it is, and which of its numbers: 1 the value, 2 the gradient."""
        self._was: float | None = None
        self._place = 0

    def begin(self, scope: Scope) -> None:
        """A run begins: take what it is now."""
        numbers = self._recorder.numbers()[1]
        name, number = self.text.removesuffix(".grad"), 2 if self.text.endswith(".grad") else 1
        self._number = None
        for place, row in enumerate(numbers):
            if row[0] == name and row[1] is not None:
                self._number, self._place, self._was = (name, number), place, row[number]
        self._before = image(self.value(scope))

    def value(self, scope: Scope) -> Any:
        """What it is now: by a parameter's own name, or as an expression."""
        self.error = ""
        for name, tensor in self._recorder.parameters.items:
            if self.text.startswith(name) and (rest := _REST.fullmatch(self.text, len(name))):
                found = grad_of(tensor) if rest["grad"] else tensor
                if found is None or not rest["index"]:
                    return found
                return self._evaluated(Expression(f"_{rest['index']}"), scope, found)
        return self._evaluated(self._expression, scope, None)

    def _evaluated(self, expression: Expression, scope: Scope, base: Any) -> Any:
        if base is not None:
            scope.ahead = {**scope.ahead, "_": base}
        try:
            return expression.value(scope)
        except BaseException as error:  # as in a condition: no reason to stop the run
            self.error = said(error)
            return None if is_absence(self.error) and not self.error.startswith("NameError") else ABSENT
        finally:
            if base is not None:
                scope.ahead = {name: value for name, value in scope.ahead.items() if name != "_"}

    def written(self, run: RunBlock, scope: Scope) -> str:
        """How the block changed it, and where; empty where it did not."""
        if self._number is not None and (same := self._same_number(run)) is not None:
            if same:
                return ""
        now = self.value(scope)
        before = self._before
        if before is None or before.same(now, trusting=run.phase in _COUNTED):
            return ""
        self._before = image(now)
        return f"{self.text} {change(before, self._before)} by {run.phase}, {writing_line(run.block, self.text)}"

    def _same_number(self, run: RunBlock) -> bool | None:
        """Whether the number that it is stayed the same; None where it is none any more."""
        assert self._number is not None
        if run.phase is Phase.FORWARD:
            return True
        name, number = self._number
        numbers = self._recorder.numbers()[1]
        if self._place >= len(numbers) or numbers[self._place][0] != name or numbers[self._place][1] is None:
            self._number = None
            return None
        was, self._was = self._was, numbers[self._place][number]
        return was == self._was or (was is not None and self._was is not None and was != was and self._was != self._was)


def as_python(text: str) -> str:
    """A parameter's name as Python has it: `model.0.weight` is `model[0].weight`."""
    return re.sub(r"\.(\d+)(?=[.\[]|$)", r"[\1]", text)
