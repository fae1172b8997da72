"""A session with a real process behind it, in which a fake controller runs a script of plain functions."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from bptui.protocol.replies import Opened, Reply, Stopped
from bptui.protocol.requests import Ask
from bptui.session.live import LiveSession

T = TypeVar("T")
PATIENCE = 300.0
"""Seconds after which a test fails; no test passes by waiting."""


class Conversation:
    """A live session, and what it told."""

    def __init__(self, session: LiveSession) -> None:
        self.session = session
        self.replies: queue.Queue[Reply] = queue.Queue()

    def open(self) -> Stopped:
        """Start, and come to the entry stop."""
        self.session.start(self.replies.put)
        self.hear(Opened)
        return self.hear(Stopped)

    def hear(self, kind: type[T]) -> T:
        """What is told next, which must be of that kind."""
        payload = self.replies.get(timeout=PATIENCE).payload
        assert isinstance(payload, kind), payload
        return payload

    def ask(self, ask: Ask, kind: type[T]) -> T:
        """Ask, and hear the answer to it."""
        number = self.session.send(ask)
        reply = self.replies.get(timeout=PATIENCE)
        assert reply.number == number
        assert isinstance(reply.payload, kind), reply.payload
        return reply.payload


@pytest.fixture
def converse(tmp_path: Path, fake_debuggee: None) -> Iterator[Callable[..., Conversation]]:
    """Makes a conversation about a script given as its source."""
    sessions: list[LiveSession] = []

    def make(source: str, *argv: str, python: str | None = None) -> Conversation:
        script = tmp_path / "script.py"
        script.write_text(source)
        sessions.append(LiveSession(str(script), argv, python))
        return Conversation(sessions[-1])

    yield make
    for session in sessions:
        session.close()
