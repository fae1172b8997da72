"""A condition, a watch, a logpoint, an edit and evaluated Python mean the same by the same words."""

from __future__ import annotations

import pytest
import torch

from bptui.commands.breakpoints import BadBreakpoint, parse
from bptui.engine.breakpoints.logpoints import shown
from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.engine.expressions.helpers import truth_of
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.naming import as_python
from bptui.protocol.phase import Phase, StopReason
from tests.engine.conftest import OpenScript

MODULE = """
import torch
from torch import nn
torch.manual_seed(0)
class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.paths = nn.ModuleDict({"3x3": nn.Linear(2, 2), "if": nn.Linear(2, 2), "conv-1": nn.Linear(2, 2)})
        self.add_module("0", nn.Linear(2, 1))
    def forward(self, x):
        return getattr(self, "0")(sum(each(x) for each in self.paths.values()))
model = nn.Sequential(Branches(), nn.Linear(1, 1))
def hidden():
    scale = torch.ones(2, requires_grad=True)
    return lambda x: x * scale
scaled = hidden()
def norm(value):
    return -1.0
probe = None
for epoch in range(2):
    for x in [torch.tensor([1.0, 2.0]), torch.tensor([3.0, -4.0])]:
        l = model(scaled(x)).square().sum()
        l.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.001 * p.grad
        model.zero_grad()
"""
FUNCTION = """
import torch
torch.manual_seed(0)
probe = None
def loss(a, b):
    return ((a - b) ** 2).sum()
def train(w, rate):
    global probe
    for epoch in range(2):
        for x in [torch.tensor([1.0, 2.0]), torch.tensor([3.0, -4.0])]:
            l = loss(w * x, x * 3)
            l.backward()
            w.data -= rate * w.grad
            w.grad = None
def main():
    seen = [1, 2, 3]
    train(torch.ones(2, requires_grad=True), 0.01)
main()
"""
OF_BOTH = [
    "loss", "loss > 3", "loss.item() * 2", "loss < 0 or loss > 1", "not loss", "epoch", "sample", "epoch + sample == 1",
    "x", "x > 0 and loss", "not x", "isnan(x)", "not isnan(x)", "isfinite(x) and isinf(x)", "isnan(l)", "isnan(None)",
    "1 if x else 2", "[each for each in x if each > 2]", "any(loss > 3 for loss in [1, 5])", "max(x.tolist())",
    "x.sum() > 0 and isfinite(x)", "(lambda loss: loss + 1)(1)", "probe is None and 'nothing'", "f'{epoch}.0'",
    "'model.0.weight' + '!'", "x[0] or x[1]", "isinf",
]  # fmt: skip
OF_MODULE = [
    "model.1.weight", "model.1.weight.grad", "model.0.paths.3x3.weight[0, 1]", "model.0.paths.if.bias",
    "model.0.0.weight.grad.sum()", "model.0.paths.conv-1.bias", "leaf 0", "leaf 0.grad", "leaf 0[1] + leaf 0.grad[0]",
    "norm(model.1.weight)", "not isfinite(leaf 0.grad)", "model.0 is model[0]", "model.1.weight if leaf 0.grad else 0",
]  # fmt: skip
OF_FUNCTION = ["norm(w.grad)", "norm(w.grad) > 1", "loss(w, x)", "seen", "rate", "w.grad is not None and norm(w)"]
CASES = [
    *(pytest.param(source, text, id=f"{where}: {text}") for where, source, texts in (
        ("module", MODULE, OF_BOTH + OF_MODULE), ("function", FUNCTION, OF_BOTH + OF_FUNCTION),
    ) for text in texts)
]  # fmt: skip


def before_the_second_update(controller: Controller) -> Controller:
    controller.set_breakpoints([Breakpoint(1, phase=Phase.UPDATE, epoch=0, sample=1)])
    assert controller.run().stop_reason is StopReason.BREAKPOINT
    controller.set_breakpoints([])
    return controller


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Controller]:
    found = {}
    for source in (MODULE, FUNCTION):
        path = tmp_path_factory.mktemp("scripts") / "script.py"
        path.write_text(source)
        controller = Controller(str(path))
        controller.start()
        found[source] = before_the_second_update(controller)
    return found


@pytest.mark.parametrize(("source", "text"), CASES)
def test_every_place_gives_the_same_value(source: str, text: str, standing: dict[str, Controller]) -> None:
    controller = standing[source]
    evaluation, stepped = controller.evaluate(text)
    assert not evaluation.failed, evaluation.text
    assert stepped is None
    (watched,) = controller.set_watches([text]).watches
    assert not watched.failed
    assert watched.text == (evaluation.text or "None")
    controller.set_value("probe", text)
    value = controller._execution.machine.module["probe"]
    assert (repr(value) if value is not None else "") == evaluation.text
    controller.back()
    states = controller.set_breakpoints(
        [
            Breakpoint(1, phase=Phase.UPDATE, epoch=0, sample=1, log=f"{{({text})}}"),
            Breakpoint(2, phase=Phase.UPDATE, epoch=0, sample=1, condition=text),
            Breakpoint(3, data=text),
        ]
    )
    assert all(state.verified for state in states), states
    controller.back()  # the logpoint and the condition are met on the way back to where this stop is
    controller.run(steps=1)
    is_true = truth_of(value)
    if "isfinite(x)" in text and text.endswith("isfinite(x)"):
        is_true = bool(value.all())
    assert [state.met for state in controller.breakpoint_states()][1] == int(is_true)
    line = controller.logged()
    assert line == f"{' '.join(shown(value).splitlines())}\n"
    controller.set_breakpoints([])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 +", "'1 +' is not Python: invalid syntax."),
        ("(", "'(' is not Python: '(' was never closed."),
        ("w = 3", "'w = 3' is a statement: an expression is needed, such as w > 2."),
        ("import os", "'import os' is a statement: an expression is needed, such as w > 2."),
        ("nothing + 1", "The script has no nothing."),
        ("x.add_(1)", "'x.add_(1)' may only look: .add_() changes the program."),
        ("(n := 3) > 2", "'(n := 3) > 2' may only look: := changes the program."),
        ("l.backward()", "'l.backward()' may only look: .backward() changes the program."),
    ],
)
def test_every_place_refuses_in_the_same_words(text: str, sentence: str, standing: dict[str, Controller]) -> None:
    controller = standing[FUNCTION]
    (watched,) = controller.set_watches([text]).watches
    assert (watched.text, watched.failed) == (sentence, True)
    for point in (
        Breakpoint(1, condition=text), Breakpoint(1, phase=Phase.UPDATE, condition=text), Breakpoint(1, data=text),
        Breakpoint(1, phase=Phase.UPDATE, log=f"{{{text}}}"),
    ):  # fmt: skip
        if point.log and text == "(":
            continue
        (state,) = controller.set_breakpoints([point])
        assert (state.message, state.verified) == (sentence, False)
    controller.set_breakpoints([])
    if "nothing" not in text:  # which names there are is known where the script is
        for written in (f"update if {text}", f"change {text}"):
            with pytest.raises(BadBreakpoint) as refused:
                parse(written, 1)
            assert refused.value.args[0] == sentence
    if "may only look" not in sentence:  # an edit is a step, and its value may do more than look
        with pytest.raises(StepRefused) as refusal:
            controller.set_value("probe", text)
        assert refusal.value.message == sentence


def test_what_is_not_there_yet_is_said_alike(open_script: OpenScript) -> None:
    controller = open_script(FUNCTION)
    for text, words in (("l", "NameError: name 'l' is not defined"), ("loss > 1", "NameError: there is no loss yet")):
        assert controller.set_watches([text]).watches[0].text == words
        assert controller.evaluate(text)[0].text == words
        controller.set_breakpoints([Breakpoint(1, phase=Phase.FORWARD, sample=1, log=f"{{{text}}}")])
        with pytest.raises(StepRefused) as refusal:
            controller.set_value("probe", text)
        assert refusal.value.message == f"{text}: {words}"


def test_the_script_s_own_names_come_first(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        from math import isnan
        loss, epoch, norm = 7.0, "mine", 3
        w = torch.ones(1, requires_grad=True)
        for sample in ["a", "b"]:
            l = (w * 2).sum()
            l.backward()
            w.grad = None
        """
    )
    controller.next()
    for text in ("loss, epoch, norm, sample", "isnan.__module__"):
        assert controller.set_watches([text]).watches[0].text == controller.evaluate(text)[0].text
    assert controller.evaluate("loss, epoch, norm, sample")[0].text == "(7.0, 'mine', 3, 'a')"
    assert controller.evaluate("isnan.__module__")[0].text == "'math'"
    controller.set_breakpoints([Breakpoint(1, phase=Phase.FORWARD, condition="loss == 7 and sample == 'b'")])
    assert controller.run().stop_reason is StopReason.BREAKPOINT


def test_what_is_typed_in_a_function_is_seen_by_all(open_script: OpenScript) -> None:
    controller = open_script(FUNCTION)
    controller.next()
    controller.evaluate("limit = 2.5")
    assert controller.set_watches(["limit"]).watches[0].text == "2.5"
    controller.set_breakpoints([Breakpoint(1, phase=Phase.UPDATE, condition="limit > 2", log="{limit}")])
    controller.run(steps=1)
    assert controller.logged() == "2.5\n"


def test_conditions_that_call_draw_nothing_and_print_nothing(open_script: OpenScript) -> None:
    source = """
    import torch
    torch.manual_seed(1)
    w = torch.ones(1, requires_grad=True)
    def noisy():
        print("noise")
        return torch.rand(()).item()
    for step in range(3):
        l = (w * torch.rand(1)).sum()
        l.backward()
        w.grad = None
    """
    plain, other = open_script(source), open_script(source)
    other.set_breakpoints([Breakpoint(1, condition="noisy() > 2"), Breakpoint(2, data="noisy() > 2")])
    torch.manual_seed(1)
    ended = plain.run()
    torch.manual_seed(1)
    watched = other.run()
    assert watched.stop_reason is StopReason.END
    assert watched.printed == ended.printed == ""
    assert watched.loss is not None
    assert ended.loss is not None
    assert watched.loss.value == ended.loss.value


@pytest.mark.parametrize(
    "text",
    ["d['a.0.b']", "x[1.5]", "f(x)[0].real", "'it is model.0.weight'", "a.b.c[0].d", "1.5e3.real", "x if y else z"],
)
def test_python_is_read_as_python(text: str) -> None:
    assert as_python(text) == text
