"""What the engine once did wrong: refused steps that changed something, runs that showed old parameters, and more."""

from __future__ import annotations

import contextlib
import gc
import math
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from tests.engine.conftest import OpenScript

CORPUS = Path(__file__).parent / "corpus" / "ok"


def steps(controller: Controller, count: int) -> Snapshot:
    for _ in range(count):
        controller.next()
    return controller.snapshot


def refused_or_told(step: Callable[[], Snapshot]) -> Snapshot | None:
    """None if the step was refused, which promises that nothing changed; else the exception stop."""
    try:
        stop = step()
    except StepRefused:
        return None
    assert stop.stop_reason is StopReason.EXCEPTION
    return stop


# ---- a refused step changes nothing

PLAIN_CLASS = """
import torch
class Net:
    def __init__(self):
        self.a = torch.ones(1, requires_grad=True)
        self.b = torch.ones(1, requires_grad=True)
    def __call__(self, x):
        return self.a.exp() * x + self.b
net = Net()
for x in [1.0, 2.0, 3.0]:
    loss = net(x).sum()
    loss.backward()
    net.a.data -= 0.1 * net.a.grad
    net.b.data -= 0.1 * net.b.grad
    net.a.grad = None
    net.b.grad = None
"""


def test_a_refused_backward_takes_back_gradients_of_tensors_held_by_a_plain_object(open_script: OpenScript) -> None:
    controller = open_script(PLAIN_CLASS)
    net = controller._execution.machine.module["net"]
    steps(controller, 2)
    with pytest.raises(StepRefused):
        controller.do(Phase.BACKWARD)
    assert net.b.grad.item() == 1.0  # 2.0: `net.b` is not among the tensors that State compares


def test_an_update_that_moved_a_plain_objects_tensor_before_it_raised_is_not_refused(open_script: OpenScript) -> None:
    controller = open_script(PLAIN_CLASS)
    net = controller._execution.machine.module["net"]
    steps(controller, 2)
    net.b.grad = None
    if refused_or_told(controller.next) is None:
        assert net.a.item() == 1.0  # moved, and yet "refused"


def test_a_failing_update_that_moved_the_learning_rate_is_not_refused(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        for x in [torch.ones(1, 1)] * 4:
            loss = model(x).sum()
            loss.backward()
            optimizer.step()
            scheduler.step()
            print(model.weight.grad.norm())
            optimizer.zero_grad()
        """
    )
    steps(controller, 2)
    controller.do(Phase.ZERO_GRAD)
    names = controller._execution.machine.module
    if refused_or_told(controller.next) is None:
        assert (names["optimizer"].param_groups[0]["lr"], names["scheduler"].last_epoch) == (0.1, 0)


def test_a_failing_update_that_counted_in_a_nested_container_is_not_refused(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        history = {"steps": [0]}
        for x in [1.0, 2.0]:
            loss = (w * x).sum()
            loss.backward()
            optimizer.step()
            history["steps"][0] += 1
            print(w.grad.norm())
            optimizer.zero_grad()
        """
    )
    steps(controller, 2)
    controller.do(Phase.ZERO_GRAD)
    if refused_or_told(controller.next) is None:
        assert controller._execution.machine.module["history"] == {"steps": [0]}


def test_what_follows_a_backward_in_its_block_and_raises_does_not_undo_the_backward(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            loss = (w * x) ** 2
            loss.backward()
            torch.ones(2) @ torch.ones(3)
            w.data = w.data - 0.1 * w.grad
        """
    )
    steps(controller, 1)
    stop = controller.next()  # refused today, although the graph is freed: no step ever gives this gradient again
    assert stop.stop_reason is StopReason.EXCEPTION
    assert stop.failure is not None
    assert stop.failure.line == 7
    assert stop.params[0].grad is not None
    assert stop.params[0].grad.number == 2.0


def test_a_backward_whose_block_raises_later_is_in_the_ledger(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            loss = (w * x) ** 2
            loss.backward()
            torch.ones(2) @ torch.ones(3)
            w.data = w.data - 0.1 * w.grad
        """
    )
    stop = controller.run(Goal.END)
    assert (stop.stop_reason, stop.phase) == (StopReason.EXCEPTION, Phase.BACKWARD)
    assert [each.value.number for ledger in stop.ledger for each in ledger.contributions] == [2.0]


def test_a_forward_that_raises_does_not_show_the_loss_of_the_sample_before(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            loss = (w * x) ** 2
            1 / (2 - x)
            loss.backward()
        """
    )
    stop = steps(controller, 3)
    assert (stop.stop_reason, stop.phase, stop.sample) == (StopReason.EXCEPTION, Phase.FORWARD, 1)
    assert controller._execution.machine.module["loss"].item() == 4.0
    assert stop.loss is None or stop.loss.number == 4.0  # 1.0, beside x = 2


def test_a_refused_next_does_not_pass_over_zero_grad(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x in [torch.ones(1, 1)] * 4:
            loss = (model(x) ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        """
    )
    controller.next()
    controller.do(Phase.BACKWARD)
    controller.set_zeroing(False)
    before = controller._execution.machine.cursor
    with pytest.raises(StepRefused, match="second time"):
        controller.next()
    assert controller._execution.machine.cursor is before  # else the snapshot's marks and next are not true any more


def test_the_next_phase_is_told_anew_when_zeroing_is_turned_off_before_it(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            loss = (w * x) ** 2
            w.grad = None
            loss.backward()
            w.data = w.data - 0.1 * w.grad
        """
    )
    controller.next()
    seen = controller.set_zeroing(False)
    assert seen.next is not None
    assert seen.next.phase is controller.next().phase is Phase.BACKWARD  # told: zero_grad


# ---- a run at full speed tells the same as single steps


def both(path: Path) -> tuple[Snapshot, Snapshot]:
    ends = []
    for run in (False, True):
        torch.manual_seed(0)
        controller = Controller(str(path))
        controller.start()
        if run:
            controller.run(Goal.END)
        while controller.snapshot.next is not None:
            controller.next()
        ends.append(controller.snapshot)
    return ends[0], ends[1]


@pytest.mark.parametrize(
    "name",
    ["kfold_outer_loop", "grid_search_calls", "train_val_returns_tuple", "model_rebound_between_calls",
     "frozen_backbone", "called_twice_mutable_default", "morvan_optimizers_list"],
)  # fmt: skip
def test_after_a_run_the_parameters_are_those_that_are_trained_now(name: str) -> None:
    stepped, run = both(CORPUS / f"{name}.py")
    assert repr(run.params) == repr(stepped.params)


@pytest.mark.parametrize("name", ["accumulate_else_branch", "pretrain_then_finetune"])
def test_after_a_run_the_loops_targets_are_still_shown(name: str) -> None:
    stepped, run = both(CORPUS / f"{name}.py")
    assert [each.name for each in run.values[: run.targets]] == [
        each.name for each in stepped.values[: stepped.targets]
    ]


def test_a_gradient_that_is_none_has_no_ledger(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.w = torch.nn.Parameter(torch.ones(1))
            def update(self):
                with torch.no_grad():
                    self.w -= 0.1 * self.w.grad
                self.zero_grad()
        net = Net()
        for x in [1.0, 2.0]:
            loss = ((net.w * x) ** 2).sum()
            loss.backward()
            net.update()
        """
    )
    stop = steps(controller, 2)  # `net.update()` is in the block of the backward
    assert stop.params[0].grad is None
    assert stop.ledger == ()


REBOUND_LIST = """
import torch
ps = [torch.tensor([1.0], requires_grad=True), torch.tensor([2.0], requires_grad=True)]
for i in range(3):
    loss = (ps[0] * ps[1] * i - 1) ** 2
    loss.backward()
    with torch.no_grad():
        ps = [(p - 0.01 * p.grad).requires_grad_() for p in ps]
"""


def test_members_of_a_list_that_is_bound_anew_are_followed(open_script: OpenScript) -> None:
    controller = open_script(REBOUND_LIST)
    steps(controller, 6)
    wanted = [each.item() for each in controller._execution.machine.module["ps"]]
    assert [each.value.number for each in controller.snapshot.params] == wanted
    other = open_script(REBOUND_LIST)
    other.run(Goal.END)
    wanted = [each.item() for each in other._execution.machine.module["ps"]]
    assert [each.value.number for each in other.snapshot.params] == wanted


def test_a_run_of_no_steps_runs_none(open_script: OpenScript) -> None:
    controller = open_script(REBOUND_LIST)
    with contextlib.suppress(StepRefused, ValueError):
        controller.run(Goal.END, steps=0)
    assert controller.snapshot.index == 0


# ---- looking changes nothing


@pytest.mark.parametrize(
    ("make", "draw", "state"),
    [
        ("torch.Generator().manual_seed(0)", "torch.rand(1, generator=rng)", lambda rng: rng.get_state().tolist()),
        ("np.random.default_rng(0)", "rng.normal()", lambda rng: repr(rng.bit_generator.state)),
        ("random.Random(0)", "rng.random()", lambda rng: rng.getstate()),
    ],
    ids=["torch.Generator", "numpy Generator", "random.Random"],
)
def test_a_curve_draws_nothing_from_the_scripts_own_generators(
    make: str, draw: str, state: Callable[[object], object], open_script: OpenScript
) -> None:
    controller = open_script(
        "import random, torch, numpy as np\n"
        f"rng = {make}\nw = torch.tensor([1.0], requires_grad=True)\n"
        f"for i in range(5):\n    loss = (w * i + {draw} - 1) ** 2\n    loss.backward()\n"
    )
    controller.next()
    rng = controller._execution.machine.module["rng"]
    before = state(rng)
    controller.curve("w", 0.0, 4.0, 3)
    assert state(rng) == before


def test_a_loss_that_the_script_deletes_is_gone(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for i in range(5):
            loss = w.exp().sum()
            loss.backward()
            del loss
            w.data -= 0.01 * w.grad
            w.grad = None
        """
    )
    controller.next()
    loss = weakref.ref(controller._execution.machine.module["loss"])
    controller.next()
    gc.collect()
    assert loss() is None


# ---- any value can be looked at


def test_a_nested_tensor_can_be_a_sample(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])] * 2:
            loss = w * 2
            loss.backward()
        """
    )
    assert controller.next().values[0].name == "x"  # RuntimeError out of Controller.next()


@pytest.mark.parametrize("name", ["x[0]", "torch[0]", "w[5]", "w[0", "batch['q']", "batch[0]"])
def test_a_member_that_is_not_there_is_refused_by_the_inspector(name: str, open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        batch = {"x": torch.ones(1)}
        for x in [1.0, 2.0]:
            loss = w * x
            loss.backward()
        """
    )
    controller.next()
    with pytest.raises(StepRefused):
        controller.inspect(name)


@pytest.mark.parametrize(
    ("made", "std", "norm"),
    [
        ("torch.linspace(-1, 1, 1000) * 0.01 + 100", 0.00577927, 3162.27768),
        ("torch.full((100,), 1e38)", 0.0, 1e39),
        ("torch.full((100,), 1e-30)", 0.0, 1e-29),
        ("torch.full((100,), 1e300, dtype=torch.float64)", 0.0, 1e301),
    ],
    ids=["far from 0", "large", "tiny", "large double"],
)
def test_std_and_norm_are_right_also_where_squares_do_not_fit(
    made: str, std: float, norm: float, open_script: OpenScript
) -> None:
    controller = open_script(
        "import torch\nw = torch.ones(1, requires_grad=True)\n"
        f"for x in [{made}] * 2:\n    loss = w * 2\n    loss.backward()\n"
    )
    stats = controller.next().values[0].fact.stats
    assert stats is not None
    assert math.isclose(stats.norm, norm, rel_tol=1e-3)
    assert math.isclose(stats.std, std, rel_tol=1e-2, abs_tol=norm * 1e-6)
