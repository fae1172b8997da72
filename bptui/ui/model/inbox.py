"""Replies on their way from the session's thread to the screen. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from bptui.protocol.replies import Reply


class Inbox:
    """Holds what the session told until the screen takes all of it at once.

    A run tells where it is about 20 times a second. A screen that drew each of these on a busy machine would fall
    behind for good, and the answer to a pause would wait behind everything that was told before it. Taking all that is
    there, however long the screen was busy, keeps it at most one drawing behind.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        """`wake` is called on the session's thread when there is something to take, and not again until it is taken."""
        self._wake = wake
        self._lock = Lock()
        self._replies: list[Reply] = []

    def put(self, reply: Reply) -> None:
        """On the session's thread."""
        with self._lock:
            self._replies.append(reply)
            first = len(self._replies) == 1
        if first:
            self._wake()

    def take(self) -> list[Reply]:
        """All that came since this was called last, in order. On the screen's thread."""
        with self._lock:
            replies, self._replies = self._replies, []
        return replies
