"""The ready-made checks: each is met by a script with that fault, where the fault is, and by none without it."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bptui
from bptui.engine.breakpoints.checks.table import CHECKS
from bptui.protocol.alarms import ALARMS, BY_NAME
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from tests.engine.conftest import OpenScript

CORPUS = Path(__file__).parents[1] / "corpus" / "ok"

SOUND = """\
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(16, 4), torch.randn(16, 1)
for step in range(20):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
"""

FAULTS = {
    "nan": (
        ("    loss.backward()", "    if step == 7: loss = loss * torch.tensor(float('nan'))\n    loss.backward()"),
        8, Phase.FORWARD, "the loss is nan, after forward",
    ),
    "inf": (
        ("    loss.backward()", "    if step == 7: loss = loss * torch.tensor(float('inf'))\n    loss.backward()"),
        8, Phase.FORWARD, "the loss is inf, after forward",
    ),
    "zeros": (("torch.nn.functional.mse_loss(model(x), y)", "torch.relu(-model(x).square() - 1).sum()"),
        1, Phase.BACKWARD, "0.weight.grad is all zeros"),
    "none": (("model(x), y)", "model[2](model[1](model[0](x)).detach()), y)"),
        1, Phase.BACKWARD, "model.0.weight.grad is None after the backward"),
    "unchanged": (("SGD(model.parameters()", "SGD(model[2].parameters()"),
        1, Phase.UPDATE, "the update left model.0.weight as it was"),
    "exploding": (("    loss.backward()", "    if step == 15: loss = loss * 1000\n    loss.backward()"),
        16, Phase.BACKWARD, "the gradients' norm is"),
    "vanishing": (("mse_loss(model(x), y)", "mse_loss(model(x), y) * 1e-9"),
        1, Phase.BACKWARD, "the mean absolute model.0.weight.grad is"),
    "ratio": (("lr=0.01", "lr=50.0"), 1, Phase.UPDATE, "of its norm, about 0.001 is usual"),
    "forgotten": (("    optimizer.zero_grad()\n", ""), 2, Phase.UPDATE,
        "the update uses a model.0.weight.grad with parts left from before an earlier update"),
    "wiped": (("    optimizer.step()", "    optimizer.zero_grad()\n    optimizer.step()"), 1, Phase.UPDATE,
        "zero_grad, line 10, left the update nothing of what backward, line 9, brought"),
    "growing": (("    optimizer.step()", "    optimizer.step()\n    total = total + loss if step else loss"),
        6, Phase.BACKWARD, "total keeps the graphs of earlier turns: "),
}  # fmt: skip
"""What makes a sound script faulty; in which turn and after which phase it is met, and what it says."""


def run(open_script: OpenScript, source: str, name: str, limit: float | None = None) -> Snapshot:
    controller = open_script(source)
    (state,) = controller.set_breakpoints([Breakpoint(1, check=name, limit=limit)])
    assert state.verified, state.message
    stop = controller.run(Goal.END)
    assert controller.logged() == ""
    assert controller.breakpoint_states()[0].message == ""
    return stop


def test_the_table_lists_what_the_engine_checks_and_says_where_defaults_come_from() -> None:
    assert list(CHECKS) == [alarm.name for alarm in ALARMS] == list(FAULTS)
    assert all(0 < len(alarm.help) <= 48 for alarm in ALARMS), "a line of the list at 80 columns"
    assert all(bool(alarm.source) == bool(alarm.limit) for alarm in ALARMS)


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_is_met_where_it_is(name: str, open_script: OpenScript) -> None:
    (old, new), turn, phase, words = FAULTS[name]
    assert old in SOUND
    stop = run(open_script, SOUND.replace(old, new), name)
    assert stop.stop_reason is StopReason.BREAKPOINT
    assert (stop.phase, stop.sample) == (phase, turn - 1)
    assert stop.met.startswith(f"breakpoint 1: {name}: ")
    assert words in stop.met
    assert f"after {phase}, line " in stop.met


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_sound_script_is_let_through(name: str, open_script: OpenScript) -> None:
    stop = run(open_script, SOUND, name)
    assert (stop.stop_reason, stop.met) == (StopReason.END, "")


@pytest.mark.parametrize(
    "name", [name for name in FAULTS if name != "ratio"]
)  # its update is 15 % of w once: too large
def test_the_lecture_is_let_through(name: str) -> None:
    controller = bptui.Controller(str(Path(bptui.__file__).parent / "lessons" / "linear.py"))
    controller.start()
    controller.set_breakpoints([Breakpoint(1, check=name)])
    assert controller.run(Goal.END).met == ""


def test_trouble_that_goes_on_is_met_once_and_again_when_it_comes_back(open_script: OpenScript) -> None:
    source = """\
    import torch
    w = torch.tensor([1.0], requires_grad=True)
    for scale in [1.0, float("nan"), float("nan"), 1.0, float("nan")]:
        loss = (w * 2 - 1) ** 2
        loss.backward()
        w.grad *= scale
        w.data -= 0.0 * torch.nan_to_num(w.grad)
        w.grad = None
    """
    controller = open_script(source)
    controller.set_breakpoints([Breakpoint(1, check="nan")])
    found = []
    while (stop := controller.run()).next is not None:
        found.append((stop.sample, stop.met))
    assert [sample for sample, _ in found] == [1, 4]
    assert found[0][1] == "breakpoint 1: nan: w.grad is nan, after backward, line 5"


def test_limits_are_what_is_given(open_script: OpenScript) -> None:
    assert run(open_script, SOUND, "exploding", 1e-3).sample == 0
    assert run(open_script, SOUND, "exploding", 1e6).stop_reason is StopReason.END
    assert run(open_script, SOUND, "vanishing", 10.0).sample == 0
    assert run(open_script, SOUND, "ratio", 10.0).sample == 0
    assert BY_NAME["ratio"].default == 1e-3
    controller = open_script(SOUND)
    (state,) = controller.set_breakpoints([Breakpoint(1, check="ratio", limit=-1.0)])
    assert (state.verified, state.message) == (False, "The limit of ratio must be above 0.")
    (state,) = controller.set_breakpoints([Breakpoint(1, check="ratio", limit=math.nan)])
    assert not state.verified


def test_large_tensors_are_looked_through(open_script: OpenScript) -> None:
    big = SOUND.replace("Linear(4, 8)", "Linear(4, 5000)").replace("Linear(8, 1)", "Linear(5000, 1)")
    broken = big.replace(
        "    optimizer.step()", "    if step == 3: model[0].weight.grad[4321, 2] = float('inf')\n    optimizer.step()"
    )
    stop = run(open_script, broken, "inf")
    assert "model.0.weight.grad is infinite in 1 of 20000 entries" in stop.met
    assert stop.sample == 3


def test_an_unfinished_accumulation_is_not_a_forgotten_zero_grad(open_script: OpenScript) -> None:
    four = SOUND.replace("    optimizer.zero_grad()\n", "").replace(
        "    optimizer.step()", "    if step % 4 == 3:\n        optimizer.step()\n        optimizer.zero_grad()"
    )
    assert run(open_script, four, "forgotten").stop_reason is StopReason.END
    late = four.replace("        optimizer.zero_grad()", "        if step != 7: optimizer.zero_grad()")
    assert run(open_script, late, "forgotten").sample == 11


def test_a_zero_grad_passed_over_by_hand_is_remembered_by_the_run(open_script: OpenScript) -> None:
    controller = open_script(SOUND)
    controller.set_breakpoints([Breakpoint(1, check="forgotten")])
    controller.set_zeroing(False)
    for _ in range(3):
        controller.next()
    assert controller.run().sample == 1


GAN = """\
import torch
torch.manual_seed(0)
D, G = torch.nn.Linear(2, 1), torch.nn.Linear(2, 2)
opt_d, opt_g = torch.optim.SGD(D.parameters(), lr=0.01), torch.optim.SGD(G.parameters(), lr=0.01)
for step in range(6):
    real, z = torch.randn(5, 2), torch.randn(5, 2)
    opt_d.zero_grad()
    loss_d = (D(real) - 1).square().mean() + D(G(z).detach()).square().mean()
    loss_d.backward()
    opt_d.step()
    opt_g.zero_grad()
    loss_g = (D(G(z)) - 1).square().mean()
    loss_g.backward()
    opt_g.step()
"""


@pytest.mark.parametrize("name", ["none", "unchanged", "forgotten", "nan", "inf"])
def test_of_two_optimizers_each_answers_for_its_own_parameters(name: str, open_script: OpenScript) -> None:
    assert run(open_script, GAN, name).stop_reason is StopReason.END
    if name == "forgotten":
        assert run(open_script, GAN.replace("    opt_d.zero_grad()\n", ""), name).met.count("D.weight.grad") == 1


_WALK = """\
import json, random, sys
import torch
torch.set_num_threads(1)
from bptui.engine.controller import Controller
from bptui.protocol.breakpoint import Breakpoint
controller = Controller(sys.argv[1])
torch.manual_seed(0), random.seed(0)
controller.start()
controller.set_breakpoints([Breakpoint(n, check=name) for n, name in enumerate(sys.argv[2:], 1)])
met = []
while controller.snapshot.next is not None and controller.snapshot.failure is None and len(met) < 300:
    met.append(controller.run().met)
states = {name: state.met for name, state in zip(sys.argv[2:], controller.breakpoint_states())}
logged = controller.logged()
sys.__stderr__.write("\\n" + json.dumps([states, [each for each in met if each], logged]))
"""

TRUE = {
    "continue_on_bad_batch": {"nan"},
    "hf_no_trainer": {"unchanged"},  # the warm-up begins with a learning rate of 0
    "wgan_critic_inner_loop": {"unchanged"},  # weights are clamped where they were
}
"""What is so in scripts of the corpus."""


@pytest.mark.parametrize(
    "path",
    [path for number, path in enumerate(sorted(CORPUS.glob("*.py"))) if number % 12 == 0 or path.stem in TRUE],
    ids=lambda path: path.stem,
)
def test_scripts_as_people_write_them_raise_no_false_alarm(path: Path) -> None:
    root = str(Path(bptui.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    names = ("nan", "inf", "none", "unchanged", "exploding", "forgotten", "wiped", "growing")
    done = subprocess.run(
        [sys.executable, "-c", _WALK, str(path), *names], env=env, capture_output=True, text=True, encoding="utf-8"
    )
    states, met, logged = json.loads(done.stderr.splitlines()[-1])
    assert {name for name, times in states.items() if times} == TRUE.get(path.stem, set()), met
    assert logged == ""
