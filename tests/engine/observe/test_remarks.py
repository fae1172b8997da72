"""What a step did besides its phase is said, and only where it is so."""

from __future__ import annotations

import re

import pytest
import torch

from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Phase
from tests.engine.conftest import OpenScript

LOOP = """
import torch
w = torch.tensor([0.5], requires_grad=True)
params = [torch.ones(1, requires_grad=True)]
optimizer = torch.optim.SGD([w], lr=0.1)
for x, y in [(1.0, 3.0), (2.0, 6.0)]:
    loss = ((x * w - y) ** 2).sum() + params[0].sum()
    loss.backward()
    HERE
"""
CLIPPED = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = (model(torch.tensor([[3.0, 4.0]])) - 9).square().sum()
    loss.backward()
    HERE
    optimizer.step()
"""
SCALED = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
for step in range(4):
    optimizer.zero_grad()
    loss = (model(torch.ones(1, 2)) - 9).square().sum()
    if step == 1: loss = loss * float("inf")
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
"""
CLIP = "nn.utils.clip_grad_norm_(model.parameters(), 0.5)"
NOT_A_LEAF = "not the leaf that it was: a backward"


def sentences(source: str, open_script: OpenScript) -> list[str]:
    """What every step of a script says, one at a time."""
    controller = open_script(source)
    said = []
    while controller.snapshot.next is not None and controller.snapshot.failure is None:
        try:
            said.append(controller.next().explain)
        except StepRefused:  # as the first of these faults ends: there is no gradient
            break
    return said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("w = w - 0.1 * w.grad", f"w is a new tensor now (SubBackward0), {NOT_A_LEAF} brings it no .grad"),
        ("with torch.no_grad(): w = w - 0.1 * w.grad", "w is a new tensor now that requires no gradient, not the leaf"),
        ("w = w.to(torch.float64)", f"w is a new tensor now (ToCopyBackward0), {NOT_A_LEAF} brings it no .grad"),
        ("w = w.view(1, 1)", f"w is a new tensor now (ViewBackward0), {NOT_A_LEAF} brings it no .grad"),
        ("w = w.detach() - 0.1 * w.grad", "w is a new tensor now that requires no gradient, not the leaf that it was"),
        (
            "w = torch.tensor((w.data - 0.1 * w.grad).tolist(), requires_grad=True)",
            "w is a new leaf now, its .grad is None, and optimizer still updates the old one",
        ),
        ("w = (w - 0.1 * w.grad).detach().requires_grad_()", "w is a new leaf now, its .grad is None, and optimizer"),
        ("w = 5.0", "w is a float now and no tensor: a backward brings it no .grad"),
        (
            "params[0] = params[0] - 0.1 * params[0].grad",
            f"params[0] is a new tensor now (SubBackward0), {NOT_A_LEAF} brings it no .grad; write params[0].data = …",
        ),
        ("w.data = w.data - 0.1 * w.grad", ""),
        ("w.data -= 0.1 * w.grad", ""),
        ("optimizer.step()", ""),
    ],
)
def test_a_parameter_s_name_that_is_bound_anew_is_said_once(line: str, words: str, open_script: OpenScript) -> None:
    said = [each for each in sentences(LOOP.replace("HERE", line), open_script) if " now" in each]
    if not words:
        assert said == []
        return
    assert words in said[0]
    assert len(said) <= 2, "once a turn"


def test_clipping_says_by_how_much(open_script: OpenScript) -> None:
    for line in (
        "nn.utils.clip_grad_norm_(model.parameters(), 0.5)",
        "norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)",
    ):
        said = [each for each in sentences(CLIPPED.replace("HERE", line), open_script) if "clip_grad_norm_" in each]
        assert len(said) == 3
        torch.manual_seed(0)
        model = torch.nn.Linear(2, 1)
        (model(torch.tensor([[3.0, 4.0]])) - 9).square().sum().backward()
        norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5))
        match = re.search(r"clip_grad_norm_ scaled the gradients by (\S+): their norm (\S+) -> (\S+)$", said[0])
        assert match is not None
        assert [float(each) for each in match.groups()] == pytest.approx([0.5 / norm, norm, 0.5], rel=1e-3)


def test_clipping_beside_the_update_says_so_too(open_script: OpenScript) -> None:
    source = CLIPPED.replace("    HERE\n", "").replace(
        "    optimizer.step()", f"    if step >= 0:\n        {CLIP}\n        optimizer.step()"
    )
    said = [each for each in sentences(source, open_script) if "clip_grad_norm_ scaled the gradients by" in each]
    assert len(said) == 3
    assert all(each.endswith("-> 0.5") for each in said)


def test_values_that_are_clipped_change_the_gradients_and_scale_none(open_script: OpenScript) -> None:
    source = CLIPPED.replace("HERE", "nn.utils.clip_grad_value_(model.parameters(), 60.0)")
    first = next(each for each in sentences(source, open_script) if "clip_grad_value_" in each)
    assert "clip_grad_value_ changed the gradients: their norm 82.406 -> " in first


@pytest.mark.parametrize("line", ["nn.utils.clip_grad_norm_(model.parameters(), 1e6)", "pass"])
def test_where_nothing_was_clipped_nothing_is_said(line: str, open_script: OpenScript) -> None:
    assert not any("their norm" in each for each in sentences(CLIPPED.replace("HERE", line), open_script))


def test_of_several_backwards_no_norm_is_told(open_script: OpenScript) -> None:
    source = CLIPPED.replace("    optimizer.zero_grad()\n", "").replace(
        "HERE", "nn.utils.clip_grad_norm_(model.parameters(), 0.5)"
    )
    said = [each for each in sentences(source, open_script) if "their norm" in each]
    assert len(said) == 1, "that of the first"


def test_a_step_that_a_scaler_skips_is_said(open_script: OpenScript) -> None:
    controller = open_script(SCALED)
    said = []
    while controller.snapshot.next is not None:
        stop = controller.next()
        if "skipped the step" in stop.explain:
            assert stop.phase is Phase.UPDATE
            said.append((stop.sample, stop.explain))
    words = "scaler found inf or nan in the gradients and skipped the step; its scale 1024 -> 512"
    assert said == [(1, f"update: nothing moved; {words}")]
