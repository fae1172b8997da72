"""Expressions over the script's variables that are evaluated often: conditions, watched data, what logpoints say."""

from __future__ import annotations

import ast
import builtins
import math
import string
import types
from collections import ChainMap
from collections.abc import Mapping
from typing import Any

import torch

from bptui.engine.machine import Machine
from bptui.engine.recorder import Recorder
from bptui.engine.stepper import Stepper
from bptui.engine.typed import as_python

_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""What has names of its own, and finds others only among the globals."""


def _either(tensors: Any, plain: Any) -> Any:
    return lambda value: tensors(value) if isinstance(value, torch.Tensor) else plain(value)


FUNCTIONS: dict[str, Any] = {
    "isnan": _either(torch.isnan, math.isnan),
    "isinf": _either(torch.isinf, math.isinf),
    "isfinite": _either(torch.isfinite, math.isfinite),
    "norm": _either(torch.linalg.vector_norm, abs),
}
"""What expressions may use besides Python's own functions and the script's names."""


class Scene:
    """Where expressions are evaluated: the scopes being run."""

    def __init__(self, machine: Machine, recorder: Recorder, stepper: Stepper) -> None:
        self.machine, self.recorder, self.stepper = machine, recorder, stepper
        self._outer: dict[str, Any] = {"__builtins__": builtins, **FUNCTIONS}

    def names(self) -> Mapping[str, Any]:
        """The script's variables, the innermost scope first."""
        frames = self.machine.frames
        if len(frames) == 1:
            return frames[0].names
        return ChainMap(*self.recorder.holders())  # type: ignore[arg-type]

    def evaluate(self, code: types.CodeType, scoped: bool) -> Any:
        """The value of a compiled expression.

        Raises:
            Exception: whatever it raises.
        """
        outer = self._outer
        outer["loss"] = self.recorder.numbers()[0]
        outer["epoch"], outer["sample"] = self.stepper.place.epoch, self.stepper.place.sample
        names = self.names()
        if "loss" in code.co_names and not isinstance(names.get("loss"), (torch.Tensor, float, int)):
            names = ChainMap({"loss": outer["loss"]}, names)  # type: ignore[arg-type]  # a function of that name, say
        with torch.no_grad():
            if scoped:
                return eval(code, {**outer, **names})
            return eval(code, outer, names)


class Expression:
    """One expression, compiled once."""

    def __init__(self, text: str) -> None:
        """Raises `SyntaxError` where it is no Python."""
        self.text = text
        tree = ast.parse(as_python(text.strip()), mode="eval")
        self._code = compile(tree, "<breakpoint>", "eval")
        self._scoped = any(isinstance(each, _SCOPES) for each in ast.walk(tree))
        self.names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)} - FUNCTIONS.keys()
        self.problem = ""
        """What it raised the last time."""

    def value(self, scene: Scene) -> Any:
        """Its value.

        Raises:
            Exception: whatever it raises.
        """
        return scene.evaluate(self._code, self._scoped)

    def holds(self, scene: Scene) -> bool:
        """Whether it is true: of several elements, any. What raises is not."""
        try:
            value = self.value(scene)
            self.problem = ""
            return bool(value.any()) if isinstance(value, torch.Tensor) and value.numel() != 1 else bool(value)
        except Exception as error:
            self.problem = f"{self.text} cannot be evaluated: {type(error).__name__}: {error}"
            return False


class Template:
    """What a logpoint says: text with expressions in braces."""

    def __init__(self, text: str) -> None:
        """Raises `SyntaxError` or `ValueError` where braces or expressions are wrong."""
        self._parts = [
            (before, Expression(inside) if inside else None, how or "", spec or "")
            for before, inside, spec, how in (
                (before, inside, spec, how) for before, inside, spec, how in string.Formatter().parse(text)
            )
        ]

    def filled(self, scene: Scene) -> str:
        """The text with values in."""
        said = []
        for before, expression, how, spec in self._parts:
            said.append(before)
            if expression is not None:
                try:
                    value = expression.value(scene)
                    plain = value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value
                    said.append(format(repr(plain) if how == "r" else plain, spec))
                except Exception as error:
                    said.append(f"<{type(error).__name__}: {error}>")
        return "".join(said)[:1000]
