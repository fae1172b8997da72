"""Where a run stops, against the lecture's loop written by hand; and what can never be met says why."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bptui
from bptui.engine.controller import Controller
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot

from .conftest import OpenScript

LESSON = str(Path(bptui.__file__).parent / "lessons" / "linear.py")


def lecture() -> list[tuple[float, float, float | None]]:
    """Loss, w and w.grad behind each step, by a loop of our own; the entry first."""
    w, steps = torch.tensor([1.0], requires_grad=True), [(0.0, 1.0, None)]
    seen: list[tuple[float, float, float | None]] = [*steps]
    for _ in range(10):
        for x, y in ((1.0, 2.0), (2.0, 4.0), (3.0, 6.0)):
            loss = ((x * w - y) ** 2).sum()
            before = None if w.grad is None else w.grad.item()
            seen.append((loss.item(), w.item(), before))
            loss.backward()
            assert w.grad is not None
            seen.append((loss.item(), w.item(), w.grad.item()))
            w.data = w.data - 0.01 * w.grad.data
            seen.append((loss.item(), w.item(), w.grad.item()))
            w.grad.data.zero_()
            seen.append((loss.item(), w.item(), w.grad.item()))
    return seen


STEPS = lecture()


def stepped(*points: Breakpoint) -> Controller:
    controller = Controller(LESSON)
    controller.start()
    assert all(state.verified for state in controller.set_breakpoints(points))
    return controller


def stops(controller: Controller) -> list[int]:
    """The steps at which it stops, run on again and again."""
    found: list[int] = []
    while True:
        stop = controller.run()
        if stop.stop_reason is StopReason.END:
            return found
        assert stop.stop_reason in (StopReason.BREAKPOINT, StopReason.DATA_BREAKPOINT)
        found.append(stop.index)


def rising(truth: list[bool]) -> list[int]:
    """Where it becomes true."""
    return [at for at in range(1, len(truth)) if truth[at] and not truth[at - 1]]


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("loss > 6", lambda loss, w, grad: loss > 6),
        ("abs(w - 2) < 0.5", lambda loss, w, grad: abs(w - 2) < 0.5),
        ("w.grad is not None and w.grad < -10", lambda loss, w, grad: grad is not None and grad < -10),
        ("isnan(w.grad)", lambda loss, w, grad: False),
        ("any(v > 1.5 for v in [w.item()])", lambda loss, w, grad: w > 1.5),
    ],
)
def test_a_condition_alone_stops_when_it_becomes_true(condition: str, truth: object) -> None:
    wanted = rising([bool(truth(*step)) for step in STEPS])  # type: ignore[operator]
    assert stops(stepped(Breakpoint(1, condition=condition))) == wanted


def test_data_stops_behind_what_wrote_it_and_names_phase_and_line() -> None:
    controller = stepped(Breakpoint(1, data="w.grad"))
    first = controller.run()
    assert first.met == "breakpoint 1: w.grad changed None -> -2 by backward, line 26"
    second = controller.run()
    assert second.met == "breakpoint 1: w.grad changed -2 -> 0 by zero_grad, line 32"
    wanted = [at for at in range(1, len(STEPS)) if STEPS[at][2] != STEPS[at - 1][2]]
    assert [first.index, second.index, *stops(controller)] == wanted[:-1]  # the last one is the script's end


def test_a_phase_stops_before_it_runs() -> None:
    wanted = [at for at in range(1, 120) if at % 4 == 2]
    assert stops(stepped(Breakpoint(1, phase=Phase.UPDATE))) == wanted
    assert stops(stepped(Breakpoint(1, line=30))) == wanted


def test_an_epoch_and_a_sample_stop_where_they_begin() -> None:
    assert stops(stepped(Breakpoint(1, epoch=3))) == [36]
    assert stops(stepped(Breakpoint(1, epoch=3, sample=1))) == [40]
    assert stops(stepped(Breakpoint(1, sample=2))) == [epoch * 12 + 8 for epoch in range(10)]
    assert stops(stepped(Breakpoint(1, epoch=2, sample=1, phase=Phase.BACKWARD))) == [29]


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(["", "==", ">", ">=", "<", "%"]), st.integers(1, 35))
def test_hits_count_as_in_the_debug_adapter_protocol(sign: str, number: int) -> None:
    met = [at for at in range(1, 120) if at % 4 == 2]
    tests = {
        "": lambda count: count >= number, "==": lambda count: count == number, ">": lambda count: count > number,
        ">=": lambda count: count >= number, "<": lambda count: count < number,
        "%": lambda count: count % number == 0,
    }  # fmt: skip
    wanted = [at for count, at in enumerate(met, 1) if tests[sign](count)]
    assert stops(stepped(Breakpoint(1, phase=Phase.UPDATE, hits=f"{sign} {number}".strip()))) == wanted


def test_a_logpoint_says_so_and_does_not_stop() -> None:
    controller = stepped(Breakpoint(1, phase=Phase.BACKWARD, epoch=0, log="{{x}} {x:.0f}: {loss:.4f} {nothing}"))
    assert stops(controller) == []
    wanted = [f"{{x}} {sample + 1}: {STEPS[sample * 4 + 1][0]:.4f}" for sample in range(3)]
    said = controller.logged().splitlines()
    assert [line.partition(" <")[0] for line in said] == wanted
    assert "NameError" in said[0]
    assert controller.logged() == ""


def test_what_can_never_be_met_says_why() -> None:
    controller = Controller(LESSON)
    controller.start()
    states = controller.set_breakpoints(
        (
            Breakpoint(1, line=3), Breakpoint(2, condition="1 +"), Breakpoint(3, check="xx"),
            Breakpoint(4, phase=Phase.UPDATE, hits="often"), Breakpoint(5, condition="foo > 1"),
        )
    )  # fmt: skip
    assert [state.verified for state in states] == [False, False, False, False, True]
    assert "phases begin at 25, 26, 30, 32" in states[0].message
    assert "is no Python" in states[1].message
    assert controller.run().stop_reason is StopReason.END
    assert "NameError" in controller._breakpoints.states()[4].message


def test_one_that_is_switched_off_does_nothing() -> None:
    assert stops(stepped(Breakpoint(1, phase=Phase.UPDATE, enabled=False))) == []


def test_running_back_meets_what_running_on_met() -> None:
    controller = stepped(Breakpoint(1, data="w.grad"), Breakpoint(2, condition="loss > 6"))
    met: list[Snapshot] = []
    for _ in range(9):
        met.append(controller.run())
    for wanted in reversed(met[:-1]):
        there = controller.run_back()
        assert (there.index, there.met, there.stop_reason) == (wanted.index, wanted.met, wanted.stop_reason)
    assert controller.run_back().index == 0


def test_looking_does_not_change_what_is_computed() -> None:
    plain, watched = (
        Controller(LESSON),
        stepped(Breakpoint(1, condition="w.grad.norm() > 1e9"), Breakpoint(2, check="nan")),
    )
    plain.start()
    assert repr(plain.run().params) == repr(watched.run().params)


def alarm(open_script: OpenScript, check: str, body: str, head: str = "", limit: float | None = None) -> str:
    """What stops a run of a small script; empty if nothing does."""
    lines = "\n".join(f"    {line}" for line in body.split("; "))
    script = f"import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\n{head}\nfor i in range(4):\n{lines}\n"
    controller = open_script(script)
    controller.set_breakpoints((Breakpoint(1, check=check, limit=limit),))
    return controller.run().met


GOOD = "loss = (w * w).sum(); loss.backward(); w.data -= 0.01 * w.grad; w.grad = None"


@pytest.mark.parametrize(
    ("check", "body", "words"),
    [
        (
            "nan",
            "loss = (w * (float('nan') if i == 2 else 1.0)).sum(); loss.backward(); w.grad = None",
            "the loss is nan",
        ),
        ("inf", "loss = (w * float('inf')).sum(); loss.backward(); w.grad = None", "the loss is inf"),
        ("zero-grad", "loss = (w * 0).sum(); loss.backward(); w.grad = None", "w.grad is all zeros"),
        ("unchanged", "loss = (w * w).sum(); loss.backward(); w.data -= 0 * w.grad; w.grad = None", "w is unchanged"),
        ("exploding", "loss = (w * 1e6).sum(); loss.backward(); w.data -= 1e-9 * w.grad; w.grad = None", "above 1000"),
        ("vanishing", "loss = (w * 1e-9).sum(); loss.backward(); w.data -= w.grad; w.grad = None", "below 1e-07"),
        ("ratio", "loss = (w * w).sum(); loss.backward(); w.data -= 0.3 * w.grad; w.grad = None", "w moved by 0.6"),
        ("stale-grad", "loss = (w * w).sum(); loss.backward(); w.data -= 0.01 * w.grad", "left from before"),
    ],
)
def test_a_ready_made_check_finds_its_fault_and_no_other(
    open_script: OpenScript, check: str, body: str, words: str
) -> None:
    assert words in alarm(open_script, check, body)
    assert alarm(open_script, check, GOOD) == ""


def test_no_grad_is_met_where_a_gradient_is_none_after_a_backward(open_script: OpenScript) -> None:
    head = "v = torch.tensor(1.0, requires_grad=True)"
    body = (
        "loss = (w * w).sum() + (v if i == 0 else 0); loss.backward(); w.data -= 0.01 * w.grad; w.grad = v.grad = None"
    )
    assert "v.grad is None after the backward" in alarm(open_script, "no-grad", body, head)


def test_a_limit_of_ones_own(open_script: OpenScript) -> None:
    assert "above 2" in alarm(open_script, "exploding", GOOD, limit=2.0)


def test_a_run_to_the_next_sample_stops_at_a_breakpoint_too() -> None:
    controller = stepped(Breakpoint(1, phase=Phase.UPDATE))
    assert controller.run(Goal.SAMPLE).index == 2
