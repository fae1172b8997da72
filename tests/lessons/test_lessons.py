"""The lessons print the same plainly and stepped, learn what they say, and equal loops written by hand here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import bptui
from bptui.engine.controller import Controller
from bptui.protocol.phase import Goal, Phase

FOLDER = Path(bptui.__file__).parent / "lessons"
LESSONS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def opened(lesson: str) -> Controller:
    controller = Controller(str(FOLDER / f"{lesson}.py"))
    controller.start()
    return controller


def finished(lesson: str) -> dict[str, Any]:
    """The lesson's variables after it ran to its end, stepped."""
    controller = opened(lesson)
    controller.run(Goal.END)
    return controller._execution.machine.module


def phases(lesson: str, steps: int) -> str:
    """The first letters of its first phases, in the script's order."""
    controller = opened(lesson)
    return "".join(str(controller.next().phase)[0] for _ in range(steps))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_prints_the_same_plainly_and_stepped_to_its_end(lesson: str) -> None:
    controller = opened(lesson)
    printed = controller.snapshot.printed
    while controller.snapshot.next is not None:
        printed += controller.next().printed
    path = str(FOLDER / f"{lesson}.py")
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert (printed, plain.stderr) == (plain.stdout, "")


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_first_line_of_a_lesson_is_a_title_that_fits_the_list(lesson: str) -> None:
    title = (FOLDER / f"{lesson}.py").read_text().partition("\n")[0].strip('"')
    assert title.endswith(".")
    assert len(title) <= 110


@pytest.mark.parametrize(
    ("lesson", "order"),
    [
        ("linear", "fbuz" * 3),
        ("quadratic", "fbuz" * 3),
        ("logistic", "fzbu" * 3),
        ("xor", "zfbu" * 3),
        ("tensors", "fb" + "fbz" + "fb" * 3),
    ],
)
def test_a_lesson_is_stepped_in_the_order_of_its_lines(lesson: str, order: str) -> None:
    assert phases(lesson, len(order)) == order


def test_the_quadratic_equals_a_loop_by_hand_bit_for_bit_and_learns() -> None:
    samples = ((1.0, 6.0), (2.0, 11.0), (3.0, 18.0))
    w1, w2, b = (torch.zeros(1, requires_grad=True) for _ in range(3))
    for x, y in samples * 100:
        gradients = torch.autograd.grad((w1 * x**2 + w2 * x + b - y) ** 2, (w1, w2, b))
        w1, w2, b = (
            (each - 0.01 * gradient).detach().requires_grad_()
            for each, gradient in zip((w1, w2, b), gradients, strict=True)
        )
    names = finished("quadratic")
    assert [names[name].item() for name in ("w1", "w2", "b")] == [w1.item(), w2.item(), b.item()]
    assert names["l"].item() < 1e-4


def test_xor_equals_a_loop_by_hand_bit_for_bit_and_learns() -> None:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    torch.manual_seed(0)
    hidden, output = torch.nn.Linear(2, 4), torch.nn.Linear(4, 1)
    params = [*hidden.parameters(), *output.parameters()]
    optimizer = torch.optim.Adam(params, lr=0.05)
    for _ in range(200):
        logits = torch.nn.functional.linear(torch.tanh(hidden(x)), output.weight, output.bias)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y)
        for param, gradient in zip(params, torch.autograd.grad(loss, params), strict=True):
            param.grad = gradient
        optimizer.step()
    names = finished("xor")
    assert [each.tolist() for each in names["model"].parameters()] == [each.tolist() for each in params]
    assert names["loss"].item() < 0.01
    assert (torch.sigmoid(names["logits"]) > 0.5).flatten().tolist() == [False, True, True, False]


def test_logistic_learns_who_passes() -> None:
    names = finished("logistic")
    assert names["loss"].item() < 0.2
    predictions = [names["model"](torch.tensor([[hours]])).item() > 0.5 for hours in (1.0, 2.0, 3.0, 4.0)]
    assert predictions == [False, False, True, True]


def test_the_scalar_of_tensors_goes_from_none_to_a_gradient_to_a_sum_to_zero() -> None:
    controller = opened("tensors")
    gradients = [controller.snapshot.params[0].grad]
    for _ in range(5):
        controller.next()
        if controller.snapshot.phase is not Phase.FORWARD:
            gradients.append(controller.snapshot.params[0].grad)
    assert [each and each.number for each in gradients] == [None, 6.0, 12.0, 0.0]
