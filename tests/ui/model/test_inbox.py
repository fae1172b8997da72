"""What the session tells waits until the screen has time for it."""

from __future__ import annotations

from bptui.protocol.replies import Refused, Reply
from bptui.ui.model.inbox import Inbox


def reply(number: int) -> Reply:
    return Reply(number, Refused("no", ""))


def test_all_that_came_is_taken_at_once_in_order_and_the_screen_is_woken_once_for_it() -> None:
    woken: list[int] = []
    inbox = Inbox(lambda: woken.append(1))
    for number in range(5):
        inbox.put(reply(number))
    assert len(woken) == 1
    assert [each.number for each in inbox.take()] == [0, 1, 2, 3, 4]
    assert inbox.take() == []
    inbox.put(reply(5))
    assert len(woken) == 2


def test_what_comes_while_the_screen_is_woken_is_not_forgotten() -> None:
    taken: list[int] = []

    def take() -> None:
        taken.extend(each.number for each in inbox.take())

    inbox = Inbox(take)
    for number in range(3):
        inbox.put(reply(number))
    assert taken == [0, 1, 2]
