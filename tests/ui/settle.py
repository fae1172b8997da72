"""Waiting until the screen has done all that there is to do, whatever time that takes.

Textual's pilot waits until the process needs little of the CPU for a while. On a busy machine that comes too early (a
process that gets no CPU needs none), and on an idle one it costs 40 ms a key. What is asked here is asked of the event
loop and of the screen themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual._context import active_app
from textual.pilot import Pilot
from textual.screen import Screen

ROUNDS = 10_000
"""A screen that has more to do after so many rounds never comes to rest."""
PATIENCE = 300.0
"""Seconds after which something that is waited for is taken to never come about."""


async def settle(_min_sleep: float = 0, _max_sleep: float = 1) -> None:
    """Return when every message is processed and everything is painted. Takes the place of `wait_for_idle`."""
    app = active_app.get()
    for _ in range(ROUNDS):
        await _drain()
        if not app._running or not app._screen_stack:
            return
        screen = app.screen
        if app._batch_count or app._resize_timer is not None:  # both are held back for some milliseconds
            await asyncio.sleep(0.001)
        elif _has_to_paint(screen):
            screen._on_timer_update()  # now, instead of at the next frame
        else:
            return
    raise AssertionError("The screen does not come to rest.")


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait for what comes with time (a timer, another thread), as long as a busy machine may need."""
    given_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < given_up, "it did not come about"
        await pilot.pause(0.005)


async def _drain() -> None:
    """Return when no task of the event loop can go on: each waits for a message, or for a time that has not come."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    while True:
        await asyncio.sleep(0)
        if not ready:
            return


def _has_to_paint(screen: Screen[object]) -> bool:
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )
