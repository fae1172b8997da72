"""Typed Python says what a real Python prompt says over the same variables, and the program stays what it was."""

from __future__ import annotations

import ast
import builtins
import code
import contextlib
import io
import sys
from collections.abc import Iterator

import pytest
import torch

from bptui.engine.controller import Controller
from bptui.engine.repl.evaluate import Evaluation
from bptui.protocol.phase import Phase
from tests.engine.checkpoint.test_refused_steps import everything
from tests.engine.conftest import OpenScript

SETUP = """
import torch
torch.manual_seed(1)
LR = 0.01
class Point:
    def __init__(self, x): self.x = x
    def __repr__(self): return f"Point({self.x})"
class Broken(Exception): pass
def forward(x):
    return x * w
def fails():
    raise Broken("no")
w = torch.tensor([1.0], requires_grad=True)
data = {"a": [1, 2, 3]}
point = Point(3)
losses = []
"""
TURN = """
l = (forward(x) - y) ** 2
l.backward()
losses.append(l.item())
"""
LOOP = """
for epoch in range(3):
    for x, y in [(1.0, 2.0), (2.0, 4.0)]:
        l = (forward(x) - y) ** 2
        l.backward()
        losses.append(l.item())
        w.data = w.data - LR * w.grad.data
        w.grad.data.zero_()
"""

IN_FUNCTION = """
import torch
torch.manual_seed(1)
LR = 0.01
class Point:
    def __init__(self, x): self.x = x
    def __repr__(self): return f"Point({self.x})"
class Broken(Exception): pass
def fails():
    raise Broken("no")
def main(rate):
    global counted
    def forward(x):
        return x * w
    w = torch.tensor([1.0], requires_grad=True)
    data = {"a": [1, 2, 3]}
    point = Point(3)
    losses = []
    counted = 0
    for epoch in range(3):
        for x, y in [(1.0, 2.0), (2.0, 4.0)]:
            l = (forward(x) - y) ** 2
            l.backward()
            losses.append(l.item())
            w.data = w.data - LR * w.grad.data
            w.grad.data.zero_()
            counted += 1
main(0.1)
"""

INPUTS = [
    "1 + 1",
    "w",
    "w.grad",
    "x, y, epoch",
    "type(w.grad.data)",
    "torch.Tensor([1]).dtype",
    "None",
    "'text'",
    '"""a text\nover lines"""',
    "print('a'); 2; print('b')",
    "for i in range(3):\n    i\n    print(-i)\n",
    "[i * w.item() for i in range(3)]",
    "{k: [x * each for each in v] for k, v in data.items()}",
    "(lambda factor: factor * w)(2)",
    "[f() for f in [lambda: x * w]]",
    "(found := 4) + found",
    "a = 5\na * 2\nb = a\n(a, b)",
    "import math\nmath.pi",
    "from math import *\nfloor(2.5)",
    "def twice(v):\n    return v * 2 * x\n\ntwice(w)",
    "class Other(Point):\n    pass\n\nOther(1)",
    "del data\ndata",
    "point.x = 4\npoint",
    "x: int = 3\nx",
    "if x:\n    'yes'\nelse:\n    'no'\n",
    "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    error\n",
    "with torch.no_grad():\n    w * 2\n",
    "foo",
    "1 / 0",
    "fails()",
    "raise Broken('line one\\nline two')",
    "w.nothing",
    "w + torch.ones(2, 3).T @ torch.ones(5)",
    "data['b']",
    "assert x == 5, 'x is not 5'",
    "return 3",
    "yield 3",
    "x = = 3",
    "global w; w",
    "'\\ud800'.encode()",
    "repr(Point)",
    "sum(losses) / len(losses) if losses else 'none yet'",
    "w.backward(torch.ones(1))\nw.grad",
    "_ = 3\n_",
    "torch.rand(2)",
    "torch.is_grad_enabled()",
    "[1, (2,), {3: {4}}, (), [], {}, set(), 'a', b'c', 1e300, float('nan')]",
    "again = [1]\nagain.append(again)\nagain",
    "list(range(1000))",
    "exit",
    "__name__",
    "match w.shape:\n    case (n,):\n        n\n",
]


class Prompt:
    """A real Python prompt over the script's own lines, run by hand."""

    def __init__(self) -> None:
        main = type(sys)("__main__")
        self._names = main.__dict__
        self._main = main
        self._run(SETUP)
        self._run("epoch = 0\nx, y = 1.0, 2.0" + TURN)

    def _run(self, source: str) -> None:
        exec(source, self._names)

    def says(self, text: str) -> str:
        stdout, stderr = io.StringIO(), io.StringIO()
        prompt = code.InteractiveInterpreter(self._names)
        before = sys.modules["__main__"]
        sys.modules["__main__"] = self._main
        try:
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                for statement in _one_by_one(text):
                    prompt.runsource(statement, "<prompt>", "single")
        finally:
            sys.modules["__main__"] = before
            builtins.__dict__.pop("_", None)
        return stdout.getvalue() + _last_of(stderr.getvalue())


def _one_by_one(text: str) -> Iterator[str]:
    """The statements of a text, as they would be typed one after the other."""
    try:
        statements = ast.parse(text).body
    except SyntaxError:
        yield text
        return
    for statement in statements:
        yield (ast.get_source_segment(text, statement) or "") + "\n"


def _last_of(traceback: str) -> str:
    """A traceback without its frames."""
    lines = traceback.splitlines(keepends=True)
    inside = [place for place, line in enumerate(lines) if line.startswith(('  File "<prompt>"', "Tr"))]
    if not inside:
        return traceback
    if lines[-1].startswith("SyntaxError"):
        return "".join(lines[inside[-1] + 1 :])
    first = next(place for place in range(len(lines)) if place > inside[-1] and not lines[place].startswith(" "))
    return "".join(lines[first:])


@pytest.fixture
def after_backward(open_script: OpenScript) -> Controller:
    return gone_back(open_script(SETUP + LOOP))


@pytest.fixture
def in_function(open_script: OpenScript) -> Controller:
    return gone_back(open_script(IN_FUNCTION))


def gone_back(controller: Controller) -> Controller:
    """After the first forward and backward."""
    controller.do(Phase.FORWARD)
    controller.do(Phase.BACKWARD)
    return controller


def evaluated(controller: Controller, text: str) -> Evaluation:
    return controller.evaluate(text)[0]


def says(controller: Controller, text: str) -> str:
    return evaluated(controller, text).text


def fails(controller: Controller, text: str) -> str:
    evaluation = evaluated(controller, text)
    assert evaluation.failed
    return evaluation.text


def changes(controller: Controller, text: str) -> bool:
    return evaluated(controller, text).changed


@pytest.mark.parametrize("text", INPUTS)
def test_in_the_module_typed_code_says_what_a_prompt_says(text: str, after_backward: Controller) -> None:
    assert says(after_backward, text) == Prompt().says(text).rstrip("\n")


@pytest.mark.parametrize("text", [each for each in INPUTS if "import *" not in each and "global" not in each])
def test_in_a_function_typed_code_says_what_a_prompt_says(text: str, in_function: Controller) -> None:
    lines = says(in_function, text).splitlines()
    said = [line for line in lines if not line.startswith("main() has no variable")]
    assert said == Prompt().says(text).splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "w",
        "[x * w for _ in range(3)]",
        "print('hello')",
        "foo",
        "w + torch.ones(2, 3) @ 1",
        "(lambda: w)().detach().clone().add_(1)",
        "losses + [1]",
        "exit()",
        "quit(3)",
        "raise KeyboardInterrupt",
        "[each.write('x') for each in (__import__('sys').stdout, __import__('sys').stderr)]",
        "input()",
        "str(list(range(10 ** 6)))",
    ],
)
def test_what_only_looks_leaves_every_bit_of_the_program(text: str, after_backward: Controller) -> None:
    before = everything(after_backward)
    assert not changes(after_backward, text)
    assert everything(after_backward) == before
    assert not hasattr(builtins, "_")


@pytest.mark.parametrize(
    "text",
    [
        "torch.rand(1)",
        "torch.manual_seed(3)",
        "import random; random.random()",
        "import numpy; numpy.random.rand()",
        "w.data.add_(1)",
        "w.grad = None",
        "w.grad.zero_()",
        "losses.append(1)",
        "data['a'].pop()",
        "point.x = 5",
        "new = 3",
        "del losses",
        "x = 3",
        "l.backward.__self__.data.add_(1)",
        "torch.set_grad_enabled(False)",
        "w.data.add_(1); 1 / 0",
    ],
)
def test_what_changes_the_program_says_so(text: str, after_backward: Controller) -> None:
    assert changes(after_backward, text)
    torch.set_grad_enabled(True)


def test_freeing_the_graph_is_a_change(open_script: OpenScript) -> None:
    controller = open_script(SETUP + LOOP)
    controller.do(Phase.FORWARD)
    assert not changes(controller, "torch.autograd.grad(l, w, retain_graph=True)")
    assert not changes(controller, "torch.autograd.grad(forward(x), w)")
    assert changes(controller, "torch.autograd.grad(l, w)")
    assert not changes(controller, "l"), "it is freed already"


def test_variables_of_a_function_are_its_own(in_function: Controller) -> None:
    assert changes(in_function, "losses = [7]")
    assert says(in_function, "losses") == "[7]"
    assert changes(in_function, "counted += 5"), "a global that the function declares"
    assert in_function._execution.machine.module["counted"] == 5
    assert says(in_function, "rate") == "0.1"
    in_function.next()
    in_function.next()
    assert says(in_function, "(losses, counted)") == "([7], 6)"


def test_a_function_has_no_new_variables_and_that_is_said(in_function: Controller) -> None:
    evaluation = evaluated(in_function, "a = w * 2")
    assert evaluation.text.startswith("main() has no variable a:")
    assert not evaluation.changed
    assert says(in_function, "[a + each for each in (1,)]") == "[tensor([3.], grad_fn=<AddBackward0>)]"
    in_function.next()
    assert says(in_function, "del a") == ""
    assert fails(in_function, "a") == "NameError: name 'a' is not defined"


def test_the_loop_s_targets_are_seen_before_they_are_bound(open_script: OpenScript) -> None:
    for source in (SETUP + LOOP, IN_FUNCTION):
        controller = open_script(source)
        assert says(controller, "x, y, forward(x)") == "(1.0, 2.0, tensor([1.], grad_fn=<MulBackward0>))"
        assert fails(controller, "l") == "NameError: name 'l' is not defined"
        assert not changes(controller, "x + y")
        gone_back(controller)
        controller.next()
        controller.next()
        assert says(controller, "[x for _ in (1, 2)]") == "[2.0, 2.0]"
        assert "binds x anew" in says(controller, "x = 5")
        controller.next()
        assert says(controller, "x") == "2.0"


def test_words_of_the_screen_stand_for_what_the_script_calls_otherwise(in_function: Controller) -> None:
    assert says(in_function, "loss, epoch, sample") == "(tensor([1.], grad_fn=<PowBackward0>), 0, 0)"
    assert not changes(in_function, "loss * 2")


def test_a_caller_s_variables_are_seen_where_python_would_find_nothing(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        def train(model, data):
            for x in data:
                l = model(x).sum()
                l.backward()
                with torch.no_grad():
                    for p in model.parameters():
                        p -= 0.1 * p.grad
                        p.grad = None
        def main():
            torch.manual_seed(0)
            net = torch.nn.Sequential(torch.nn.Linear(2, 1))
            for epoch in range(2):
                train(net, torch.eye(2))
        main()
        """
    )
    assert says(controller, "net is model, epoch") == "(True, 0)"
    assert says(controller, "model.0.weight.shape") == "torch.Size([1, 2])"
    assert not changes(controller, "net")


def test_what_is_no_python_says_where(after_backward: Controller) -> None:
    assert fails(after_backward, "f(").splitlines()[-1] == "SyntaxError: '(' was never closed"
    assert fails(after_backward, "a\0b").endswith("null bytes")
    assert says(after_backward, "") == ""
    assert says(after_backward, "# a comment") == ""
    assert says(after_backward, "   w.item()") == "1.0"


def test_the_program_is_not_ended_by_what_is_typed(after_backward: Controller) -> None:
    for text in ("exit()", "quit()", "import sys; sys.exit(3)", "raise SystemExit"):
        assert "not ended" in fails(after_backward, text)
    assert not sys.stdin.closed
    assert fails(after_backward, "raise KeyboardInterrupt") == "KeyboardInterrupt"
    assert fails(after_backward, "raise BaseException('x')") == "BaseException: x"
    assert fails(after_backward, "def f(): f()\n\nf()").startswith("RecursionError")
    assert after_backward.next().phase is not None


def test_long_output_is_cut(after_backward: Controller) -> None:
    text = says(after_backward, "print('a' * 30_000)")
    assert text == "a" * 20_000 + "\n… 10,001 more characters"
    assert says(after_backward, "[0] * 10 ** 7").endswith("0, 0… and more")
    assert len(says(after_backward, "'x' * 10 ** 8")) < 20_100
    assert len(says(after_backward, "for i in range(10 ** 5): print('a' * 100)")) < 20_100


def test_what_is_printed_keeps_its_order_and_is_not_the_script_s_output(after_backward: Controller) -> None:
    mark = after_backward._output.mark()
    text = "import sys\nprint(1)\n2\nprint(3, file=sys.stderr)\nraise ValueError(4)"
    assert says(after_backward, text) == "1\n2\n3\nValueError: 4"
    assert after_backward._output.since(mark) == ("", "")


def test_a_repr_that_raises_is_an_exception_like_any_other(after_backward: Controller) -> None:
    evaluated(after_backward, "class Bad:\n    def __repr__(self): raise TypeError('mine')")
    assert fails(after_backward, "Bad()") == "TypeError: mine"
    assert fails(after_backward, "[1, Bad()]") == "TypeError: mine"
