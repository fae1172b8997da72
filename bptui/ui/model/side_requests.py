"""Requests that are no step: they are answered beside it, and only the latest of a kind matters."""

from __future__ import annotations

from bptui.protocol.messages import Complete, Refused, Reply, SetBreakpoints, SetWatches, Tell
from bptui.session.live import Session

Aside = Complete | SetBreakpoints | SetWatches


class Asides:
    """Which of them are in flight."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked: dict[int, tuple[type[Aside], bool]] = {}
        """By number, those that matter; and whether a refusal need not be said."""

    def ask(self, ask: Aside, quietly: bool = False) -> None:
        """Ask; the answer to an earlier one of its kind no longer matters."""
        self._asked = {number: asked for number, asked in self._asked.items() if asked[0] is not type(ask)}
        self._asked[self._session.send(ask)] = type(ask), quietly

    def __contains__(self, number: int) -> bool:
        return number in self._asked

    def hear(self, reply: Reply) -> Tell | None:
        """What was told."""
        _kind, quietly = self._asked.pop(reply.number)
        return None if quietly and isinstance(reply.tell, Refused) else reply.tell

    def forget(self) -> None:
        """Whatever is still told no longer matters."""
        self._asked.clear()
