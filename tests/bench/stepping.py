"""What stepping costs, measured in one run: python tests/bench/stepping.py

Ratios are against the bare loop, run in turns with the rest, so that they hold on a busy machine too. Each figure is a
median. The screen is measured in a pseudo-terminal: from the key to the last byte painted for it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

ROUNDS = 7
SIZE = {"COLUMNS": 120, "LINES": 40}

LECTURE = """
import torch
w = torch.tensor([1.0], requires_grad=True)
def forward(x):
    return x * w
def loss(x, y):
    y_pred = forward(x)
    return (y_pred - y) ** 2
for epoch in range({epochs}):
    for x, y in zip([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]):
        l = loss(x, y)
        l.backward()
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
"""

MLP = """
import torch
torch.manual_seed(0)
from torch.nn import Linear, ReLU, Sequential
model = Sequential(Linear(784, 1024), ReLU(), Linear(1024, 200), Linear(200, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(64, 784), torch.randint(10, (64,))
for step in range({epochs}):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
"""

SMALL_NET = """
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = [(torch.randn(1, 2), torch.randn(1, 1)) for _ in range(4)]
for epoch in range({epochs}):
    for x, y in data:
        loss = torch.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

LINEAR_ADAM = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for epoch in range({epochs}):
    for x in [-1.0, -0.5, 0.0, 0.5, 1.0]:
        optimizer.zero_grad()
        y_pred = model(torch.tensor([x]))
        loss = torch.nn.functional.mse_loss(y_pred, torch.tensor([3 * x + 1]))
        loss.backward()
        optimizer.step()
"""

LOADER = """
import torch
from torch.utils.data import DataLoader, Dataset
torch.manual_seed(0)
class Samples(Dataset):
    def __init__(self):
        self.x, self.y = torch.randn(759, 8), torch.rand(759, 1)
    def __getitem__(self, index):
        return self.x[index], self.y[index]
    def __len__(self):
        return 759
loader = DataLoader(Samples(), batch_size=32, shuffle=True)
model = torch.nn.Sequential(
    torch.nn.Linear(8, 6), torch.nn.Sigmoid(), torch.nn.Linear(6, 1), torch.nn.Sigmoid()
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range({epochs}):
    for x, y in loader:
        loss = torch.nn.functional.binary_cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

PROGRAMS = (
    ("lecture's loop", LECTURE, 1000, 3, 1.8, ""),
    ("lecture's loop, conditions that do not hit", LECTURE, 1000, 3, 2.0, "loss > 1e9"),
    ("2-8-1 net, SGD", SMALL_NET, 300, 4, 1.5, ""),
    ("Linear, Adam, a list", LINEAR_ADAM, 200, 5, 1.3, ""),
    ("MLP of 1M parameters", MLP, 100, 1, 1.05, ""),
    ("small DataLoader loop", LOADER, 8, 24, 2.0, ""),
)
"""Name, source, epochs, turns of the loop in each, target, and a condition to look out for."""


def in_turns(bare: Callable[[], float], stepped: Callable[[], float]) -> tuple[float, float]:
    """Medians of the bare time in seconds and of the ratio of each pair."""
    bare(), stepped()
    pairs = [(bare(), stepped()) for _ in range(ROUNDS)]
    return statistics.median(b for b, _ in pairs), statistics.median(s / b for b, s in pairs)


def run_bare(path: Path) -> float:
    """Seconds that the script takes without bptui, compiled but not cut."""
    code = compile(path.read_text(), str(path), "exec")
    began = time.process_time()
    exec(code, {"__name__": "__main__"})
    return time.process_time() - began


def run_stepped(path: Path, condition: str) -> float:
    """Seconds of CPU from the entry stop to the end, every phase kept in the timeline."""
    import bptui
    from bptui.protocol.breakpoint import Breakpoint

    controller = bptui.Controller(str(path))
    controller.start()
    controller.set_breakpoints([Breakpoint(1, condition=condition)] if condition else [])
    began = time.process_time()
    controller.run(bptui.Goal.END)
    return time.process_time() - began


def bench_controller(directory: Path) -> None:
    """The controller with its timeline against the bare loop."""
    for name, source, epochs, samples, target, condition in PROGRAMS:
        path = directory / "script.py"
        path.write_text(source.format(epochs=epochs))
        bare, ratio = in_turns(partial(run_bare, path), partial(run_stepped, path, condition))
        turns = epochs * samples
        print(f"{name}: bare {bare / turns * 1e6:.0f} us a turn, stepped at full speed {ratio:.2f} x (target {target})")


def bench_link(directory: Path) -> None:
    """From a request to its snapshot, in another process."""
    from bptui.protocol.replies import Reply, Stopped
    from bptui.protocol.requests import Next
    from bptui.session.live import LiveSession

    for name, source in (("lecture's loop", LECTURE), ("MLP of 1M parameters", MLP)):
        path = directory / "script.py"
        path.write_text(source.format(epochs=1000))
        replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        session = LiveSession(str(path))
        session.start(replies.put)
        while not isinstance(replies.get().payload, Stopped):
            pass
        times = []
        for _ in range(400):
            began = time.perf_counter()
            session.send(Next())
            replies.get()
            times.append(time.perf_counter() - began)
        session.close()
        print(
            f"{name}: request -> snapshot {statistics.median(times) * 1e3:.2f} ms median (target 1 for the lecture's), "
            f"{direct(path) * 1e3:.2f} ms of it in the controller"
        )


def direct(path: Path) -> float:
    """Median seconds of a step without a link."""
    import bptui

    controller = bptui.Controller(str(path))
    controller.start()
    times = []
    for _ in range(400):
        began = time.perf_counter()
        controller.next()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


class Pseudoterminal:
    """bptui on a pseudo-terminal; what it paints is only counted."""

    def __init__(self) -> None:
        import pexpect

        env = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        for name in SIZE:
            env.pop(name, None)
        self.began = time.perf_counter()
        self.child = pexpect.spawn(
            sys.executable, ["-m", "bptui"], env=env, dimensions=(SIZE["LINES"], SIZE["COLUMNS"]), encoding=None
        )
        self.child.delaybeforesend = None  # pexpect would wait 50 ms before each key
        self.seen = b""

    def paint(self, quiet: float) -> float:
        """When the last byte came before that much quiet, by `time.perf_counter`."""
        import pexpect

        last = time.perf_counter()
        with contextlib.suppress(pexpect.TIMEOUT):
            while True:
                self.seen += self.child.read_nonblocking(1 << 16, timeout=quiet)
                last = time.perf_counter()
        return last

    def until(self, text: bytes) -> float:
        """When that text had been painted."""
        while text not in self.seen:
            self.seen += self.child.read_nonblocking(1 << 16, timeout=60)
        return time.perf_counter()


def bench_screen() -> None:
    """First paint, first step, and from a key to the last byte painted for it."""
    firsts, readies, keys = [], [], []
    for _ in range(3):
        terminal = Pseudoterminal()
        firsts.append(terminal.until(b"linear.py") - terminal.began)
        readies.append(terminal.until(b"ready") - terminal.began)
        terminal.paint(0.5)
        for _ in range(30):
            began = time.perf_counter()
            terminal.child.send(b"n")
            keys.append(terminal.paint(0.15) - began)
        terminal.child.close(force=True)
    torch = min(time_of([sys.executable, "-c", "import torch"]) for _ in range(3))
    print(f"first paint {statistics.median(firsts):.2f} s (target 0.4)")
    print(f"first possible step {statistics.median(readies):.2f} s (target import torch + 0.5 = {torch + 0.5:.2f})")
    print(f"key -> last painted byte at 120x40 {statistics.median(keys) * 1e3:.0f} ms median (target 25)")


def time_of(command: list[str]) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        bench_controller(Path(name))
        bench_link(Path(name))
    bench_screen()
