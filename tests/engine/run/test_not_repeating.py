"""Programs that do not repeat themselves: they stand where they are said to stand, and go on from there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.codec import encode
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.tape import Move
from tests.engine.conftest import OpenScript

OUT_OF_REACH = """
import os, torch
def stream():
    for i in range(40): yield float(i % 3 + 1)
w = torch.tensor([1.0], requires_grad=True)
it = stream()
for step in range(9):
    noise = int.from_bytes(os.urandom(3), "little") / 2**24
    l = (next(it) * w - noise) ** 2
    l.backward()
    w.data -= 0.01 * w.grad
    w.grad.zero_()
"""
"""It does not repeat itself, and nothing leads back to where it stood: a generator that is wound by hand."""


def test_where_nothing_leads_back_it_stands_on_a_branch_of_its_own_and_says_so(open_script: OpenScript) -> None:
    controller = open_script(OUT_OF_REACH)
    for _ in range(10):
        controller.next()
    there = controller.back()
    assert "step 9 could not be gone to: this program does not repeat itself: step 1 now gives loss" in there.explain
    assert "It stands at step 1 of branch 1." in there.explain
    assert "Nothing changed" not in there.explain
    assert (there.index, there.branch, there.phase) == (1, 1, Phase.FORWARD)
    loss = controller._execution.machine.module["l"].item()
    assert there.loss is not None
    assert there.loss.number == loss
    assert [branch.at for branch in controller.branches] == [-1, 0]
    assert controller.next().phase is Phase.BACKWARD
    end = controller.run()
    assert (end.index, end.stop_reason) == (36, StopReason.END)


def test_the_way_of_before_is_kept_beside_it(open_script: OpenScript) -> None:
    controller = open_script(OUT_OF_REACH)
    losses = [controller.next().row().loss for _ in range(10)]
    controller.back()
    stretch = next(rows for rows in controller.stretches(0, 1) if rows.branch == 0)
    assert list(stretch.losses[:10]) == losses


PLAIN = """
import itertools, torch
count = itertools.count()
tick = next(CLOCK)
w = torch.tensor([1.0], requires_grad=True)
notes = []
numbers = (float(i) for i in range(20))
for step in range(9):
    x = next(numbers)
    notes.append((step, next(CLOCK)))
    l = (x * w) ** 2
    l.backward()
    w.data -= 0.01 * w.grad
    w.grad.zero_()
"""


def test_plain_variables_that_do_not_repeat_are_named(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(PLAIN.replace("next(CLOCK)", "__import__('time').monotonic_ns()"))
    controller = Controller(str(tmp_path / "script.py"), memory=0)
    controller.start()
    for _ in range(6):
        controller.next()
    there = controller.back()
    assert there.index == 5
    assert "not as before, since it does not repeat: notes, tick" in there.explain


def test_plain_variables_that_repeat_are_not(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(PLAIN.replace("next(CLOCK)", "1.5"))
    controller = Controller(str(tmp_path / "script.py"), memory=0)
    controller.start()
    for _ in range(6):
        controller.next()
    assert "repeat" not in controller.back().explain


def test_a_place_that_there_is_not_leaves_a_phase_as_it_is(open_script: OpenScript) -> None:
    controller = open_script(OUT_OF_REACH)
    controller.next()
    inside = controller.step(Move.IN)
    for index, branch in ((99, None), (0, 7)):
        with pytest.raises(StepRefused, match="There is no"):
            controller.goto(index, branch)
        assert encode(controller.snapshot.op) == encode(inside.op)


SETTINGS = """
import gc, logging, os, signal, sys, warnings, torch
print(
    os.getcwd() == HERE, os.environ.get("CHANGED"), sys.argv[1:], torch.get_default_dtype(), torch.is_grad_enabled(),
    torch.get_num_threads() == THREADS, torch.is_anomaly_enabled(), torch.are_deterministic_algorithms_enabled(),
    sys.getrecursionlimit() == 1234, signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL, gc.isenabled(),
    len(logging.getLogger().handlers) == LOGGING, torch.tensor(1 / 3),
    ("ignore", None, FutureWarning, None, 0) in warnings.filters,
    len(torch.nn.modules.module._global_forward_hooks),
)
w = torch.tensor(1.0, requires_grad=True)
numbers = (float(i) for i in range(20))
for step in range(5):
    x = next(numbers)
    l = (x * w) ** 2
    l.backward()
    if step == 1:
        os.chdir("/")
        os.environ["CHANGED"] = "yes"
        sys.argv.append("more")
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(THREADS + 1)
        torch.autograd.set_detect_anomaly(True)
        torch.use_deterministic_algorithms(True)
        sys.setrecursionlimit(1234)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        gc.disable()
        logging.getLogger().addHandler(logging.StreamHandler())
        torch.set_printoptions(precision=2)
        warnings.simplefilter("ignore", FutureWarning)
        torch.nn.modules.module.register_module_forward_hook(lambda *_: None)
        torch._C._set_grad_enabled(False)
        w.data -= 0.01 * w.grad
        torch._C._set_grad_enabled(True)
    else:
        w.data -= 0.01 * w.grad
    w.grad = None
"""
"""It tells what it finds at its beginning, and changes all of that in its second turn."""


def test_a_script_that_runs_anew_finds_the_process_as_it_was_at_its_first_start(tmp_path: Path) -> None:
    import logging

    import torch

    source = SETTINGS.replace("HERE", repr(os.getcwd())).replace("THREADS", str(torch.get_num_threads()))
    source = source.replace("LOGGING", str(len(logging.getLogger().handlers)))
    (tmp_path / "script.py").write_text(source)
    controller = Controller(str(tmp_path / "script.py"), memory=0)
    try:
        first = controller.start().printed
        assert first.startswith(
            "True None [] torch.float32 True True False False False True True True tensor(0.3333) False 0"
        )
        controller.run(steps=12)
        assert controller.goto(0).index == 0
        controller.run(steps=12)
        assert controller.restart().printed == first
    finally:
        controller.restart()


def test_parameters_without_a_shape_are_there_once_a_forward_gave_them_one(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        from torch import nn
        torch.manual_seed(0)
        net = nn.Sequential(nn.LazyLinear(2), nn.ReLU(), nn.LazyLinear(1))
        never = nn.LazyLinear(3)
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i in range(3):
            loss = net(torch.ones(2, 3) * (i + 1)).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        """
    )
    assert controller.snapshot.params == ()
    seen = [controller.next() for _ in range(6)]
    assert [param.name for param in seen[0].params] == ["net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"]
    for index in (2, 0, 5):
        there = controller.goto(index)
        expected = seen[index - 1].params if index else ()
        assert encode(there.params) == encode(expected)
    assert controller.run().stop_reason is StopReason.END
