"""What recording ops and nodes costs, against the bare loop, in turns: python tests/bench/recording.py

The bare loop's forward and backward run with and without the recorders that stepping in uses. No snapshot is made.
"""

from __future__ import annotations

import ast
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2])]

ROUNDS = 15

LECTURE = """
import torch
w = torch.tensor([1.0], requires_grad=True)
x, y = 2.0, 4.0
def forward(x):
    return x * w
def loss(x, y):
    y_pred = forward(x)
    return (y_pred - y) ** 2
def go_forward():
    return loss(x, y)
def update():
    w.data = w.data - 0.01 * w.grad.data
    w.grad.data.zero_()
"""

MLP = """
import torch
from torch.nn import Linear, ReLU, Sequential
torch.manual_seed(0)
model = Sequential(Linear(784, 1024), ReLU(), Linear(1024, 200), Linear(200, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(64, 784), torch.randint(10, (64,))
def go_forward():
    return torch.nn.functional.cross_entropy(model(x), y)
def update():
    optimizer.step()
    optimizer.zero_grad()
"""


def namespace(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "script.py", "exec"), names)
    return names


def bare(names: dict[str, Any], count: int) -> float:
    forward, update = names["go_forward"], names["update"]
    began = time.perf_counter()
    for _ in range(count):
        forward().backward()
        update()
    return time.perf_counter() - began


def recorded(names: dict[str, Any], sites: Any, count: int) -> float:
    from bptui.engine.tape.modules import Modules
    from bptui.engine.tape.nodes import NodeRecorder
    from bptui.engine.tape.ops import OpRecorder

    forward, update = names["go_forward"], names["update"]
    modules = Modules([names])
    ran: list[Any] = []
    began = time.perf_counter()
    for _ in range(count):
        ran.clear()
        with OpRecorder(sites, modules, lambda tensor, frame: "", ran.append):
            loss = forward()
        with NodeRecorder(ran.append):
            loss.backward()
        update()
    return time.perf_counter() - began


def main() -> None:
    from bptui.engine.tape.call_sites import Sites

    for name, source, count, target in (("lecture's loop", LECTURE, 300, 3.0), ("MLP of 1M parameters", MLP, 10, 1.25)):
        names = namespace(source)
        sites = Sites("script.py", source, ast.parse(source))
        pair: tuple[Callable[[], float], Callable[[], float]] = (
            lambda names=names, count=count: bare(names, count),
            lambda names=names, sites=sites, count=count: recorded(names, sites, count),
        )
        for each in pair:
            each()
        times = [(pair[0](), pair[1]()) for _ in range(ROUNDS)]
        ratio = statistics.median(with_it / without for without, with_it in times)
        each_bare = statistics.median(without for without, _ in times) / count * 1e6
        print(f"{name}: bare {each_bare:.0f} us an iteration, recorded {ratio:.2f} x (target {target})")


if __name__ == "__main__":
    main()
