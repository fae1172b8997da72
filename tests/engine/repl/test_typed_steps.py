"""What is typed and changes the program is a step like any other: it is on the timeline, and can be undone."""

from __future__ import annotations

import pytest

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Goal
from bptui.protocol.tape import Move
from tests.engine.checkpoint.test_refused_steps import everything
from tests.engine.conftest import OpenScript
from tests.engine.repl.test_evaluate import IN_FUNCTION, LOOP, SETUP


@pytest.fixture(params=[SETUP + LOOP, IN_FUNCTION], ids=["in the module", "in a function"])
def controller(request: pytest.FixtureRequest, open_script: OpenScript) -> Controller:
    return open_script(request.param)


def seen(controller: Controller) -> str:
    names = controller._execution.machine.frames[-1].names
    local = {name: str(value) for name, value in names.items() if not name.startswith("__")}
    return f"{everything(controller)}\n{local}\n{names['w'].grad}"


def test_what_only_looks_is_no_step(controller: Controller) -> None:
    evaluation, snapshot = controller.evaluate("w * 2")
    assert (evaluation.changed, snapshot) == (False, None)
    assert len(controller.rows()) == 1


@pytest.mark.parametrize(
    "text", ["w.data.add_(1)", "losses.append(torch.rand(1).item())", "data['a'].pop()", "w.grad = torch.ones(1)"]
)
def test_what_changes_the_program_is_on_the_timeline_and_undone_by_going_back(
    text: str, controller: Controller
) -> None:
    controller.next()
    controller.next()
    before = seen(controller)
    _, snapshot = controller.evaluate(text)
    assert snapshot is not None
    assert (snapshot.index, snapshot.phase, snapshot.edit) == (3, None, text)
    assert controller.rows()[3].edit == text
    after = seen(controller)
    assert after != before
    for _ in range(5):
        controller.next()
    end = seen(controller)
    assert controller.goto(2).edit == ""
    assert seen(controller) == before
    assert controller.goto(3).edit == text
    assert seen(controller) == after
    controller.goto(8)
    assert seen(controller) == end
    assert len(controller.branches) == 1


def test_an_edit_is_undone_and_made_again(controller: Controller) -> None:
    controller.next()
    before = seen(controller)
    snapshot = controller.set_value("w", "torch.rand(1)")
    assert snapshot.explain.startswith("w 1 -> 0.")
    assert controller.rows()[2].edit == "set w = torch.rand(1)"
    assert controller.rows()[2].param("w")[0] == snapshot.params[0].value.number
    after = seen(controller)
    controller.back()
    assert seen(controller) == before
    controller.goto(2)
    assert seen(controller) == after
    assert controller.snapshot.edit == "set w = torch.rand(1)"


def test_a_refused_edit_is_no_step_and_draws_no_random_numbers(controller: Controller) -> None:
    before = seen(controller)
    with pytest.raises(StepRefused):
        controller.set_value("w", "torch.rand(3)")
    assert seen(controller) == before
    assert len(controller.rows()) == 1


def test_going_another_way_from_the_past_is_a_branch(controller: Controller) -> None:
    for _ in range(4):
        controller.next()
    controller.goto(1)
    controller.set_value("w", "5")
    assert [(each.number, each.parent, each.at) for each in controller.branches] == [(0, None, -1), (1, 0, 1)]
    controller.goto(4, 0)
    assert controller.evaluate("w.item()")[0].text != "5.0"


def test_a_new_gradient_is_seen_by_the_ledger(controller: Controller) -> None:
    controller.next()
    assert controller.next().ledger
    assert controller.set_value("w.grad", "None").ledger == ()


def test_another_leaf_under_the_name_is_the_parameter_now(controller: Controller) -> None:
    _, snapshot = controller.evaluate("w = torch.tensor([7.0], requires_grad=True)")
    assert snapshot is not None
    assert [(each.name, each.value.number) for each in snapshot.params] == [("w", 7.0)]


def test_watches_are_in_every_snapshot(controller: Controller) -> None:
    assert controller.snapshot.watches == ()
    snapshot = controller.set_watches(["w.item()", "foo"])
    assert [(each.expression, each.text, each.failed) for each in snapshot.watches] == [
        ("w.item()", "1.0", False),
        ("foo", "The script has no foo.", True),
    ]
    for _ in range(4):
        snapshot = controller.next()
    assert snapshot.watches[0].text == str(snapshot.params[0].value.number) != "1.0"
    assert controller.goto(0).watches[0].text == "1.0"
    assert controller.run(Goal.END).watches[0].text
    assert controller.restart().watches[0].text == "1.0"


def test_inside_a_phase_nothing_is_typed(controller: Controller) -> None:
    controller.next()
    controller.step(Move.IN)
    for typed in (lambda: controller.evaluate("w"), lambda: controller.set_value("w", "1")):
        with pytest.raises(StepRefused, match="inside backward"):
            typed()


def test_after_the_end_the_names_are_still_there(controller: Controller) -> None:
    controller.run(Goal.END)
    assert controller.evaluate("w.shape")[0].text == "torch.Size([1])"
    assert controller.set_value("w", "3").explain.endswith(" -> 3")
