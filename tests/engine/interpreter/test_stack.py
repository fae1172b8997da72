"""What a script tells of its own stack is what plain Python would tell: none of the engine's frames is in it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Failure
from tests.engine.conftest import OpenScript

SCRIPT = """
import faulthandler, logging, sys, traceback, warnings
import torch

def old(level):
    warnings.warn("old way", stacklevel=level)

def deeper(level):
    old(level)

class Tells:
    def __enter__(self):
        return self
    def __exit__(self, kind, error, trace):
        traceback.print_tb(trace, file=sys.stderr)
        return kind is not None

def boom():
    raise ValueError("boom")

def again():
    try:
        boom()
    except ValueError as error:
        raise RuntimeError("second") from error

def hook(gradient):
    try:
        boom()
    except ValueError:
        traceback.print_exc()
        traceback.print_stack()
    warnings.warn("in a hook", stacklevel=2)
    return gradient

w = torch.tensor([1.0], requires_grad=True)
w.register_hook(hook)
for step in range(3):
    l = (w - 2) ** 2
    for level in (1, 2, 3, 4, 50):
        old(level)
        deeper(level)
    warnings.warn("from the module", stacklevel=2)
    try:
        l.backward()
        traceback.print_stack()
        again()
    except RuntimeError:
        traceback.print_exc()
        sys.stderr.write(traceback.format_exc())
    logging.warning("logged", stack_info=True)
    with Tells():
        w.data -= 0.01 * w.grad
        boom()
    try:
        try:
            w.grad.zero_()
            boom()
        except ValueError:
            raise
    except ValueError:
        traceback.print_exc()
    print(step, sys.exc_info(), file=sys.stderr)
faulthandler.dump_traceback()
"""

RUN = """
import sys
from bptui.engine.controller import Controller
controller = Controller(sys.argv[1])
controller.start()
while controller.snapshot.next is not None:
    controller.next()
sys.stderr.write(controller._output.since((0, 0))[1])
"""


def stderr_of(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=600)
    return re.sub(r"thread 0x\w+", "thread", done.stderr)


def test_warnings_tracebacks_and_stacks_are_those_of_plain_python(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    told, plain = stderr_of("-c", RUN, str(path)), stderr_of(str(path))
    assert "old way" in plain
    assert "second" in plain
    assert told == plain


GROUPED = """
import torch
w = torch.tensor([1.0], requires_grad=True)
for step in range(3):
    l = (w - 2) ** 2
    l.backward()
    try:
        w.data -= 0.01 * w.grad
        raise KeyError("first")
    except KeyError as error:
        raise ExceptionGroup("both", [error, ValueError("other")])
"""


def test_the_members_of_a_group_do_not_name_the_engine_either(open_script: OpenScript) -> None:
    controller = open_script(GROUPED)
    failure: Failure | None = None
    while failure is None:
        failure = controller.next().failure
    assert "KeyError: 'first'" in failure.traceback
    assert "bptui" not in failure.traceback


NO_LEAVES = """
import torch, warnings
class Old:
    @property
    def value(self):
        warnings.warn("old property", stacklevel=2)
        return 1
    def __getattr__(self, name):
        warnings.warn("asked for " + name, stacklevel=2)
        raise AttributeError(name)
    def __eq__(self, other):
        warnings.warn("compared", stacklevel=2)
        return True
    def __repr__(self):
        warnings.warn("shown", stacklevel=2)
        return "Old()"
    def __len__(self):
        warnings.warn("measured", stacklevel=2)
        return 1
    __hash__ = None
old, olds, named = Old(), [Old(), Old()], {"old": Old()}
w = torch.tensor([1.0], requires_grad=True)
many = torch.ones(100, requires_grad=True)
held = {"a": torch.ones(1, requires_grad=True)}
for x in [1.0, 2.0, 3.0]:
    l = ((w * x) ** 2 * many).sum() + (held["a"] * x).sum()
    l.backward()
    held["a"] = held["a"] * 0.5
    many = many - 0.01
    w = w - 0.01
"""


def test_bptui_itself_raises_no_warning(open_script: OpenScript, recwarn: pytest.WarningsRecorder) -> None:
    controller = open_script(NO_LEAVES)
    controller.set_watches(["loss", "l.item()"])
    by_turns = [*[controller.next] * 4, *(partial(controller.do, phase) for phase in Phase)] * 4
    looks = (partial(controller.goto, 1), controller.step, controller.step, controller.check, controller.run)
    for step in (*by_turns, partial(controller.evaluate, "1 + 1"), controller.back, *looks):
        with contextlib.suppress(StepRefused):
            step()
    ours = [
        each for each in recwarn.list if each.category is not ResourceWarning
    ]  # other tests' streams, collected now
    assert [f"{each.filename}:{each.lineno} {each.message}" for each in ours] == []
