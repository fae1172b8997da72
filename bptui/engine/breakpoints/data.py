"""Data breakpoints: the value of a name is compared after every block with the one before."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch

from bptui.engine.breakpoints.writers import writer
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.expressions.expression import Expression, in_one_line, is_absence
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.recorder import Recorder
from bptui.engine.tensors.facts import grad_of, number_of
from bptui.engine.tensors.fingerprint import ABSENT, Fingerprint, change, fingerprint_of
from bptui.protocol.phase import Phase

_COUNTED = (Phase.FORWARD, Phase.BACKWARD)
"""Phases that, as a rule, write to tensors only in ways that a tensor counts, which `.data` goes around."""
_LARGE = 100_000
"""Only of tensors with more elements it is left to that count whether such a phase wrote them."""
_REST = re.compile(r"(\.data)?(?P<grad>\.grad)?(\.data)?(?P<index>\[[^\]]*\])?")
_BASE = "_"


class Data:
    """Something that is watched: `w`, `w.grad`, `model.0.weight[2, 1]`, any expression over the script's variables."""

    def __init__(self, text: str, recorder: Recorder, script: Script, namespace: Namespace) -> None:
        """Raises:
        ValueError: it names nothing. The message is one sentence.
        """
        self.text = text.strip()
        self._recorder, self._script = recorder, script
        self._expression = Expression(self.text, namespace)
        self.names = self._expression.names
        """The names of the script that it reads."""
        self.error = ""
        """Why it has no value now."""
        self._param, self._place = "", 0
        """The parameter that it is of, by its own name, and its place among them; empty if it is of none."""
        self._of_grad = False
        self._index: Expression | None = None
        """Which part of that it is."""
        self._before: Fingerprint | None = None
        self._was: float | None = None
        """What it was, where it is one number that is known anyway."""

    def begin(self, namespace: Namespace) -> None:
        """A run begins: take what it is now."""
        self._param, self._index = "", None
        for place, (name, _) in enumerate(self._recorder.parameters.items):
            if self.text.startswith(name) and (rest := _REST.fullmatch(self.text, len(name))):
                self._param, self._place, self._of_grad = name, place, bool(rest["grad"])
                self._index = Expression(f"{_BASE}{rest['index']}", namespace) if rest["index"] else None
        self._was = self._number(None)[1]
        self._before = fingerprint_of(self.value(namespace))

    def _tensor(self) -> torch.Tensor | None:
        """The parameter that it is of, while there is one of that name."""
        items = self._recorder.parameters.items
        if self._place >= len(items) or items[self._place][0] != self._param:
            self._place = next((place for place, (name, _) in enumerate(items) if name == self._param), len(items))
        return items[self._place][1] if self._place < len(items) else None

    def value(self, namespace: Namespace) -> Any:
        """What it is now: by a parameter's own name, or as an expression."""
        self.error = ""
        tensor = self._tensor() if self._param else None
        if tensor is None:
            return self._evaluated(self._expression, namespace)
        found = grad_of(tensor) if self._of_grad else tensor
        if found is None or self._index is None:
            return found
        namespace.given = {_BASE: found}
        try:
            return self._evaluated(self._index, namespace)
        finally:
            namespace.given = {}

    def _evaluated(self, expression: Expression, namespace: Namespace) -> Any:
        try:
            return expression.value(namespace)
        except BaseException as error:  # as in a condition: no reason to stop the run
            self.error = in_one_line(error)
            return None if is_absence(self.error) and not self.error.startswith("NameError") else ABSENT

    def written(self, run: RunBlock, namespace: Namespace) -> Callable[[], str] | None:
        """How the block changed it, and where; None where it did not."""
        known, number = self._number(run.phase)
        if known:
            was, self._was = self._was, number
            if was == number or (was is not None and number is not None and was != was and number != number):
                return None
        now = self.value(namespace)
        trusting = run.phase in _COUNTED and isinstance(now, torch.Tensor) and now.numel() > _LARGE
        if self._before is None or self._before.same(now, trusting=trusting):
            return None
        before, after = self._before, fingerprint_of(now)
        self._before = after
        return lambda: f"{self.text} {change(before, after)} {writer(self._script, run.block, self.text)}"

    def _number(self, phase: Phase | None) -> tuple[bool, float | None]:
        """Whether it is the value or gradient of a one-element parameter, and which number that is now."""
        if not self._param or self._index is not None:
            return False, None
        numbers = self._recorder.singles()[1]
        if self._place >= len(numbers) or numbers[self._place][0] != self._param or numbers[self._place][1] is None:
            return False, None
        if phase is Phase.FORWARD and (tensor := self._tensor()) is not None:  # numbers are not read after forwards
            return True, number_of(grad_of(tensor) if self._of_grad else tensor)
        row = numbers[self._place]
        return True, row[2] if self._of_grad else row[1]
