"""Watched expressions are evaluated at each stop, and leave the program as it is."""

from __future__ import annotations

import pytest
import torch

from bptui.engine.controller import Controller
from bptui.protocol.phase import Goal
from tests.engine.checkpoint.test_refused_steps import everything
from tests.engine.conftest import OpenScript
from tests.engine.repl.test_evaluate import IN_FUNCTION, LOOP, SETUP, evaluated, gone_back


@pytest.fixture(params=[SETUP + LOOP, IN_FUNCTION], ids=["in the module", "in a function"])
def controller(request: pytest.FixtureRequest, open_script: OpenScript) -> Controller:
    return gone_back(open_script(request.param))


def looked(controller: Controller, *expressions: str) -> list[tuple[str, bool]]:
    watches = controller.set_watches(expressions).watches
    assert tuple(each.expression for each in watches) == expressions
    return [(each.text, each.failed) for each in watches]


def test_a_watch_has_the_value_that_a_prompt_shows(controller: Controller) -> None:
    assert looked(controller, "w.grad", "(forward(x) - y) ** 2", "[x * each for each in losses]", "None", "epoch") == [
        ("tensor([-2.])", False),
        ("tensor([1.], grad_fn=<PowBackward0>)", False),
        ("[]" if not evaluated(controller, "losses").text.strip("[]") else "[1.0]", False),
        ("None", False),
        ("0", False),
    ]


def test_an_error_is_the_watch_s_value_and_breaks_nothing(controller: Controller) -> None:
    assert looked(controller, "foo", "1 / 0", "w", "fails()", "1 +", "a = 3", "exit()", "", "x y") == [
        ("The script has no foo.", True),
        ("ZeroDivisionError: division by zero", True),
        ("tensor([1.], requires_grad=True)", False),
        ("Broken: no", True),
        ("'1 +' is not Python: invalid syntax.", True),
        ("'a = 3' is a statement: an expression is needed, such as w > 2.", True),
        ("The program is not ended from here: SystemExit was left out.", True),
        ("There is no expression.", True),
        ("'x y' is not Python: invalid syntax.", True),
    ]
    assert controller.next().phase is not None


def test_watches_follow_the_program(controller: Controller) -> None:
    controller.set_watches(["w.item()", "x", "len(losses)"])
    seen = []
    for _ in range(5):
        seen.append([each.text for each in controller.snapshot.watches])
        controller.next()
    assert seen[0][1] == "1.0"
    assert seen[-1][1] == "2.0"
    assert seen[0] != seen[1] != seen[2]
    controller.run(Goal.END)
    assert controller.snapshot.watches[0].text == evaluated(controller, "w.item()").text


@pytest.mark.parametrize(
    "expression",
    [
        "torch.rand(3)",
        "__import__('random').random() + __import__('numpy').random.rand()",
        "print('seen') or w",
        "torch.autograd.grad(forward(x), w, retain_graph=True)",
        "torch.set_grad_enabled(False)",
        "w.add_(1)",
        "w.data.add_(1)",
        "losses.append(1)",
        "l.backward()",
        "torch.autograd.grad(l, w)",
        "(x := 5)",
        "next(iter(losses))",
        "setattr(point, 'x', 4)",
        "torch.manual_seed(3)",
        "[i for i in range(10)]",
        "__import__('sys').stderr.write('warned')",
    ],
)
def test_a_watch_leaves_the_program_as_it_is(expression: str, controller: Controller) -> None:
    before, mark = everything(controller), controller._output.mark()
    frame = str(dict(controller._execution.machine.frames[-1].names))
    looked(controller, expression)
    assert everything(controller) == before
    assert str(dict(controller._execution.machine.frames[-1].names)) == frame
    assert controller._output.mark() == mark
    assert torch.is_grad_enabled()


def test_what_is_written_like_a_change_says_so(controller: Controller) -> None:
    assert looked(controller, "w.data.add_(1)", "(x := 5)", "torch.autograd.grad(l, w)") == [
        ("'w.data.add_(1)' may only look: .add_() changes the program.", True),
        ("'(x := 5)' may only look: := changes the program.", True),
        ("'torch.autograd.grad(l, w)' may only look: grad() without retain_graph=True changes the program.", True),
    ]


def test_long_values_are_cut(controller: Controller) -> None:
    texts = [
        text for text, _ in looked(controller, "[0] * 10 ** 7", "'a' * 10 ** 7", "torch.rand(1000, 1000)", "dir(torch)")
    ]
    assert all(len(text) < 2_050 for text in texts)
    assert texts[0].endswith("0, 0… and more")


def test_restarting_keeps_the_watches(controller: Controller) -> None:
    controller.set_watches(["w.item()"])
    controller.restart()
    assert [each.text for each in controller.snapshot.watches] == ["1.0"]
