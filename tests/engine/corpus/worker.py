"""Runs the corpus: each script in a child forked from one process that has imported torch, plainly or stepped.

A fork costs milliseconds, `import torch` seconds; and each script still finds a process that no other has touched. No
thread exists when it forks (OpenMP's would not survive it), so torch computes with one thread in all of them alike.
Reads requests as JSON lines from stdin and answers each with a JSON line.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import random
import runpy
import signal
import sys
import tempfile
import traceback
import warnings
from typing import Any

import torch

SECONDS = 60
"""How long one script may take before it counts as hanging."""
STEPS = 5000
INSIDE = 12
"""So many phases are walked through op by op."""


def plain(path: str) -> dict[str, Any]:
    """Run the script as `python path` does."""
    sys.argv = [path]
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as leave:
        if leave.code is not None and not isinstance(leave.code, int):
            print(leave.code, file=sys.stderr)
            return {"status": 1}
        return {"status": leave.code or 0}
    return {"status": 0}


def step(path: str) -> dict[str, Any]:
    """Step the script with `next` to its end."""
    from bptui.engine.controller import Controller

    controller = Controller(path)
    seen = [controller.start()]
    while seen[-1].next is not None and len(seen) < STEPS and seen[-1].failure is None:
        seen.append(controller.next())
    return _told(seen)


def inside(path: str) -> dict[str, Any]:
    """Step into every phase: through the first ones op by op, through the later ones only at both ends."""
    from bptui.engine.controller import Controller
    from bptui.protocol.tape import Move

    controller = Controller(path)
    seen = [controller.start()]
    opened = 0
    while seen[-1].next is not None and len(seen) < STEPS and seen[-1].failure is None:
        opened += 1
        seen.append(controller.step(Move.IN))
        while seen[-1].op is not None and seen[-1].failure is None:
            seen.append(controller.step(Move.IN if opened < INSIDE else Move.OUT))
    return _told([each for each in seen if each.op is None or each.printed or each.failure])


def run(path: str) -> dict[str, Any]:
    """Run the script to its end in one go."""
    from bptui.engine.controller import Controller
    from bptui.protocol.phase import Goal

    controller = Controller(path)
    first = controller.start()
    return _told([first, controller.run(Goal.END)])


def walk(path: str, seed: int) -> dict[str, Any]:
    """Ask for phases in a random order and run on from there; then restart and run to the end."""
    from bptui.engine.controller import Controller
    from bptui.engine.errors import StepRefused
    from bptui.protocol.phase import Goal, Phase

    choose = random.Random(seed).choice  # an own generator: the script's are not disturbed
    controller = Controller(path)
    seen = [controller.start()]
    refused: list[str] = []
    for _ in range(40):
        what = choose([*Phase, None, None])
        before = controller.snapshot
        try:
            seen.append(controller.next() if what is None else controller.do(what))
        except StepRefused as no:
            refused.append(str(no))
            assert controller.snapshot is before, "a refused step added a snapshot"
    for what in (None, Phase.FORWARD, None, None):  # a forward again mends what the script cannot go on from
        if controller.snapshot.next is None:
            break
        with contextlib.suppress(StepRefused):
            seen.append(controller.run(Goal.END) if what is None else controller.do(what))
    walked = _told(seen)
    again = controller.restart()
    seen = [again] if again.next is None else [again, controller.run(Goal.END)]
    return {**_told(seen), "walked": walked, "refused": refused}


def equations(path: str, most: int, accumulating: bool) -> dict[str, Any]:
    """Step into the phases, and compute again every equation that is shown there."""
    from tests.engine.tape.net import report

    return report(path, most, accumulating)


def said(path: str) -> dict[str, Any]:
    """What is not true of what is said of its first steps."""
    from tests.engine.corpus.said import wrong_in

    return {"wrong": wrong_in(path)}


def _told(seen: list[Any]) -> dict[str, Any]:
    last = seen[-1]
    return {
        "printed": "".join(each.printed for each in seen),
        "errors": "".join(each.errors for each in seen),
        "phases": [str(each.phase) for each in seen],
        "reason": str(last.stop_reason),
        "next": last.next and str(last.next.phase),
        "params": [each.name for each in last.params],
        "failure": last.failure and last.failure.traceback,
    }


MODES = {"plain": plain, "step": step, "inside": inside, "run": run, "walk": walk, "equations": equations, "said": said}


def child(request: dict[str, Any], files: dict[str, int]) -> None:
    """What the forked child does. Leaves its result and its output in the files."""
    faulthandler.enable(file=files["trouble"])
    faulthandler.register(signal.SIGALRM, file=files["trouble"], chain=True)  # says where it hangs, then dies of it
    signal.alarm(SECONDS)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(files["stdout"], 1)
    os.dup2(files["stderr"], 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", line_buffering=True)  # type: ignore[union-attr]
    warnings.simplefilter("ignore")  # torch gives some once in a process
    mode = request.pop("mode")
    try:
        result = MODES[mode](**request)
    except Exception as error:
        result = {"raised": type(error).__name__, "message": str(error), "line": getattr(error, "line", None)}
        result["traceback"] = traceback.format_exc()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os.write(files["result"], json.dumps(result).encode())


def serve() -> None:
    """Answer requests until stdin ends."""
    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # imports what every optimizer imports: a second
    with contextlib.suppress(ImportError):
        import bptui.engine.controller  # noqa: F401
        import tests.engine.tape.net  # noqa: F401

    for line in sys.stdin:
        files = {name: tempfile.TemporaryFile() for name in ("result", "stdout", "stderr", "trouble")}  # noqa: SIM115
        pid = os.fork()
        if pid == 0:
            try:
                child(json.loads(line), {name: file.fileno() for name, file in files.items()})
            finally:
                os._exit(0)
        status = os.waitpid(pid, 0)[1]
        texts = {}
        for name, file in files.items():
            file.seek(0)
            texts[name] = file.read().decode(errors="replace")
            file.close()
        result = texts.pop("result")
        print(json.dumps({**texts, "died": status, **(json.loads(result) if result else {})}), flush=True)


if __name__ == "__main__":
    serve()
