"""`set NAME = VALUE` edits what it names, as it is said, and nothing else."""

from __future__ import annotations

import pytest
import torch

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Phase
from tests.engine.checkpoint.test_refused_steps import everything
from tests.engine.conftest import OpenScript
from tests.engine.repl.test_evaluate import evaluated

LECTURE = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for epoch in range(3):
    for x, y in [(1.0, 2.0), (2.0, 4.0)]:
        l = (x * w - y) ** 2
        l.backward()
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
"""
MODEL = """
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(
    [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.5}], lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
X = torch.eye(3)
counts = torch.zeros(3, dtype=torch.int64)
small = torch.zeros(2, dtype=torch.uint8)
half = torch.zeros(2, dtype=torch.float16)
flags = torch.zeros(2, dtype=torch.bool)
waves = torch.zeros(2, dtype=torch.complex64)
config = {"lr": 1, "deep": {"a": [1, 2]}}
class Settings:
    rate = 3
    fixed = property(lambda self: 3)
settings = Settings()
for epoch in range(2):
    for row in X:
        loss = model(X).sum() * row.sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    scheduler.step()
"""
IN_FUNCTION = """
import torch
RATE = 0.01
def train(weights, data):
    seen = 0
    for x in data:
        loss = (weights * x).sum()
        loss.backward()
        with torch.no_grad():
            weights -= RATE * weights.grad
            weights.grad = None
        seen += 1
def main():
    w = torch.ones(2, requires_grad=True)
    steps = 3
    for epoch in range(steps):
        train(w, [1.0, 2.0])
main()
"""


@pytest.fixture
def lecture(open_script: OpenScript) -> Controller:
    return open_script(LECTURE)


@pytest.fixture
def model(open_script: OpenScript) -> Controller:
    return open_script(MODEL)


@pytest.fixture
def in_function(open_script: OpenScript) -> Controller:
    return open_script(IN_FUNCTION)


def edited(controller: Controller, name: str, value: str) -> str:
    """What the step said."""
    snapshot = controller.set_value(name, value)
    assert snapshot.edit == f"set {name} = {value}"
    return snapshot.explain


def refusal(controller: Controller, name: str, value: str) -> str:
    before = everything(controller)
    with pytest.raises(StepRefused) as caught:
        controller.set_value(name, value)
    assert everything(controller) == before
    assert caught.value.message.endswith((".", ")")) or ": " in caught.value.message
    return caught.value.message


def value(controller: Controller, text: str) -> str:
    evaluation = evaluated(controller, text)
    assert not evaluation.failed
    return evaluation.text


def test_a_parameter_is_written_in_place_and_autograd_does_not_notice(lecture: Controller) -> None:
    w = lecture._execution.machine.module["w"]
    lecture.next()
    version, address = w._version, w.data_ptr()
    assert edited(lecture, "w", "1.5") == "w 1 -> 1.5"
    assert lecture._execution.machine.module["w"] is w
    assert (w.item(), w.requires_grad, w.is_leaf, w._version, w.data_ptr()) == (1.5, True, True, version, address)
    lecture.next()
    assert w.grad.item() == 2 * (1 * 1.0 - 2.0) * 1, "the loss was computed with the old w"


def test_editing_goes_on_as_if_the_value_had_always_been_there(lecture: Controller, open_script: OpenScript) -> None:
    other = open_script(LECTURE.replace("[1.0]", "[1.5]"))
    lecture.set_value("w", "1.5")
    for _ in range(8):
        assert everything(lecture) == everything(other)
        lecture.next()
        other.next()


@pytest.mark.parametrize(
    ("name", "typed", "said", "look", "is_now"),
    [
        ("w", "w * 2 + x", "w 1 -> 3", "w.item()", "3.0"),
        ("w", "[4]", "w 1 -> 4", "w.item()", "4.0"),
        ("w", "[[4]]", "w 1 -> 4", "w.shape", "torch.Size([1])"),
        ("w", "torch.tensor(5, dtype=torch.float64)", "w 1 -> 5", "w.dtype", "torch.float32"),
        ("w", "float('nan')", "w 1 -> nan", "w.item()", "nan"),
        ("w[0]", "3", "w[0] 1 -> 3", "w.item()", "3.0"),
        ("w[-1:]", "3", "w[-1:] 1 -> 3", "w.item()", "3.0"),
        ("w.data", "3", "w.data 1 -> 3", "w.item()", "3.0"),
        ("w.data[0]", "3", "w.data[0] 1 -> 3", "w.item()", "3.0"),
        ("w.grad", "0.5", "w.grad None -> 0.5", "w.grad", "tensor([0.5000])"),
        ("w.requires_grad", "False", "w.requires_grad True -> False", "w.requires_grad", "False"),
        ("w.grad", "None", "w.grad None -> None", "w.grad", ""),
    ],
)
def test_every_way_to_name_a_parameter(
    name: str, typed: str, said: str, look: str, is_now: str, lecture: Controller
) -> None:
    assert edited(lecture, name, typed) == said
    assert value(lecture, look) == is_now


def test_a_gradient_is_written_in_place_or_set_to_none(lecture: Controller) -> None:
    lecture.next()
    lecture.next()
    grad = lecture._execution.machine.module["w"].grad
    assert edited(lecture, "w.grad", "7") == "w.grad -2 -> 7"
    assert edited(lecture, "w.grad[0]", "8") == "w.grad[0] 7 -> 8"
    assert lecture._execution.machine.module["w"].grad is grad
    lecture.next()
    assert value(lecture, "w.item()") == str(torch.tensor(1.0).sub(torch.tensor(0.01) * 8).item())
    assert edited(lecture, "w.grad", "None") == "w.grad 8 -> None"
    assert lecture._execution.machine.module["w"].grad is None


def test_nothing_is_called_lr_where_the_line_has_the_number(lecture: Controller) -> None:
    assert refusal(lecture, "lr", "0.1") == "Nothing is called lr."
    assert refusal(lecture, "print", "0.1") == "Nothing is called print."


@pytest.mark.parametrize(
    ("name", "typed", "reason"),
    [
        ("w", "[1, 2]", "w has the shape (1,), the value (2,)."),
        ("w", "'a'", "w holds numbers. A str is none."),
        ("w", "None", "w holds numbers. A NoneType is none."),
        ("w", "1j", "w is float32, which cannot hold that value."),
        ("w", "1e300", "w is float32, which cannot hold that value."),
        ("w", "foo", "The script has no foo."),
        ("w", "1 +", "'1 +' is not Python: invalid syntax."),
        ("w", "", "A name and a value are needed."),
        ("w", "a = 3", "'a = 3' is a statement: an expression is needed, such as w > 2."),
        ("w", "exit()", "exit(): The program is not ended from here"),
        ("w[3]", "1", "w[3]: index 3 is out of bounds"),
        ("w['a']", "1", "w['a']: "),
        ("w + 1", "1", "w + 1 cannot be set."),
        ("w.clone()", "1", "w.clone() cannot be set."),
        ("3", "1", "3 cannot be set."),
        ("w.nothing", "1", "w.nothing: AttributeError: 'Tensor' object has no attribute 'nothing'"),
        ("w.shape", "1", "w.shape: AttributeError: "),
        ("w.grad", "[1, 2]", "w.grad has the shape (1,), the value (2,)."),
        ("w b", "1", "'w b' is not Python: invalid syntax."),
        ("x", "3", "The loop binds x anew when the next phase runs."),
    ],
)
def test_what_cannot_be_set_is_refused_in_a_sentence(name: str, typed: str, reason: str, lecture: Controller) -> None:
    assert refusal(lecture, name, typed).startswith(reason)


def test_what_the_forward_computed_is_not_set(lecture: Controller) -> None:
    lecture.next()
    assert refusal(lecture, "l", "3").startswith("l is computed by the forward")
    assert refusal(lecture, "l[0]", "3").startswith("l[0] is computed by the forward")
    assert refusal(lecture, "l.grad", "3").startswith("l.grad is not kept")


def test_variables_are_bound_anew(lecture: Controller) -> None:
    lecture.next()
    assert edited(lecture, "epoch", "epoch + 5") == "epoch 0 -> 5"
    assert edited(lecture, "x", "3.0") == "x 1 -> 3", "it is bound by now"
    lecture.do(Phase.BACKWARD)
    assert value(lecture, "epoch, x") == "(5, 3.0)"


@pytest.mark.parametrize("name", ["model.0.weight[1, 2]", "model[0].weight[1, 2]", "model[0].weight[1][2]"])
def test_an_entry_of_a_model_s_weight(name: str, model: Controller) -> None:
    weight = model._execution.machine.module["model"][0].weight
    before = weight.detach().clone()
    said = edited(model, name, "2.5")
    assert said.startswith(f"{name} ")
    assert said.endswith(" -> 2.5")
    before[1, 2] = 2.5
    assert torch.equal(weight, before)
    assert model._execution.machine.module["model"][0].weight is weight


@pytest.mark.parametrize(
    ("name", "typed", "look", "is_now"),
    [
        ("model.0.weight", "0", "model[0].weight.tolist()", "[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]"),
        ("model.0.weight", "[1, 2, 3]", "model[0].weight.tolist()", "[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]"),
        ("model.0.weight[0]", "X[1]", "model[0].weight[0].tolist()", "[0.0, 1.0, 0.0]"),
        ("model.0.weight[:, 1]", "9", "model[0].weight[:, 1].tolist()", "[9.0, 9.0]"),
        ("model.0.weight[..., 0]", "[8, 9]", "model[0].weight[:, 0].tolist()", "[8.0, 9.0]"),
        ("model.0.weight[[0, 1], [1, 2]]", "5", "model[0].weight[[0, 1], [1, 2]].tolist()", "[5.0, 5.0]"),
        ("model.0.weight[X[:2] > 0]", "7", "model[0].weight[1, 1].item()", "7.0"),
        ("model.0.weight.T[0]", "4", "model[0].weight[:, 0].tolist()", "[4.0, 4.0]"),
        ("model.1.running_mean", "1", "model[1].running_mean.tolist()", "[1.0, 1.0]"),
        ("model.0.weight.grad", "1", "model[0].weight.grad.sum().item()", "6.0"),
        ("model.training", "False", "model.training", "False"),
        ("counts", "[1, 2, 3]", "counts", "tensor([1, 2, 3])"),
        ("counts", "2.0", "counts", "tensor([2, 2, 2])"),
        ("counts[1]", "2 ** 62", "counts[1].item()", str(2**62)),
        ("small", "255", "small.tolist()", "[255, 255]"),
        ("flags", "True", "flags", "tensor([True, True])"),
        ("waves[0]", "1 + 2j", "waves[0].item()", "(1+2j)"),
        ("half", "float('inf')", "half.tolist()", "[inf, inf]"),
        ("X", "X.T + X", "X.diagonal().tolist()", "[2.0, 2.0, 2.0]"),
        ("optimizer.param_groups[0]['lr']", "3", "[g['lr'] for g in optimizer.param_groups]", "[3, 0.5]"),
        ("config['lr']", "2", "config['lr']", "2"),
        ("config['deep']['a'][1]", "'new'", "config", "{'lr': 1, 'deep': {'a': [1, 'new']}}"),
        ("config['deep']['a'][0:2]", "[]", "config['deep']", "{'a': []}"),
        ("settings.rate", "4", "settings.rate, Settings.rate", "(4, 3)"),
        ("config", "None", "config is None", "True"),
    ],
)
def test_everything_assignable_can_be_set(name: str, typed: str, look: str, is_now: str, model: Controller) -> None:
    model.set_value(name, typed)
    assert value(model, look) == is_now


@pytest.mark.parametrize(
    ("name", "typed", "reason"),
    [
        ("counts", "1.5", "counts is int64, which cannot hold that value."),
        ("counts", "float('nan')", "counts is int64, which cannot hold that value."),
        ("small", "256", "small is uint8, which cannot hold that value."),
        ("small", "-1", "small is uint8, which cannot hold that value."),
        ("half", "1e6", "half is float16, which cannot hold that value."),
        ("counts", "2 ** 70", "counts holds numbers. Its numbers cannot be read: "),
        ("X", "[[1, 2], [3]]", "X holds numbers. Its numbers cannot be read: "),
        ("model.0.weight", "[1, 2]", "model.0.weight has the shape (2, 3), the value (2,)."),
        ("model.5.weight", "1", "model.5.weight: AttributeError: 'Sequential' object has no attribute '5'"),
        ("model.traning", "False", "model.traning: AttributeError: "),
        ("config['none']", "1", "config['none']: KeyError: 'none'"),
        ("settings.fixed", "1", "settings.fixed: AttributeError: "),
        ("lr", "'a'", "lr is 0.1, a float: 'a' is none."),
        ("lr", "float('nan')", "lr is 0.1, a float: nan is none."),
        ("params", "[]", "Nothing is called params."),
    ],
)
def test_what_cannot_be_set_in_a_model_is_refused(name: str, typed: str, reason: str, model: Controller) -> None:
    assert refusal(model, name, typed).startswith(reason)


def test_an_optimizer_s_setting_is_set_in_all_its_groups(model: Controller) -> None:
    assert edited(model, "lr", "0.25") == "optimizer: lr 0.1, 0.5 -> 0.25"
    assert value(model, "[g['lr'] for g in optimizer.param_groups]") == "[0.25, 0.25]"
    assert edited(model, "momentum", "0") == "optimizer: momentum 0.9 -> 0"
    assert edited(model, "nesterov", "True") == "optimizer: nesterov False -> True"


def test_a_variable_of_the_same_name_is_set_too_and_that_is_said(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        lr = 0.01
        a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
        first = torch.optim.Adam([a], lr=lr)
        second = torch.optim.SGD([b], lr=torch.tensor(0.5))
        for x in [1.0, 2.0]:
            loss = x * a * b
            loss.backward()
            first.step()
            second.step()
            first.zero_grad()
            second.zero_grad()
        """
    )
    said = edited(controller, "lr", "0.1")
    assert said == "lr 0.01 -> 0.1; first: lr 0.01 -> 0.1; second: lr 0.5 -> 0.1"
    assert value(controller, "(lr, first.param_groups[0]['lr'])") == "(0.1, 0.1)"
    assert edited(controller, "betas", "(0.5, 0.6)").startswith("first: betas ")


def test_variables_of_functions_and_of_their_callers(in_function: Controller) -> None:
    in_function.next()
    assert edited(in_function, "seen", "5") == "seen 0 -> 5"
    assert edited(in_function, "RATE", "1.0") == "RATE 0.01 -> 1"
    assert edited(in_function, "steps", "4") == "steps 3 -> 4"
    assert edited(in_function, "weights[1]", "3") == "weights[1] 1 -> 3"
    assert edited(in_function, "w[0]", "2") == "w[0] 1 -> 2"
    in_function.next()
    in_function.next()
    assert value(in_function, "seen, weights.tolist()") == "(5, [1.0, 2.0])"
    assert refusal(in_function, "data_", "1") == "Nothing is called data_."


def test_rows_of_the_data_stay_when_a_variable_is_set(model: Controller) -> None:
    assert refusal(model, "row", "5") == "The loop binds row anew when the next phase runs."
    model.next()
    assert edited(model, "row", "5") == "row [1, 0, 0] -> [5, 5, 5]"
    assert value(model, "X.tolist()[0]") == "[1.0, 0.0, 0.0]"
    assert value(model, "row") == "tensor([5., 5., 5.])"


def test_leaves_without_a_name_of_their_own_are_set_by_the_screen_s_name(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        def make():
            hidden = torch.ones(2, requires_grad=True)
            return lambda x: (hidden * x).sum()
        f = make()
        for x in [1.0, 2.0]:
            loss = f(x)
            loss.backward()
        """
    )
    controller.next()
    assert edited(controller, "leaf 0", "3") == "leaf 0 [1, 1] -> [3, 3]"
    assert edited(controller, "leaf 0[1]", "4") == "leaf 0[1] 3 -> 4"
    assert edited(controller, "leaf 0.grad", "4") == "leaf 0.grad None -> [4, 4]"
    controller.do(Phase.FORWARD)
    assert value(controller, "loss.item()") == "7.0"
