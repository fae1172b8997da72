"""What breakpoints that are never met cost, measured in one run: python tests/bench/breakpoints.py

Ratios are against the bare loop, run in turns with the rest; medians. A run without any breakpoint is measured beside
them: what a breakpoint adds is the difference.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

from stepping import LECTURE, MLP, in_turns, run_bare  # noqa: E402 (the benchmarks are scripts, not a package)

import bptui  # noqa: E402
from bptui.protocol.breakpoint import Breakpoint  # noqa: E402
from bptui.protocol.phase import Phase  # noqa: E402

WEIGHT = {"lecture's loop": "w", "MLP of 1M parameters": "model[0].weight"}


def breakpoints(weight: str) -> dict[str, tuple[Breakpoint, ...]]:
    """What is measured, by what it is. Data that changes all the time is watched by a logpoint that is far away."""
    return {
        "none": (),
        "loss > 1e9": (Breakpoint(1, condition="loss > 1e9"),),
        f"isnan({weight}.grad)": (Breakpoint(1, condition=f"isnan({weight}.grad)"),),
        "before backward, loss > 1e9": (Breakpoint(1, phase=Phase.BACKWARD, condition="loss > 1e9"),),
        f"{weight} changes (never stops)": (Breakpoint(1, data=weight, hits="> 1000000"),),
        "sample 1000000": (Breakpoint(1, sample=1000000),),
        "generic: loss > 1e9 or len(str(loss)) > 99": (Breakpoint(1, condition="loss > 1e9 or len(str(loss)) > 99"),),
        **{f"check {name}": (Breakpoint(1, check=name, hits="> 1000000"),) for name in CHECKS},
        "five simple ones": tuple(
            Breakpoint(number, condition=text)
            for number, text in enumerate(
                ("loss > 1e9", "loss != loss", "loss < 0", f"isnan({weight}.grad)", f"isinf({weight}.grad)"), 1
            )
        ),
    }


CHECKS = ("nan", "inf", "zeros", "none", "unchanged", "exploding", "vanishing", "ratio", "forgotten")


def run_watched(path: Path, asked: tuple[Breakpoint, ...]) -> float:
    """Seconds from the entry stop to the end, with breakpoints."""
    controller = bptui.Controller(str(path))
    controller.start()
    refused = [state.message for state in controller.set_breakpoints(asked) if not state.verified]
    assert not refused, refused
    began = time.perf_counter()
    stop = controller.run(bptui.Goal.END)
    took = time.perf_counter() - began
    assert stop.next is None, f"it was met: {stop.met}"
    return took


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "script.py"
        for script, source, epochs in (("lecture's loop", LECTURE, 2000), ("MLP of 1M parameters", MLP, 20)):
            path.write_text(source.format(epochs=epochs))
            for what, asked in breakpoints(WEIGHT[script]).items():
                bare, ratio = in_turns(lambda: run_bare(path), lambda asked=asked: run_watched(path, asked))
                turns = epochs * (3 if source is LECTURE else 1)
                print(f"{script}, {what}: {ratio:.2f} x a bare turn of {bare / turns * 1e6:.0f} us", flush=True)


if __name__ == "__main__":
    main()
