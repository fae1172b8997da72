"""Breakpoints and going back: what they remember is of the steps behind the program, on whatever way it came there."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bptui.engine.controller import Controller
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.snapshot import Snapshot
from tests.engine.breakpoints.test_manager import LECTURE
from tests.engine.conftest import OpenScript

FORGETFUL = LECTURE.replace("        w.grad.data.zero_()\n", "        if seen % 4: w.grad.data.zero_()\n")
"""Every fourth time its gradient is not zeroed."""
GROWING = """\
import torch
w = torch.tensor([1.0, -1.0], requires_grad=True)
opt = torch.optim.SGD([w], lr=0.0)
for step in range(60):
    loss = (w.sum() + 1) * (1000.0 if step in (30, 31, 45) else 1.0)
    loss.backward()
    opt.step()
    opt.zero_grad()
"""
"""Its gradients explode at three steps, and its updates never change anything."""


SCRIPTS = [
    pytest.param(LECTURE, Breakpoint(1, condition="loss > 5"), id="condition"),
    pytest.param(LECTURE, Breakpoint(1, data="w.grad"), id="data"),
    pytest.param(LECTURE, Breakpoint(1, phase=Phase.UPDATE), id="phase"),
    pytest.param(FORGETFUL, Breakpoint(1, check="forgotten"), id="forgotten"),
    pytest.param(GROWING, Breakpoint(1, check="exploding"), id="exploding"),
    pytest.param(GROWING, Breakpoint(1, check="unchanged"), id="unchanged"),
]


def met_from(controller: Controller) -> list[tuple[int, str]]:
    """Where it stops from here to the end, and by what."""
    found = []
    while (stop := controller.run()).next is not None:
        found.append((stop.index, stop.met))
    return found


@pytest.mark.parametrize("memory", [512, 0], ids=["with checkpoints", "without"])
@pytest.mark.parametrize(("source", "asked"), SCRIPTS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(targets=st.lists(st.integers(0, 110), min_size=1, max_size=4))
def test_wherever_a_run_begins_it_meets_what_the_first_run_met_behind_there(
    source: str, asked: Breakpoint, memory: int, targets: list[int], open_script: OpenScript
) -> None:
    controller = open_script(source, memory)
    assert controller.set_breakpoints([asked])[0].verified
    met = met_from(controller)
    assert met
    for target in targets:
        controller.goto(target)
        assert met_from(controller) == [each for each in met if each[0] > target]


@pytest.mark.parametrize(("source", "asked"), SCRIPTS)
def test_running_back_meets_what_running_on_met(source: str, asked: Breakpoint, open_script: OpenScript) -> None:
    controller = open_script(source)
    controller.set_breakpoints([asked])
    met: list[Snapshot] = []
    while (stop := controller.run()).next is not None:
        met.append(stop)
    for wanted in reversed(met):
        there = controller.run_back()
        assert (there.index, there.met, there.stop_reason) == (wanted.index, wanted.met, wanted.stop_reason)
    assert controller.run_back().index == 0


def test_a_step_by_hand_is_remembered_as_a_run_would(open_script: OpenScript) -> None:
    controller = open_script(FORGETFUL)
    controller.set_breakpoints([Breakpoint(1, check="forgotten")])
    by_running = controller.run().index
    controller.goto(0)
    for _ in range(by_running - 2):
        controller.next()
    assert controller.run().index == by_running


def test_counts_go_on_over_going_back_and_begin_anew_with_the_script(open_script: OpenScript) -> None:
    controller = open_script(LECTURE, 0)
    controller.set_breakpoints([Breakpoint(1, phase=Phase.UPDATE)])
    controller.run()
    controller.run()
    controller.goto(1)
    assert controller.breakpoint_states()[0].met == 2
    controller.run_back()
    assert controller.breakpoint_states()[0].met == 2
    controller.restart()
    assert controller.breakpoint_states()[0].met == 0
    assert controller.run().index == 2


def test_looking_does_not_change_what_is_computed(open_script: OpenScript) -> None:
    plain, watched = open_script(LECTURE), open_script(LECTURE)
    watched.set_breakpoints([Breakpoint(1, condition="w.grad.norm() > 1e9"), Breakpoint(2, check="nan")])
    assert repr(plain.run().params) == repr(watched.run().params)


def test_a_run_to_the_next_sample_stops_at_a_breakpoint_too(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    controller.set_breakpoints([Breakpoint(1, phase=Phase.UPDATE)])
    assert controller.run(Goal.SAMPLE).index == 2
