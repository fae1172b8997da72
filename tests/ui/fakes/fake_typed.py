"""What is typed to the session that runs the lecture by itself: Python over the lecture's plain numbers."""

from __future__ import annotations

import builtins
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from bptui.protocol.messages import Completed
from bptui.protocol.snapshot import Watched
from tests.ui.fakes.fake_lecture import Lecture, Refusal, f32


class Typed:
    """The names that the typed code sees, and what it gave to others."""

    def __init__(self) -> None:
        self.watches: tuple[str, ...] = ()
        self._own: dict[str, Any] = {}

    def names(self, lecture: Lecture) -> dict[str, Any]:
        """The script's variables, as plain numbers."""
        known: dict[str, Any] = {"w": lecture.w, "grad": lecture.grad, "epoch": lecture.turn // 3}
        if lecture.loss is not None:
            known |= {"l": lecture.loss, "x": lecture.sample[0], "y": lecture.sample[1]}
        return self._own | known

    def evaluate(self, text: str, lecture: Lecture) -> tuple[str, bool, bool]:
        """What a prompt would show, whether it raised, and whether the program is another one now."""
        names = self.names(lecture)
        shown, failed = _run(text, names)
        before = lecture.w, lecture.grad
        lecture.w = f32(names["w"])
        lecture.grad = None if names["grad"] is None else f32(names["grad"])
        self._own = {name: value for name, value in names.items() if name not in self.names(lecture)}
        self._own.pop("__builtins__", None)
        return shown, failed, before != (lecture.w, lecture.grad)

    def set(self, name: str, value: str, lecture: Lecture) -> None:
        """Give a variable another value."""
        name = {"w.grad": "grad"}.get(name, name)
        if name not in ("w", "grad"):
            raise Refusal(f"There is no {name} to set.", "w and w.grad can be set.")
        shown, failed, _changed = self.evaluate(f"{name} = {value}", lecture)
        if failed:
            raise Refusal(shown, "Nothing was changed.")

    def look(self, lecture: Lecture) -> tuple[Watched, ...]:
        """The watched expressions, each evaluated."""
        return tuple(Watched(each, *_run(f"print(repr({each}))", self.names(lecture))) for each in self.watches)

    def complete(self, text: str, lecture: Lecture) -> Completed:
        """Names, or the attributes of a name."""
        start = len(text)
        while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        before, word = text[:start], text[start:]
        names = sorted(self.names(lecture)) + sorted(dir(builtins))
        if before.endswith("."):
            owner = before[:-1].split()[-1].split("(")[-1]
            names = dir(self.names(lecture).get(owner, None))
        return Completed(start, tuple(each for each in names if each.startswith(word) and each[:1] != "_"))


def _run(text: str, names: dict[str, Any]) -> tuple[str, bool]:
    written = io.StringIO()
    try:
        with redirect_stdout(written):
            return _shown(text, names, written), False
    except Exception as error:
        return f"{type(error).__name__}: {error}", True


def _shown(text: str, names: dict[str, Any], written: io.StringIO) -> str:
    run: Callable[..., Any]
    try:
        code, run = compile(text, "<prompt>", "eval"), eval
    except SyntaxError:
        code, run = compile(text, "<prompt>", "exec"), exec
    value = run(code, names)
    said = written.getvalue().rstrip("\n")
    return said if value is None else f"{said}\n{value!r}".lstrip("\n")
