"""Faults as people make them, and sound scripts that look like them: which ready-made checks are met by each."""

from __future__ import annotations

import pytest

from bptui.protocol.alarms import ALARMS
from bptui.protocol.breakpoint import Breakpoint
from tests.engine.conftest import OpenScript

NET = """\
import torch
from torch import nn
torch.manual_seed(0)
x, y = torch.randn(32, 4), torch.randn(32, 1)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(12):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
BY_HAND = """\
import torch
w = torch.tensor([1.0], requires_grad=True)
for epoch in range(8):
    for x, y in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]:
        l = (x * w - y) ** 2
        l.backward()
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
"""
GAN = """\
import torch
from torch import nn
torch.manual_seed(0)
D, G = nn.Linear(2, 1), nn.Linear(2, 2)
opt_d, opt_g = torch.optim.SGD(D.parameters(), lr=0.01), torch.optim.SGD(G.parameters(), lr=0.01)
for step in range(8):
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
RNN = """\
import torch
from torch import nn
torch.manual_seed(0)
cell, head = nn.RNNCell(2, 4), nn.Linear(4, 1)
optimizer = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.0)
h = torch.zeros(1, 4)
for step in range(10):
    h = cell(torch.randn(1, 2), h.detach())
    loss = head(h).square().sum()
    optimizer.zero_grad()
    loss.backward()
    torch.optim.SGD(head.parameters(), lr=1e-4)
"""
TWO_FREQUENCIES = """\
import torch
from torch import nn
torch.manual_seed(0)
table, head = nn.Embedding(6, 3), nn.Linear(3, 1)
often, rarely = torch.optim.SGD(head.parameters(), lr=0.01), torch.optim.SGD(table.parameters(), lr=0.01)
for step in range(12):
    loss = (head(table(torch.tensor([step % 6]))) - 1).square().sum()
    loss.backward()
    often.step()
    often.zero_grad()
    if step % 4 == 3:
        rarely.step()
        rarely.zero_grad()
"""
MAML = """\
import torch
torch.manual_seed(0)
w = torch.tensor([0.5], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.01)
for task in range(6):
    fast = w
    for inner in range(5):
        inner_loss = ((fast * 2 - task) ** 2).sum()
        (gradient,) = torch.autograd.grad(inner_loss, fast, create_graph=True)
        fast = fast - 0.01 * gradient
    loss = ((fast * 3 - task) ** 2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
DEEP_LINEAR = """\
import torch
torch.manual_seed(0)
a, b = (torch.tensor([[0.003]], requires_grad=True) for _ in range(2))
optimizer = torch.optim.SGD([a, b], lr=0.2)
for step in range(60):
    loss = ((a @ b - 1) ** 2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
LENGTHS = """\
import torch
torch.manual_seed(0)
w = torch.tensor([0.9], requires_grad=True)
for length in range(1, 15):
    h = torch.ones(1)
    for _ in range(length):
        h = torch.tanh(w * h)
    loss = (h - 0.5).square().sum()
    loss.backward()
    w.data -= 0.01 * w.grad
    w.grad = None
"""
SCALED = """\
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
for step in range(8):
    optimizer.zero_grad()
    loss = (model(torch.randn(4, 2)) - 1).square().mean()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
"""


def changed(source: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source


ZEROED = "    optimizer.zero_grad()\n"
STEPPED = "    optimizer.step()"
SAMPLES = "[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]"
FAULTS: dict[str, tuple[str, set[str]]] = {
    "zero_grad after backward": (
        changed(NET, (ZEROED, ""), (STEPPED, f"{ZEROED}{STEPPED}")), {"wiped"}),
    "zero_grad after backward, to zero": (
        changed(NET, (ZEROED, ""), (STEPPED, f"    optimizer.zero_grad(set_to_none=False)\n{STEPPED}")),
        {"wiped", "unchanged"}),
    "gradients set to None by hand before the update": (
        changed(NET, (STEPPED, f"    for p in model.parameters(): p.grad = None\n{STEPPED}")), {"wiped"}),
    "zeroed before the update by hand": (
        changed(BY_HAND, ("        w.grad.data.zero_()\n", ""),
            ("        w.data =", "        w.grad.zero_()\n        w.data =")),
        {"wiped", "unchanged"}),
    "zeroed before the update by hand, past autograd": (
        changed(BY_HAND, ("        w.grad.data.zero_()\n", ""),
            ("        w.data =", "        w.grad.data.zero_()\n        w.data =")), {"wiped", "unchanged"}),
    "zero_grad and momentum": (
        changed(NET, (ZEROED, ""), (STEPPED, f"{ZEROED}{STEPPED}"), ("lr=0.05", "lr=0.05, momentum=0.9")), {"wiped"}),
    "no zero_grad": (changed(NET, (ZEROED, "")), {"forgotten"}),
    "no zeroing by hand": (changed(BY_HAND, ("        w.grad.data.zero_()\n", "")), {"forgotten"}),
    "a discriminator that is never zeroed": (changed(GAN, ("    opt_d.zero_grad()\n", "")), {"forgotten"}),
    "a discriminator zeroed before the generator's backward": (
        changed(GAN, ("    opt_d.zero_grad()\n", ""),
            ("    opt_d.step()\n", "    opt_d.step()\n    opt_d.zero_grad()\n")),
        {"forgotten"}),
    "a generator that is never zeroed": (changed(GAN, ("    opt_g.zero_grad()\n", "")), {"forgotten"}),
    "a learning rate that makes 1.8 times as much of the error each step": (
        changed(BY_HAND, (SAMPLES, "[(1.0, 2.0)]"), ("range(8)", "range(12)"), ("0.01", "1.4")),
        {"exploding"}),
    "a learning rate that makes 1.2 times as much of it": (
        changed(BY_HAND, (SAMPLES, "[(1.0, 2.0)]"), ("range(8)", "range(40)"), ("0.01", "1.1")),
        {"exploding"}),
    "a learning rate that some samples explode with": (
        changed(BY_HAND, ("0.01", "0.3"), ("range(8)", "range(20)")), {"exploding"}),
    "a learning rate that a net explodes with": (changed(NET, ("lr=0.05", "lr=4.0")), {"exploding"}),
    "one large loss": (
        changed(NET, (ZEROED, f"    if step == 11: loss = loss * 1000\n{ZEROED}")), {"exploding"}),
    "losses summed with their graphs": (
        changed(NET, ("for step", "total = 0.0\nfor step"), (STEPPED, f"{STEPPED}\n    total += loss")), {"growing"}),
    "losses in a list with their graphs": (
        changed(NET, ("for step", "losses = []\nfor step"), (STEPPED, f"{STEPPED}\n    losses.append(loss)")),
        {"growing"}),
    "a moving average with its graph": (
        changed(NET, ("for step", "mean = 0.0\nfor step"), (STEPPED, f"{STEPPED}\n    mean = 0.9 * mean + 0.1 * loss")),
        {"growing"}),
    "an average in an object of one's own": (
        changed(NET, ("for step", "class Meter:\n    total = 0.0\nmeter = Meter()\nfor step"),
            (STEPPED, f"{STEPPED}\n    meter.total += loss * len(x)")), {"growing"}),
    "a sum for each epoch": (
        changed(NET, ("for step in range(12):\n", "for epoch in range(2):\n  total = 0.0\n  for step in range(7):\n"),
            (STEPPED, f"{STEPPED}\n    total += loss")), {"growing"}),
    "a hidden state that is not detached": (
        changed(RNN, ("h.detach()", "h"), ("backward()", "backward(retain_graph=True)")), {"growing"}),
    "a logarithm of nothing": (changed(BY_HAND, ("** 2", "** 2 + 0 * torch.log(w - w)")), {"nan"}),
    "a division by nothing": (changed(BY_HAND, ("** 2", "** 2 + 1 / torch.zeros(1)")), {"inf"}),
    "a net that is dead": (changed(NET, ("model(x)", "model(x).clamp(max=-1e9)")), {"zeros"}),
    "a part that is detached": (
        changed(NET, ("model(x)", "model[2](model[1](model[0](x)).detach())")), {"none"}),
    "an optimizer of the wrong part": (changed(NET, ("SGD(model.p", "SGD(model[2].p")), {"unchanged"}),
    "a tiny loss": (changed(NET, ("model(x), y)", "model(x), y) * 1e-9")), {"vanishing"}),
}  # fmt: skip
"""A script, and the checks that are to be met."""
ALLOWED = {
    "a logarithm of nothing": {"inf", "unchanged"},  # nan stays nan
    "a division by nothing": {"nan"},
    "an optimizer of the wrong part": {"forgotten"},  # zero_grad of that optimizer leaves the others' gradients
    "a tiny loss": {"unchanged"},  # lost in rounding
}
"""What may be met besides, since it is so."""
NUMBERS = {"ratio", "zeros", "vanishing"}
"""Checks of how large something is: small scripts are large or small in passing."""

SOUND = {
    "a net": NET,
    "a net with momentum and weight decay": changed(NET, ("lr=0.05", "lr=0.05, momentum=0.9, weight_decay=0.1")),
    "a net with Adam": changed(NET, ("SGD", "Adam"), ("lr=0.05", "lr=0.01")),
    "by hand": BY_HAND,
    "samples in order of size": changed(
        BY_HAND, (SAMPLES, "[(float(i), 2.0 * i) for i in range(1, 16)]"), ("0.01", "0.001")),
    "a GAN": GAN,
    "a GAN with Adam, zeroed by its nets": changed(
        GAN, ("SGD", "Adam"), ("opt_d.zero_grad()", "D.zero_grad()"), ("opt_g.zero_grad()", "G.zero_grad()")),
    "a GAN zeroed all at once at the beginning": changed(
        GAN, ("    opt_g.zero_grad()\n", ""),
        ("    opt_d.zero_grad()\n", "    opt_d.zero_grad()\n    opt_g.zero_grad()\n")),
    "accumulation over four": changed(
        NET, (ZEROED, ""), (STEPPED, f"    if step % 4 == 3:\n    {STEPPED}\n        optimizer.zero_grad()")),
    "two optimizers that take turns": TWO_FREQUENCIES,
    "two optimizers after one backward": changed(
        NET, ("optimizer = ", "other = torch.optim.SGD(model[2].parameters(), lr=0.01)\noptimizer = "),
        ("SGD(model.p", "SGD(model[0].p"), (ZEROED, f"{ZEROED}    other.zero_grad()\n"),
        (STEPPED, f"{STEPPED}\n    other.step()")),
    "the last layer held back at first": changed(
        NET, (STEPPED, f"    if step < 4: model[2].weight.grad = model[2].bias.grad = None\n{STEPPED}")),
    "clipped gradients": changed(
        NET, (STEPPED, f"    nn.utils.clip_grad_norm_(model.parameters(), 0.1)\n{STEPPED}")),
    "a scaler": SCALED,
    "a hidden state that is detached": RNN,
    "sequences that grow longer": LENGTHS,
    "losses summed as numbers": changed(
        NET, ("for step", "total, losses = 0.0, []\nfor step"),
        (STEPPED, f"{STEPPED}\n    total += loss.item()\n    losses.append(loss.detach())")),
    "losses summed before the backward": changed(
        NET, ("    loss = nn.functional.mse_loss(model(x), y)\n",
            "    loss = 0.0\n    for part in range(8):\n"
            "        loss = loss + nn.functional.mse_loss(model(x), y * part)\n")),
    "the last loss kept": changed(NET, (STEPPED, f"{STEPPED}\n    last = loss")),
    "an inner loop of five steps": MAML,
    "leaving a plateau": DEEP_LINEAR,
    "an average of weights": changed(
        NET, ("for step", "mean = [p.detach().clone() for p in model.parameters()]\nfor step"),
        (STEPPED, f"{STEPPED}\n    for m, p in zip(mean, model.parameters()): m.lerp_(p.detach(), 0.1)")),
}  # fmt: skip


def met(source: str, open_script: OpenScript) -> dict[str, str]:
    """The checks that a script meets on its way to the end, each with what it says the first time."""
    controller = open_script(source)
    numbers = {number: alarm.name for number, alarm in enumerate(ALARMS, 1)}
    states = controller.set_breakpoints([Breakpoint(number, check=name) for number, name in numbers.items()])
    assert all(state.verified for state in states)
    found: dict[str, str] = {}
    while (stop := controller.run()).next is not None and stop.failure is None:
        for part in stop.met.split("; breakpoint "):
            name, _, words = part.partition(": ")[2].partition(": ")
            found.setdefault(name, words)
    assert controller.logged() == ""
    return found


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_is_found(name: str, open_script: OpenScript) -> None:
    source, checks = FAULTS[name]
    found = met(source, open_script)
    assert checks <= found.keys(), found
    assert found.keys() - checks - NUMBERS <= ALLOWED.get(name, set()), found


@pytest.mark.parametrize("name", list(SOUND))
def test_what_is_sound_is_let_through(name: str, open_script: OpenScript) -> None:
    assert met(SOUND[name], open_script).keys() - NUMBERS == set()
