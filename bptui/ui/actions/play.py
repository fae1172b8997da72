"""Time: playing by itself, and how long and how fast the program runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.message_pump import MessagePump
from textual.timer import Timer

from bptui.protocol.phase import Goal
from bptui.protocol.requests import Ask, Compare, Next, Run
from bptui.render.stop.headway import Headway
from bptui.render.stop.title import Progress

SLOW = 0.15
"""A step that takes longer (in seconds) is shown as running; a shorter one would only flicker."""

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Steps a second."""
PAINTS = 10
"""At most so many stops a second are painted; faster, several steps are taken between two."""
EARLY = 1.0
"""So many seconds a run must have gone on to say how long it will still take."""


class Pace:
    """How fast it plays."""

    def __init__(self) -> None:
        self._at = 1

    @property
    def speed(self) -> int:
        """Steps a second."""
        return SPEEDS[self._at]

    @property
    def fast(self) -> bool:
        """Whether there is no time for anything but the steps themselves."""
        return self.speed >= PAINTS

    @property
    def interval(self) -> float:
        """Seconds between two requests."""
        return 1 / min(self.speed, PAINTS)

    @property
    def ask(self) -> Ask:
        """What each time is asked for."""
        return Run(Goal.END, self.speed // PAINTS) if self.speed > PAINTS else Next()

    def change(self, by: int) -> None:
        """To the next faster or slower speed."""
        self._at = min(max(self._at + by, 0), len(SPEEDS) - 1)


class Meter:
    """Steps a second of a run, over the last second or so."""

    WINDOW = 1.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: list[tuple[float, int]] = []

    def start(self) -> None:
        """A run begins."""
        self._seen = [(self._clock(), 0)]

    def count(self, steps: int) -> int | None:
        """So many steps more; steps a second, or None as long as too little time has passed."""
        now = self._clock()
        self._seen.append((now, (self._seen[-1][1] if self._seen else 0) + steps))
        while len(self._seen) > 2 and now - self._seen[1][0] >= self.WINDOW:
            del self._seen[0]
        seconds = now - self._seen[0][0]
        return round((self._seen[-1][1] - self._seen[0][1]) / seconds) if seconds > 0 else None


class Player:
    """Takes a step at each tick of its pace."""

    def __init__(self, owner: MessagePump, step: Callable[[Ask], None]) -> None:
        self._owner, self._step = owner, step
        self._timer: Timer | None = None
        self.pace = Pace()

    @property
    def playing(self) -> bool:
        return self._timer is not None

    @property
    def fast(self) -> bool:
        """Whether it plays so fast that there is no time for anything else."""
        return self.playing and self.pace.fast

    def start(self) -> None:
        """Step at once, and go on."""
        self._timer = self._owner.set_interval(self.pace.interval, self._tick)
        self._tick()

    def stop(self) -> bool:
        """No more steps. False if it did not play."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.stop()
        return timer is not None

    def change(self, by: int) -> None:
        """To the next faster or slower speed."""
        self.pace.change(by)
        if self.stop():
            self._timer = self._owner.set_interval(self.pace.interval, self._tick)

    def _tick(self) -> None:
        self._step(self.pace.ask)


class RunProgress:
    """How far a run has come, and when it will be there if it goes on as it went so far."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.start(None, None)

    def start(self, goal: Goal | None, place: Progress | None, total: int | None = None) -> None:
        """A run to that goal begins there; None for what is no run. `total`: at most so many steps."""
        self._goal, self._total = goal, total
        self._began = self._clock()
        self._steps = 0
        way = place.on_the_way(goal) if place is not None else None
        self._first = way[0] if way is not None and total is None else 0

    def ran(self, steps: int, place: Progress | None) -> Headway:
        """So many steps more have brought it there."""
        self._steps += steps
        way = place.on_the_way(self._goal) if place is not None else None
        way = (self._steps, self._total) if self._total is not None else way
        if way is None or not way[1]:
            return Headway(self._steps, None, None)
        done, total = way
        gone, seconds = done - self._first, self._clock() - self._began
        left = seconds / gone * max(total - done, 0) if gone > 0 and seconds >= EARLY else None
        return Headway(self._steps, done / total, left)


def _steps(ask: Ask) -> int | None:
    """How many steps that is at most, if that is known."""
    if isinstance(ask, Compare):
        return ask.steps and 2 * ask.steps
    return ask.steps if isinstance(ask, Run) else None


class Wait:
    """A step is in flight: after a while that is worth a word."""

    def __init__(self, owner: MessagePump, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._owner, self._changed = owner, changed
        self._meter, self._progress = Meter(clock), RunProgress(clock)
        self._timer: Timer | None = None
        self.words: str | None = None
        """`running 1,234 steps/s`; None as long as nothing runs long enough to be shown."""

    def begin(self, ask: Ask, place: Progress | None) -> None:
        """This was asked for, there."""
        self._meter.start()
        self._progress.start(ask.goal if isinstance(ask, Run) and ask.steps is None else None, place, _steps(ask))
        self._timer = self._owner.set_timer(SLOW, self._is_slow)

    def end(self) -> None:
        """It was answered."""
        self.words = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def ran(self, steps: int, place: Progress | None) -> Headway:
        """A run has come so many steps further, to that place."""
        rate = self._meter.count(steps)
        self.words = f"running {rate:,} steps/s" if rate is not None else "running"
        return self._progress.ran(steps, place)

    def _is_slow(self) -> None:
        if self.words is None:
            self.words = "running"
            self._changed()
