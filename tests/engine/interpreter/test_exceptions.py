"""The script raises: what the stop says, what state it is in, and that the session goes on."""

from __future__ import annotations

import sys

import pytest

from bptui.engine.controller import Controller
from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from tests.engine.conftest import OpenScript

PLACES = {
    "setup": (0, None),
    "forward": (1, Phase.FORWARD),
    "update": (3, Phase.UPDATE),
    "zero_grad": (4, Phase.ZERO_GRAD),
    "tail": (8, Phase.ZERO_GRAD),
    "after": (16, Phase.ZERO_GRAD),
}
"""Where the script raises: at which step, and in which phase."""


def raising(where: str, statement: str) -> tuple[str, int]:
    """A script that raises there, and the line."""

    def at(place: str) -> str:
        return statement if place == where else "pass"

    source = f"""import torch, sys
w = torch.ones(1, requires_grad=True)
def helper(number):
    return torch.ones(2) @ torch.ones(number)
{at("setup")}
for epoch in range(2):
    for x in [1.0, 2.0]:
        l = (w * x) ** 2
        {at("forward")}
        l.backward()
        w.data = w.data - 0.125 * w.grad
        {at("update")}
        w.grad.zero_()
        {at("zero_grad")}
    {at("tail")}
{at("after")}
print("the end")
"""
    return source, 1 + [line.strip() for line in source.splitlines()].index(statement)


def to_the_stop(controller: Controller) -> Snapshot:
    while controller.snapshot.stop_reason in (StopReason.ENTRY, StopReason.STEP):
        controller.next()
    return controller.snapshot


@pytest.mark.parametrize("where", PLACES)
def test_an_exception_is_a_stop_at_its_line(where: str, open_script: OpenScript) -> None:
    source, line = raising(where, "1 / 0")
    stop = to_the_stop(open_script(source))
    assert (stop.index, stop.phase, stop.stop_reason) == (*PLACES[where], StopReason.EXCEPTION)
    assert stop.failure is not None
    assert (stop.failure.type, stop.failure.message) == ("ZeroDivisionError", "division by zero")
    assert (stop.failure.line, stop.line) == (line, line)
    assert stop.explain.endswith(f"ZeroDivisionError at line {line}: division by zero")
    traceback = stop.failure.traceback
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert traceback.endswith("ZeroDivisionError: division by zero\n")
    assert "1 / 0" in traceback
    assert "bptui" not in traceback
    assert traceback.count("\n  File ") == 1


@pytest.mark.parametrize("where", PLACES)
def test_a_run_stops_at_the_same_exception_as_steps(where: str, open_script: OpenScript) -> None:
    source, _ = raising(where, "1 / 0")
    controller = open_script(source)
    stepped = to_the_stop(controller)
    stop = controller.restart()
    if stop.stop_reason is StopReason.ENTRY:
        stop = controller.run(Goal.END)
    assert (stop.index, stop.phase, stop.stop_reason) == (stepped.index, stepped.phase, stepped.stop_reason)
    assert repr((stop.failure, stop.params, stop.loss)) == repr((stepped.failure, stepped.params, stepped.loss))
    assert [row.stop_reason for row in controller.rows()][-1] is StopReason.EXCEPTION


def test_the_line_is_the_innermost_of_the_script(open_script: OpenScript) -> None:
    source, line = raising("forward", "l = l + helper(3)")
    stop = to_the_stop(open_script(source))
    assert stop.failure is not None
    assert (stop.failure.type, stop.failure.line) == ("RuntimeError", 4)
    assert "in helper" in stop.failure.traceback
    assert f"line {line}, in <module>" in stop.failure.traceback


@pytest.mark.parametrize("where", ["forward", "update", "zero_grad", "tail", "after"])
def test_the_session_goes_on_once_the_reason_is_gone(where: str, open_script: OpenScript) -> None:
    source, _ = raising(where, "1 / zero")
    source = source.replace("import torch, sys", "import torch, sys; zero = 0")
    controller = open_script(source)
    broken = to_the_stop(controller)
    again = controller.next()
    assert (again.index, again.stop_reason) == (broken.index + 1, StopReason.EXCEPTION)  # the same statement again
    controller._execution.machine.module["zero"] = 1
    end = controller.run(Goal.END)
    assert end.stop_reason is StopReason.END
    assert end.printed == "the end\n"
    assert (end.epoch, end.sample, end.consumed) == (1, 1, 4)


@pytest.mark.parametrize("where", PLACES)
def test_after_an_exception_restart_begins_anew(where: str, open_script: OpenScript) -> None:
    source, _ = raising(where, "1 / 0")
    controller = open_script(source)
    first = to_the_stop(controller)
    controller.restart()
    assert repr(to_the_stop(controller)) == repr(first)


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(("leave", "said"), [("sys.exit(3)", ""), ("sys.exit('goodbye')", "goodbye\n")])
def test_a_script_that_exits_is_at_its_end(where: str, leave: str, said: str, open_script: OpenScript) -> None:
    source, _ = raising(where, leave)
    controller = open_script(source)
    stop = to_the_stop(controller)
    assert (stop.index, stop.phase, stop.stop_reason) == (*PLACES[where], StopReason.END)
    assert (stop.failure, stop.next, stop.errors) == (None, None, said)
    with pytest.raises(StepRefused, match="has ended"):
        controller.next()


@pytest.mark.parametrize("where", PLACES)
def test_an_interrupt_is_a_stop_of_the_session_and_not_its_end(where: str, open_script: OpenScript) -> None:
    source, line = raising(where, "raise KeyboardInterrupt")
    stop = to_the_stop(open_script(source))
    assert stop.stop_reason is StopReason.EXCEPTION
    assert stop.failure is not None
    assert (stop.failure.type, stop.failure.message, stop.failure.line) == ("KeyboardInterrupt", "interrupted", line)


def test_an_exception_with_its_cause_is_told_with_it(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        def inner():
            raise KeyError("inner")
        for x in [1.0]:
            try:
                y = inner()
            except KeyError as error:
                raise ValueError("outer") from error
            l = w * x
            l.backward()
        """
    )
    failure = controller.next().failure
    assert failure is not None
    assert (failure.type, failure.message, failure.line) == ("ValueError", "outer", 10)
    assert "KeyError: 'inner'" in failure.traceback
    assert "direct cause" in failure.traceback
    assert "bptui" not in failure.traceback


def test_an_exception_that_the_script_catches_is_none(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            try:
                l = w * x
                l.backward()
                1 / (x - 1)
                w.data = w.data - w.grad
            except ZeroDivisionError:
                print("caught")
        """
    )
    assert [(stop.phase, stop.printed) for stop in (controller.next(), controller.next())] == [
        (Phase.FORWARD, ""),
        (Phase.BACKWARD, "caught\n"),
    ]
    assert controller.run(Goal.END).stop_reason is StopReason.END


CAUGHT = """
import torch
w = torch.ones(1, requires_grad=True)
def f(x):
    y = w * x
    if x == 2.0:
        1 / 0
    return y
def refuse(gradient):
    if x == 4.0:
        1 / 0
for x in [1.0, 2.0, 3.0, 4.0, 5.0]:
    try:
        l = f(x) ** 2
        l.register_hook(refuse); print(x)
        l.backward()
        w.data -= 0.25 * w.grad
        w.grad = None
    except ZeroDivisionError:
        pass
"""


def test_a_forward_whose_exception_the_script_catches_computed_no_loss(open_script: OpenScript) -> None:
    controller = open_script(CAUGHT)
    watching = sys.getprofile()
    for _ in range(5):
        stop = controller.next()
    assert (stop.phase, stop.sample, stop.loss) == (Phase.FORWARD, 1, None)
    assert "l = " not in stop.explain
    assert sys.getprofile() is watching


def test_rows_of_a_run_are_those_of_steps_also_where_the_script_catches(open_script: OpenScript) -> None:
    stepped, ran = open_script(CAUGHT), open_script(CAUGHT)
    while stepped.snapshot.next is not None:
        stepped.next()
    ran.run(Goal.END)
    told = [(row.phase, row.loss, row.params) for row in stepped.rows()]
    assert [(row.phase, row.loss, row.params) for row in ran.rows()] == told
    assert not ran._execution.machine.module["w"]._backward_hooks
    assert not stepped._execution.machine.module["w"]._backward_hooks


def test_a_backward_of_a_custom_function_that_raises_is_refused_in_its_own_words(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        class Bad(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2
            @staticmethod
            def backward(ctx, g):
                raise ValueError("no derivative")
        v = torch.ones(1, requires_grad=True)
        w = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            l = Bad.apply(w * x) + v
            l.backward()
            w.data -= 1
        """
    )
    before = controller.next()
    with pytest.raises(StepRefused, match="ValueError: no derivative"):
        controller.next()
    assert controller.snapshot is before
    names = controller._execution.machine.module
    assert (names["v"].grad, names["w"].grad) == (None, None)
    assert controller.do(Phase.FORWARD).phase is Phase.FORWARD


def test_an_update_that_raises_halfway_is_shown_as_its_statements_left_it(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        a = torch.ones(1, requires_grad=True)
        b = torch.ones(1, requires_grad=True)
        for x in [1.0, 2.0]:
            l = (a * b * x).sum()
            l.backward()
            for p in (a, b):
                p.data.sub_(p.grad)
                p.grad = None
        """
    )
    controller.next()
    controller.next()
    controller._execution.machine.module["b"].grad = None
    stop = controller.next()
    assert (stop.stop_reason, stop.phase) == (StopReason.EXCEPTION, Phase.UPDATE)
    assert [each.value.number for each in stop.params] == [0.0, 1.0]
    assert stop.failure is not None
    assert "NoneType" in stop.failure.message


@pytest.mark.parametrize("between", ["; ", "\n        "])
def test_an_update_that_bound_a_parameter_anew_shows_the_new_one_also_after_a_run(
    between: str, open_script: OpenScript
) -> None:
    source = f"""
    import torch
    w = torch.ones(1, requires_grad=True)
    for x in [1.0, 2.0]:
        l = (w * x) ** 2
        l.backward()
        w = (w - 0.25 * w.grad).detach().requires_grad_(){between}1 / 0
    """
    for stop in (to_the_stop(open_script(source)), open_script(source).run(Goal.END)):
        assert (stop.stop_reason, stop.phase) == (StopReason.EXCEPTION, Phase.UPDATE)
        assert [(each.value.number, each.grad) for each in stop.params] == [(0.5, None)]


def test_a_late_exception_hides_nothing_that_was_printed_before(open_script: OpenScript) -> None:
    source, _ = raising("update", "sys.stderr.write('warned'); 1 / 0")
    stop = to_the_stop(open_script(source))
    assert (stop.stop_reason, stop.errors) == (StopReason.EXCEPTION, "warned")


def test_a_syntax_error_of_what_the_script_executes_is_told_at_the_scripts_line(open_script: OpenScript) -> None:
    source, line = raising("forward", "exec('1 +')")
    stop = to_the_stop(open_script(source))
    assert stop.failure is not None
    assert (stop.failure.type, stop.failure.line) == ("SyntaxError", line)


def test_a_recursion_of_any_depth_is_told_as_python_tells_it(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import sys
        import torch
        w = torch.tensor(1.0, requires_grad=True)
        dive = lambda n: dive(n + 1)
        for x in (1.0, 2.0):
            loss = (w * x) ** 2
            sys.setrecursionlimit(200_000)
            dive(0)
            loss.backward()
        """
    )
    stop = controller.run()
    assert stop.failure is not None
    assert (stop.failure.type, stop.failure.line) == ("RecursionError", 5)
    assert "[Previous line repeated 997 more times]" in stop.failure.traceback
