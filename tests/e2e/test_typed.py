"""Typed Python goes over the wall to a real debuggee and back."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

import bptui
from bptui.protocol.replies import Completed, Died, Evaluated, Refused, Reply, Running, SeenAnew, Stopped
from bptui.protocol.requests import Ask, Back, Complete, Evaluate, Next, SetValue, SetWatches
from bptui.session.live import LiveSession

T = TypeVar("T")
PATIENCE = 300.0
"""Seconds after which a test fails; no test passes by waiting."""
LESSON = Path(bptui.__file__).parent / "lessons" / "linear.py"


class Talk:
    def __init__(self) -> None:
        self.session = LiveSession(str(LESSON))
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.session.start(self.replies.put)
        self.replies.get(timeout=PATIENCE)
        self.hear(Stopped)

    def hear(self, kind: type[T]) -> T:
        while isinstance(payload := self.replies.get(timeout=PATIENCE).payload, Running):
            pass  # on a busy machine a way back tells where it is
        assert isinstance(payload, kind), payload
        return payload

    def ask(self, ask: Ask, kind: type[T]) -> T:
        self.session.send(ask)
        return self.hear(kind)


@pytest.fixture
def talk() -> Iterator[Talk]:
    talk = Talk()
    yield talk
    talk.session.close()


def test_python_is_evaluated_in_the_debuggee(talk: Talk) -> None:
    talk.ask(Next(), Stopped)
    talk.ask(Next(), Stopped)
    told = talk.ask(Evaluate("type(w.grad.data)"), Evaluated)
    assert (told.text, told.failed, told.stop) == ("<class 'torch.Tensor'>", False, None)
    told = talk.ask(Evaluate("print(1); foo"), Evaluated)
    assert (told.text, told.failed, told.stop) == ("1\nNameError: name 'foo' is not defined", True, None)
    told = talk.ask(Evaluate("w.data.fill_(3.0)"), Evaluated)
    assert told.text == "tensor([3.])"
    assert told.stop is not None
    assert (told.stop.snapshot.index, told.stop.snapshot.edit) == (3, "w.data.fill_(3.0)")
    assert [row.edit for stretch in told.stop.rows for row in stretch] == ["w.data.fill_(3.0)"]
    assert talk.ask(Back(), Stopped).snapshot.params[0].value.number == 1.0


def test_edits_watches_and_completion(talk: Talk) -> None:
    stop = talk.ask(SetValue("w", "1.5"), Stopped)
    assert (stop.snapshot.edit, stop.snapshot.explain) == ("set w = 1.5", "w 1 -> 1.5")
    assert talk.ask(SetValue("lr", "0.1"), Refused).message == "Nothing is called lr."
    anew = talk.ask(SetWatches(("w.item()", "x")), SeenAnew)
    assert [each.text for each in anew.snapshot.watches] == ["1.5", "1.0"]
    told = talk.ask(Complete("type(w.gra"), Completed)
    assert (told.start, told.candidates[0]) == (7, "grad")


def test_what_does_not_end_is_interrupted(talk: Talk, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    talk.session.send(Evaluate(f"open({str(begun)!r}, 'w').close()\nwhile True: pass"))
    deadline = time.monotonic() + PATIENCE
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    talk.session.pause()
    talk.session.pause()
    told = talk.hear(Evaluated)
    assert (told.text, told.failed) == ("KeyboardInterrupt", True)
    assert talk.ask(Next(), Stopped).snapshot.phase is not None


def test_what_ends_the_process_is_said(talk: Talk) -> None:
    assert "exited with status 3" in talk.ask(Evaluate("import os; os._exit(3)"), Died).message
