"""What a snapshot tells: values and parameters by name, marks, places, numbers, words."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

import bptui
from bptui.engine.controller import Controller
from bptui.protocol.fact import Fact
from bptui.protocol.phase import Goal, Phase
from bptui.protocol.snapshot import Snapshot
from tests.engine.conftest import OpenScript

LESSON = str(Path(bptui.__file__).parent / "lessons" / "linear.py")
FORWARD, BACKWARD, UPDATE, ZERO_GRAD = Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD

BY_HAND = """
import torch
w = torch.tensor([1.0], requires_grad=True)
lr = 0.1
for epoch in range(2):
    for x, y in [(1.0, 2.0), (2.0, 3.0)]:
        l = (w * x - y) ** 2
        l.backward()
        w.data = w.data - lr * w.grad.data
        w.grad.data.zero_()
"""


@pytest.fixture
def lecture() -> Controller:
    controller = Controller(LESSON)
    controller.start()
    return controller


def steps(controller: Controller, count: int) -> Snapshot:
    for _ in range(count):
        controller.next()
    return controller.snapshot


def names(snapshot: Snapshot) -> list[str]:
    return [each.name for each in snapshot.params]


def values(snapshot: Snapshot) -> dict[str, object]:
    return {each.name: each.fact.value for each in snapshot.values}


def marks(snapshot: Snapshot) -> str:
    return " ".join(each.value for each in snapshot.marks)


# ---- values by name


def test_the_values_are_the_loops_targets_and_what_the_scripts_functions_computed(lecture: Controller) -> None:
    entry = lecture.snapshot
    assert (entry.values, entry.targets, entry.loss, entry.loss_name) == ((), 0, None, None)
    stop = lecture.next()
    assert values(stop) == {"x": 1.0, "y": 2.0, "y_pred": (1.0,)}
    assert (stop.targets, stop.loss_name) == (2, "l")
    assert values(steps(lecture, 3)) == {"x": 1.0, "y": 2.0, "y_pred": (1.0,)}  # as the forward saw them
    assert values(lecture.next())["x"] == 2.0


def test_a_forward_again_computes_its_values_anew(lecture: Controller) -> None:
    lecture.next()
    lecture._execution.machine.module["w"].data.fill_(3.0)
    stop = lecture.do(FORWARD)
    assert values(stop) == {"x": 1.0, "y": 2.0, "y_pred": (3.0,)}
    assert stop.loss is not None
    assert stop.loss.number == 1.0


def test_values_assigned_in_the_forward_are_named_and_its_private_ones_are_not(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(2, requires_grad=True)
        for x in [torch.ones(2)] * 2:
            hidden = w * x
            _secret = hidden * 2
            loss = _secret.sum()
            loss.backward()
        """
    )
    assert list(values(controller.next())) == ["x", "hidden"]


def test_a_loop_in_a_function_shows_the_functions_own_names(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        def train(data, *, rate=0.1):
            for epoch in range(2):
                for x, y in data:
                    pred = parameters["w"] * x
                    loss = (pred - y) ** 2
                    loss.backward()
                    with torch.no_grad():
                        parameters["w"] -= rate * parameters["w"].grad
                    parameters["w"].grad.zero_()
        parameters = {"w": torch.ones(1, requires_grad=True)}
        train([(1.0, 2.0), (2.0, 4.0)])
        """
    )
    stop = controller.next()
    assert values(stop) == {"x": 1.0, "y": 2.0, "pred": (1.0,)}
    assert names(stop) == ["parameters['w']"]
    end = controller.run(Goal.END)
    assert (end.epoch, end.sample, end.epochs, end.samples, end.consumed) == (1, 1, 2, 2, 4)


@pytest.mark.parametrize(
    ("item", "target", "told"),
    [
        ("(torch.ones(1), torch.zeros(2))", "batch", {"batch[0]": (1.0,), "batch[1]": (0.0, 0.0)}),
        ("{'x': torch.ones(1), 'id': 'a'}", "batch", {"batch['x']": (1.0,), "batch['id']": "a"}),
        ("((torch.ones(1), 2), 3)", "(a, b), c", {"a": (1.0,), "b": 2, "c": 3}),
        ("(1, 2)", "pair", {"pair": None}),
    ],
    ids=["a tuple of tensors", "a dict of tensors", "nested targets", "a tuple of numbers"],
)
def test_a_batch_is_shown_by_its_members(
    item: str, target: str, told: dict[str, object], open_script: OpenScript
) -> None:
    controller = open_script(
        "import torch\nw = torch.ones(1, requires_grad=True)\n"
        f"for {target} in [{item}] * 2:\n    loss = w * 2\n    loss.backward()\n"
    )
    stop = controller.next()
    assert values(stop) == told
    assert stop.targets == len(told)


# ---- facts


def sample_fact(made: str, open_script: OpenScript) -> Fact:
    controller = open_script(
        "import numpy as np, torch\nw = torch.ones(1, requires_grad=True)\n"
        "class Odd:\n    def __repr__(self):\n        raise KeyError\n"
        f"for x in [{made}] * 2:\n    loss = w * 2\n    loss.backward()\n"
    )
    controller.next()
    return controller.snapshot.values[0].fact


@pytest.mark.parametrize(
    ("made", "kind", "value", "shape", "dtype"),
    [
        ("1.5", "float", 1.5, None, None),
        ("True", "bool", True, None, None),
        ("'word'", "str", "word", None, None),
        ("None", "NoneType", None, None, None),
        ("torch.tensor(2.5)", "Tensor", 2.5, (), "float32"),
        ("torch.tensor([[1, 2], [3, 4]])", "Tensor", ((1, 2), (3, 4)), (2, 2), "int64"),
        ("torch.tensor([True])", "Tensor", (True,), (1,), "bool"),
        ("torch.ones(2, dtype=torch.bfloat16)", "Tensor", (1.0, 1.0), (2,), "bfloat16"),
        ("torch.ones(0)", "Tensor", (), (0,), "float32"),
        ("torch.ones(64)", "Tensor", (1.0,) * 64, (64,), "float32"),
        ("torch.nn.Parameter(torch.ones(1))", "Parameter", (1.0,), (1,), "float32"),
        ("np.arange(2.0)", "ndarray", (0.0, 1.0), (2,), "float64"),
        ("np.float32(1.5)", "float32", 1.5, (), "float32"),
        ("np.float64(1.5)", "float64", 1.5, None, None),
    ],
)
def test_what_is_small_is_told_whole(
    made: str, kind: str, value: object, shape: tuple[int, ...] | None, dtype: str | None, open_script: OpenScript
) -> None:
    fact = sample_fact(made, open_script)
    assert (fact.type, fact.value, fact.shape, fact.dtype) == (kind, value, shape, dtype)
    assert type(fact.value) is type(value)
    assert fact.stats is None


def test_of_what_is_large_its_numbers_are_summed_up(open_script: OpenScript) -> None:
    made = "torch.cat([torch.arange(90.0), torch.tensor([math.nan, math.inf, -math.inf] * 4)]).reshape(2, 51)"
    fact = sample_fact(made.replace("math.", "torch."), open_script)
    assert (fact.value, fact.shape) == (None, (2, 51))
    assert fact.corner == ((0.0, 1.0, 2.0), (51.0, 52.0, 53.0))
    stats, numbers = fact.stats, torch.arange(90.0, dtype=torch.float64)
    assert stats is not None
    assert (stats.min, stats.max, stats.nan, stats.inf, stats.zero) == (0.0, 89.0, 4, 8, 1)
    assert math.isclose(stats.mean, numbers.mean().item(), rel_tol=1e-5)
    assert math.isclose(stats.std, numbers.std(correction=0).item(), rel_tol=1e-4)
    assert math.isclose(stats.norm, numbers.norm().item(), rel_tol=1e-5)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "bfloat16", "float64"])
def test_large_tensors_of_any_numbers_have_statistics(dtype: str, open_script: OpenScript) -> None:
    stats = sample_fact(f"torch.ones(100, dtype=torch.{dtype})", open_script).stats
    assert stats is not None
    assert (stats.min, stats.max, stats.mean, stats.std, stats.norm) == (1.0, 1.0, 1.0, 0.0, 10.0)


@pytest.mark.parametrize(
    "made",
    ["torch.tensor([1 + 2j])", "torch.eye(2).to_sparse()", "torch.eye(2).to_sparse_csr()",
     "torch.ones(3, device='meta')", "torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)",
     "torch.ones(100, dtype=torch.uint16)", "np.array(['a'])", "object()", "[1, 2]", "{'a': 1}"],
)  # fmt: skip
def test_what_is_no_plain_number_is_told_in_words(made: str, open_script: OpenScript) -> None:
    fact = sample_fact(made, open_script)
    assert (fact.value, fact.stats) == (None, None)
    assert fact.text


def test_a_repr_that_raises_is_told_as_such(open_script: OpenScript) -> None:
    assert sample_fact("Odd()", open_script).text == "<Odd whose repr raised KeyError>"


# ---- parameters by name


@pytest.mark.parametrize(
    ("setup", "loss", "told"),
    [
        ("w = T(1.0); b = T(0.0); unused = T(2.0)", "w * x + b", ["w", "b"]),
        ("ps = [T(1.0), T(2.0)]", "ps[0] * x + ps[1]", ["ps[0]", "ps[1]"]),
        ("ps = {'w': T(1.0), 'deep': (T(2.0),)}", "ps['w'] * ps['deep'][0]", ["ps['w']", "ps['deep'][0]"]),
        ("model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1, bias=False))", "model(torch.ones(1)).sum()",
         ["model.0.weight", "model.0.bias", "model.1.weight"]),
        ("a = nn.Linear(1, 1, bias=False); b = nn.Linear(1, 1, bias=False); b.weight = a.weight",
         "b(a(torch.ones(1))).sum()", ["a.weight"]),
        ("a = nn.Linear(1, 1, bias=False); b = nn.Linear(1, 1, bias=False); a.requires_grad_(False)",
         "b(a(torch.ones(1))).sum()", ["b.weight"]),
        ("model = nn.Linear(1, 1, bias=False); opt = torch.optim.Adam(model.parameters()); also = [model.weight]",
         "model(torch.ones(1)).sum()", ["model.weight"]),
    ],
    ids=["variables", "a list", "a dict with a tuple", "modules", "tied weights", "a frozen one", "named twice"],
)  # fmt: skip
def test_parameters_are_the_leaves_that_the_loss_reaches_under_the_scripts_names(
    setup: str, loss: str, told: list[str], open_script: OpenScript
) -> None:
    controller = open_script(
        "import torch\nfrom torch import nn\nT = lambda v: torch.tensor([v], requires_grad=True)\n"
        f"{setup}\nfor x in [1.0, 2.0]:\n    loss = {loss}\n    loss.backward()\n"
    )
    assert names(controller.next()) == told
    stop = controller.next()
    assert names(stop) == told
    assert all(each.grad is not None for each in stop.params)


def test_both_models_of_a_gan_are_shown_from_the_first_loss_on(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        G, D = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        for_g, for_d = (torch.optim.SGD(each.parameters(), lr=0.1) for each in (G, D))
        for real in [torch.ones(4, 1)] * 2:
            fake = G(torch.ones(4, 1))
            loss_d = D(fake.detach()).mean() - D(real).mean()
            for_d.zero_grad()
            loss_d.backward()
            for_d.step()
            loss_g = -D(fake).mean()
            for_g.zero_grad()
            loss_g.backward()
            for_g.step()
        """
    )
    first = controller.next()
    both = ["D.weight", "D.bias", "G.weight", "G.bias"]  # what a loss reached comes first
    assert (first.loss_name, names(first)) == ("loss_d", both)
    second = steps(controller, 4)
    assert (second.phase, second.loss_name, names(second)) == (FORWARD, "loss_g", both)
    again = steps(controller, 4)
    assert (again.loss_name, names(again)) == ("loss_d", both)


@pytest.mark.parametrize("optimizer", ["torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)", "None"])
def test_what_the_loss_does_not_reach_stays_in_sight(optimizer: str, open_script: OpenScript) -> None:
    controller = open_script(
        f"""
        import torch
        a, b = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
        opt = {optimizer}
        for x in [torch.ones(1, 1)] * 2:
            with torch.no_grad():
                features = a(x)
            loss = b(features).sum()
            loss.backward()
        """
    )
    assert names(controller.next()) == ["b.weight", "a.weight"]
    reached, missed = controller.next().params
    assert (reached.grad is not None, missed.grad) == (True, None)


def test_a_tensor_that_only_an_optimizer_holds_stays_in_sight_and_a_plain_one_does_not(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w, missed, other = (torch.ones(1, requires_grad=True) for _ in range(3))
        opt = torch.optim.SGD([w, missed], lr=0.1)
        for x in [1.0, 2.0]:
            loss = w * x
            loss.backward()
            opt.step()
        """
    )
    assert names(controller.next()) == ["w", "missed"]


def test_layers_in_lists_and_plain_attributes_of_a_module_and_the_base_of_a_view_have_names(
    open_script: OpenScript,
) -> None:
    controller = open_script(
        """
        import torch
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(1, 1, bias=False)
                self.rest = [nn.Linear(1, 1, bias=False), nn.Linear(1, 1)]
                self.heads = {"a": nn.Linear(1, 1, bias=False)}
                self.scale = torch.ones(1, requires_grad=True)
            def forward(self, x):
                for each in (self.first, *self.rest, self.heads["a"]):
                    x = each(x)
                return x * self.scale
        net = nn.Sequential(Net())
        v = torch.zeros(4, requires_grad=True).view(2, 2)
        for x in [torch.ones(1, 1)] * 2:
            loss = net(x).sum() + v.sum()
            loss.backward()
        """
    )
    told = ["net.0.first.weight", "net.0.rest[0].weight", "net.0.rest[1].weight", "net.0.rest[1].bias",
            "net.0.heads['a'].weight", "net.0.scale", "v._base"]  # fmt: skip
    assert names(controller.next()) == told
    stop = controller.next()
    assert all(each.grad is not None for each in stop.params)
    assert [controller.evaluate(f"{name}.grad is not None")[0].text for name in told] == ["True"] * len(told)


def test_a_leaf_that_is_bound_anew_keeps_its_name_and_place(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        b = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            loss = ((w * x + b) ** 2).sum()
            loss.backward()
            w = (w - 0.125 * w.grad).detach().requires_grad_()
            b = (b - 0.125 * b.grad).detach().requires_grad_()
        """
    )
    stop = steps(controller, 3)
    assert [(each.name, each.value.number, each.grad) for each in stop.params] == [("w", 0.5, None), ("b", 0.5, None)]
    new = "; ".join(f"{name} is a new leaf now, its .grad is None" for name in "wb")
    assert stop.explain == f"update: w 1 -> 0.5; b 1 -> 0.5; {new}"


# ---- the phase bar


def test_the_marks_go_along_a_turn(lecture: Controller) -> None:
    told = [marks(lecture.snapshot)] + [marks(lecture.next()) for _ in range(4)]
    assert told == [
        "next todo todo todo",
        "done next todo todo",
        "done done next todo",
        "done done done next",
        "next todo todo todo",
    ]


def test_with_zeroing_off_zero_grad_is_marked_skipped_unless_it_was_run(lecture: Controller) -> None:
    assert marks(lecture.set_zeroing(False)) == "next todo todo skipped"
    assert [marks(lecture.next()) for _ in range(3)] == [
        "done next todo skipped",
        "done done next skipped",
        "next todo todo skipped",
    ]
    steps(lecture, 2)
    assert marks(lecture.do(ZERO_GRAD)) == "done done next done"
    assert marks(lecture.set_zeroing(True)) == "done done next done"


def test_a_branch_that_is_not_taken_is_marked_skipped(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            l = (w * x) ** 2
            l.backward()
            if x == 2.0:
                w.data -= 0.1 * w.grad
            else:
                w.data -= 0.2 * w.grad
            w.grad = None
        """
    )
    assert marks(steps(controller, 2)) == "done done skipped next todo"
    assert marks(steps(controller, 2)) == "next todo todo todo todo"
    assert marks(steps(controller, 3)) == "done done done skipped next"


def test_what_a_forward_of_the_next_sample_passes_over_is_marked_skipped(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            w.grad = None
            l = (w * x) ** 2
            l.backward()
            w.data -= 0.1 * w.grad
        """
    )
    assert marks(controller.do(FORWARD)) == "skipped done next todo"
    controller.do(BACKWARD)
    assert marks(controller.do(FORWARD)) == "skipped done next todo"


def test_at_the_end_nothing_is_next(lecture: Controller) -> None:
    end = lecture.run(Goal.END)
    assert marks(end) == "done done done done"
    assert (end.next, end.possible, end.line) == (None, (), None)


# ---- what comes next, and what can be asked for


def test_the_line_about_to_run_has_its_numbers_in(open_script: OpenScript) -> None:
    controller = open_script(BY_HAND)
    told = []
    for _ in range(5):
        upcoming = controller.snapshot.next
        assert upcoming is not None
        told.append((upcoming.line, upcoming.text, upcoming.numbers))
        controller.next()
    assert told == [
        (7, "l = (w * x - y) ** 2", "l = (1.0000 * 1.0000 - 2.0000) ** 2"),
        (8, "l.backward()", "l.backward()"),
        (9, "w.data = w.data - lr * w.grad.data", "w.data = 1.0000 - 0.1000 * -2.0000"),
        (10, "w.grad.data.zero_()", "w.grad.data.zero_()"),
        (7, "l = (w * x - y) ** 2", "l = (1.2000 * 2.0000 - 3.0000) ** 2"),
    ]


def test_what_cannot_be_done_is_not_possible(lecture: Controller) -> None:
    assert BACKWARD not in lecture.snapshot.possible
    assert FORWARD in lecture.snapshot.possible
    assert set(lecture.next().possible) == set(Phase)
    lecture.run(Goal.END, steps=117)
    last = lecture.snapshot
    assert (last.phase, last.epoch, last.sample) == (BACKWARD, 9, 2)
    assert FORWARD not in last.possible
    assert UPDATE in last.possible


def test_a_phase_that_the_script_has_not_is_not_possible(open_script: OpenScript) -> None:
    controller = open_script(
        "import torch\nw = torch.ones(1, requires_grad=True)\nfor i in range(3):\n    l = w * i\n    l.backward()\n"
    )
    assert controller.next().possible == (FORWARD, BACKWARD)


def test_where_lengths_are_not_known_they_are_counted_once_seen(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        def data():
            yield from (1.0, 2.0)
        epoch = 0
        while epoch < 2:
            for x in data():
                l = (w * x) ** 2
                l.backward()
                w.grad = None
            epoch += 1
        """
    )
    told = []
    while controller.snapshot.next is not None:
        stop = controller.next()
        if stop.phase is FORWARD:
            told.append((stop.epoch, stop.sample, stop.epochs, stop.samples, stop.consumed))
    assert told == [(0, 0, None, None, 0), (0, 1, None, None, 1), (1, 0, None, 2, 2), (1, 1, None, 2, 3)]


def test_a_sample_is_consumed_by_its_backward_and_only_once(lecture: Controller) -> None:
    told = [lecture.do(each).consumed for each in (FORWARD, FORWARD, BACKWARD, UPDATE, UPDATE, FORWARD, BACKWARD)]
    assert told == [0, 0, 1, 1, 1, 1, 2]


# ---- in words


def test_each_step_is_explained(lecture: Controller) -> None:
    told = [lecture.snapshot.explain] + [lecture.next().explain for _ in range(6)]
    assert told == [
        "ready: forward is next, line 25",
        "forward: l = 1 for x = 1, y = 2",
        "backward: ∂l/∂w = -2 added to w.grad: None -> -2",
        "update: w 1 -> 1.02",
        "zero_grad: w.grad -2 -> 0",
        "forward: l = 3.8416 for x = 2, y = 4",
        "backward: ∂l/∂w = -7.84 added to w.grad: 0 -> -7.84",
    ]


def test_what_zeroing_off_does_is_explained(lecture: Controller) -> None:
    lecture.set_zeroing(False)
    assert steps(lecture, 3).explain == "update: w 1 -> 1.02; zero_grad passed over, w.grad stays -2"
    assert steps(lecture, 2).explain == "backward: ∂l/∂w = -7.84 added to w.grad: -2 -> -9.84"


def test_an_update_without_gradients_is_explained(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        model = torch.nn.Linear(1, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x in [torch.ones(1)] * 2:
            optimizer.zero_grad()
            loss = model(x).sum()
            loss.backward()
            optimizer.step()
        """
    )
    assert controller.do(UPDATE).explain == "update: nothing moved, model.weight.grad is None"
    assert controller.next().explain == "zero_grad: no gradient changed"


def test_many_steps_in_one_are_counted(lecture: Controller) -> None:
    assert lecture.run(Goal.SAMPLE).explain == "4 steps, then zero_grad: w.grad -2 -> 0"
    assert lecture.run(Goal.END).explain.startswith("116 steps, then zero_grad: ")
    assert lecture.snapshot.explain.endswith("; the script has ended")
