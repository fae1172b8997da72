"""What a session says of a script's first steps, checked against the facts of the same steps made one by one."""

from __future__ import annotations

import contextlib
from collections import ChainMap
from collections.abc import Iterator
from typing import Any

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.position import pending
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.snapshot import Snapshot
from tests.sentences import Facts, facts_of, wrong_changes, wrong_numbers, wrong_words

STEPS = 10
OUT_OF_ORDER = (Phase.FORWARD, Phase.BACKWARD, Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD)


def wrong_in(path: str) -> list[str]:
    """What is not true of what is said of that script, in steps, runs, ways back, and after it began anew."""
    controller = Controller(path)
    return [f"{where}: {each}" for where, each in _wrong(controller)]


def _wrong(controller: Controller) -> Iterator[tuple[str, str]]:
    for zeroing in (True, False):
        controller.restart() if controller._program.started else controller.start()
        controller.set_zeroing(zeroing)
        facts = [facts_of(controller.snapshot)]
        for each in _step_by_step(controller, facts):
            yield f"zeroing {zeroing}, step", each
        with contextlib.suppress(StepRefused):  # it does not repeat itself
            for each in _there_and_back(controller, facts):
                yield f"zeroing {zeroing}, back", each
        controller.restart()
        controller.set_zeroing(zeroing)
        for each in _runs(controller, facts):
            yield f"zeroing {zeroing}, run", each
    with contextlib.suppress(StepRefused):
        for phase in OUT_OF_ORDER:
            before = facts_of(controller.snapshot)
            for each in _one(controller.do(phase), before):
                yield f"{phase} out of order", each


def _step_by_step(controller: Controller, facts: list[Facts]) -> Iterator[str]:
    while controller.snapshot.next is not None and controller.snapshot.failure is None and len(facts) <= STEPS:
        yield from _upcoming(controller)
        stop = controller.next()
        facts.append(facts_of(stop))
        yield from _one(stop, facts[-2])


def _there_and_back(controller: Controller, facts: list[Facts]) -> Iterator[str]:
    last = len(facts) - 1
    for index in (last - 1, last // 2, 1, last):
        if 0 < index <= last:
            yield from _one(controller.goto(index), facts[index - 1])
            yield from _upcoming(controller)
    if controller.snapshot.index > 1:
        stop = controller.back()
        yield from _one(stop, facts[stop.index - 1])


def _runs(controller: Controller, facts: list[Facts]) -> Iterator[str]:
    while controller.snapshot.next is not None and controller.snapshot.failure is None:
        began = controller.snapshot.index
        stop = controller.run(Goal.SAMPLE) if began % 2 else controller.run(steps=3)
        if stop.index >= len(facts):
            return
        if stop.index > began + 1:
            yield from _one(stop, facts[stop.index - 1], known=facts[began], began=began)
        else:
            yield from _one(stop, facts[stop.index - 1])
        yield from _upcoming(controller)


def _one(stop: Snapshot, before: Facts, known: Facts | None = None, began: int | None = None) -> Iterator[str]:
    """`known`: the parameters that were known when a run began, which may come to know others on its way."""
    now = facts_of(stop)
    for each in wrong_words(stop, before, now, began):
        yield f"#{stop.index} {stop.explain!r}: {each}"
    for each in wrong_changes(stop, before, now, before if known is None else known):
        yield f"#{stop.index} {stop.phase}: {each}"


def _upcoming(controller: Controller) -> Iterator[str]:
    upcoming = controller.snapshot.next
    if upcoming is not None and upcoming.text != upcoming.numbers:
        names: Any = ChainMap(
            dict(pending(controller._execution.machine)),
            *controller._execution.recorder.holders(),  # type: ignore[arg-type]
        )
        for each in wrong_numbers(upcoming.text, upcoming.numbers, names):
            yield f"before #{controller.snapshot.index + 1} {upcoming.numbers!r}: {each}"
