"""Breakpoints against a loop written by hand here, that says at which step each of them is to be met."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bptui
from bptui.engine.breakpoints.hit_counts import hits
from bptui.engine.breakpoints.logpoints import LINES
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from tests.engine.conftest import OpenScript

LECTURE = """\
import torch
w = torch.tensor([1.0], requires_grad=True)
def forward(x):
    return x * w
def loss(x, y):
    y_pred = forward(x)
    return (y_pred - y) ** 2
seen = 0
for epoch in range(10):
    for x, y in zip([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]):
        l = loss(x, y)
        l.backward()
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
        seen += 1
    done = epoch + 1
"""
LINES_OF = {Phase.FORWARD: 11, Phase.BACKWARD: 12, Phase.UPDATE: 13, Phase.ZERO_GRAD: 14}

Step = tuple[Phase, int, int, float, float, float]
"""Phase, epoch, sample; then loss, w and w.grad after it, nan where there is none."""


def by_hand() -> Iterator[Step]:
    w, loss = torch.tensor([1.0], requires_grad=True), torch.zeros(1)
    for epoch in range(10):
        for sample, (x, y) in enumerate(zip([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], strict=True)):
            for phase in (Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE, Phase.ZERO_GRAD):
                if phase is Phase.FORWARD:
                    loss = (x * w - y) ** 2
                elif phase is Phase.BACKWARD:
                    loss.backward()
                elif phase is Phase.UPDATE:
                    w.data = w.data - 0.01 * w.grad.data  # type: ignore[union-attr]
                else:
                    w.grad.data.zero_()  # type: ignore[union-attr]
                yield phase, epoch, sample, loss.item(), w.item(), math.nan if w.grad is None else w.grad.item()


STEPS = list(by_hand())


def turning(holds: Callable[[Step], bool]) -> list[int]:
    """The indexes of the steps at which it turns true; it counts as false before the first."""
    found, before = [], False
    for index, step in enumerate(STEPS, 1):
        now = holds(step)
        if now and not before:
            found.append(index)
        before = now
    return found


def stops(controller: bptui.Controller, *asked: Breakpoint, goal: Goal = Goal.END) -> list[Snapshot]:
    """Where it stops on the way to the end, run on from each stop; the end is left out."""
    states = controller.set_breakpoints(asked)
    assert all(state.verified for state in states), states
    found = []
    while (stop := controller.run(goal)).next is not None:
        found.append(stop)
    return found


def indexes(found: list[Snapshot]) -> list[int]:
    return [stop.index for stop in found]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("loss > 3", lambda s: s[3] > 3),
        ("l > 3", lambda s: s[3] > 3),
        ("l.item() > 3", lambda s: s[3] > 3),
        ("not loss > 3", lambda s: not s[3] > 3),
        ("abs(w - 2) < 0.25", lambda s: abs(s[4] - 2) < 0.25),
        ("w.grad == 0", lambda s: s[5] == 0),
        ("w.grad.item() < -4 and w > 1.2", lambda s: s[5] < -4 and s[4] > 1.2),
        ("abs(w.grad) > 5 or loss < 0.01", lambda s: abs(s[5]) > 5 or s[3] < 0.01),
        ("norm(w.grad) > 5", lambda s: abs(s[5]) > 5),
        ("isnan(w.grad)", lambda s: False),
        ("not isfinite(w)", lambda s: False),
        ("w.grad is not None", lambda s: not math.isnan(s[5])),
        ("sample == 2", lambda s: s[2] == 2),
        ("any(abs(p.grad) > 5 for p in [w] if p.grad is not None)", lambda s: abs(s[5]) > 5),
        ("type(w).__name__ == 'Tensor' and float(w) > 1.5", lambda s: s[4] > 1.5),
        ("loss(x, y) < 0.5", None),
    ],
)
def test_a_condition_is_met_at_each_step_that_turns_it_true(
    condition: str, holds: Callable[[Step], bool] | None, open_script: OpenScript
) -> None:
    controller = open_script(LECTURE)
    if holds is None:  # its own function, called in the condition
        found = stops(controller, Breakpoint(1, condition=condition))
        assert found
        return
    found = stops(controller, Breakpoint(1, condition=condition))
    assert indexes(found) == [index for index in turning(holds) if index < len(STEPS)]
    assert all(stop.stop_reason is StopReason.BREAKPOINT for stop in found)
    assert all(condition in stop.met for stop in found)


@given(
    name=st.sampled_from(["loss", "w", "w.grad"]),
    sign=st.sampled_from(["<", ">", "<=", ">="]),
    limit=st.floats(-10, 10, width=32),
    where=st.sampled_from([None, *Phase]),
)
@settings(max_examples=25, deadline=None)
def test_a_condition_is_met_where_the_loop_by_hand_says(
    name: str, sign: str, limit: float, where: Phase | None, lecture: Callable[[], bptui.Controller]
) -> None:
    place = {"loss": 3, "w": 4, "w.grad": 5}[name]

    def holds(step: Step) -> bool:
        return bool(eval(f"value {sign} {limit!r}", {"value": step[place]}))

    found = stops(lecture(), Breakpoint(1, phase=where, condition=f"{name} {sign} {limit!r}"))
    if where is None:
        begins = name == "w" and eval(f"1.0 {sign} {limit!r}")
        expected = turning(holds)
        expected = [index for index in expected if index < len(STEPS)]
        assert indexes(found) == (expected[1:] if begins and expected[:1] == [1] else expected)
    else:
        before = [index for index in range(1, len(STEPS)) if STEPS[index][0] is where]
        assert indexes(found) == [index for index in before if holds(STEPS[index - 1])]


def test_a_condition_on_a_variable_is_met_as_soon_as_the_script_has_set_it(open_script: OpenScript) -> None:
    assert indexes(stops(open_script(LECTURE), Breakpoint(1, condition="epoch == 3"))) == [36]  # its `for` came by
    assert indexes(stops(open_script(LECTURE), Breakpoint(1, condition="seen == 5"))) == [20]


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], bptui.Controller]:
    """Opens the lecture's loop anew."""
    path = tmp_path_factory.mktemp("lecture") / "lecture.py"
    path.write_text(LECTURE)

    def opened() -> bptui.Controller:
        controller = bptui.Controller(str(path))
        controller.start()
        return controller

    return opened


@pytest.mark.parametrize("phase", list(Phase))
def test_a_phase_is_stopped_at_before_it_runs(phase: Phase, open_script: OpenScript) -> None:
    found = stops(open_script(LECTURE), Breakpoint(1, phase=phase))
    assert indexes(found) == [index for index in range(1, len(STEPS)) if STEPS[index][0] is phase]
    assert all(stop.next is not None and stop.next.phase is phase for stop in found)
    assert found[0].met == f"breakpoint 1: before {phase}, line {LINES_OF[phase]}"


def test_places_in_the_data_are_met_once_as_they_begin(open_script: OpenScript) -> None:
    for asked, expected in (
        (Breakpoint(1, epoch=4), [48]),
        (Breakpoint(1, sample=1), [12 * epoch + 4 for epoch in range(10)]),
        (Breakpoint(1, epoch=2, sample=2), [32]),
        (Breakpoint(1, epoch=0), []),
        (Breakpoint(1, sample=0), [12 * epoch for epoch in range(1, 10)]),
        (Breakpoint(1, epoch=2, phase=Phase.UPDATE), [26, 30, 34]),
        (Breakpoint(1, epoch=2, sample=1, line=13), [30]),
        (Breakpoint(1, sample=1, condition="loss > 1"), [i for i in range(4, 120, 12) if STEPS[i - 1][3] > 1]),
        (Breakpoint(1, phase=Phase.FORWARD, condition="x == 3 and epoch == 1"), [20]),
    ):
        assert indexes(stops(open_script(LECTURE), asked)) == expected, asked


def test_a_run_that_begins_at_a_breakpoint_leaves_it(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    controller.set_breakpoints([Breakpoint(1, phase=Phase.FORWARD)])
    assert [controller.run().index for _ in range(3)] == [4, 8, 12]
    controller.set_breakpoints([Breakpoint(1, condition="l < 100")])
    assert controller.run().stop_reason is StopReason.END  # it is true already


def test_a_line_that_no_phase_covers_stops_where_it_runs(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    states = controller.set_breakpoints(
        [Breakpoint(1, line=6), Breakpoint(2, line=10), Breakpoint(3, line=13), Breakpoint(4, line=99)]
    )
    assert [state.verified for state in states] == [True, True, True, False]
    assert states[0].message == "Line 6 runs within forward, line 11."
    assert states[1].message == "Line 10 runs no phase: it stops at line 11, forward."
    assert states[2].message == ""
    assert states[3].message == "The script has no line 99: it has 16."


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Breakpoint(1), "It does not say where or when to stop."),
        (Breakpoint(1, condition="w >"), "'w >' is not Python: invalid syntax."),
        (Breakpoint(1, condition="w = 2"), "'w = 2' is a statement: an expression is needed, such as w > 2."),
        (Breakpoint(1, condition="lss > 2"), "The script has no lss."),
        (Breakpoint(1, data="v.grad"), "The script has no v."),
        (Breakpoint(1, check="nam"), "There is no check 'nam'"),
        (Breakpoint(1, check="nan", limit=3.0), "The check nan takes no limit."),
        (Breakpoint(1, phase=Phase.UPDATE, limit=3.0), "Only a check takes a limit."),
        (Breakpoint(1, data="w", check="nan"), "A breakpoint watches data or makes a check, not both: set two."),
        (Breakpoint(1, epoch=2, hits="often"), "'often' is no hit count: 5, == 5, > 5, >= 5, < 5, <= 5 or % 5."),
        (Breakpoint(1, epoch=2, hits="% 0"), "'% 0' never counts: the first time is 1."),
        (Breakpoint(1, epoch=2, log="{w"), "A { is not closed: a single one is written as {{."),
        (Breakpoint(1, epoch=2, log="w}"), "A } closes nothing: a single one is written as }}."),
        (Breakpoint(1, epoch=2, log="{v}"), "The script has no v."),
        (Breakpoint(1, epoch=-1), "There is no epoch -1: they count from 0."),
    ],
)
def test_what_can_never_be_met_says_why_in_one_sentence(asked: Breakpoint, words: str, open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    (state,) = controller.set_breakpoints([asked])
    assert not state.verified
    assert state.message.startswith(words)
    assert controller.run().stop_reason is StopReason.END


def test_an_expression_that_raises_is_false_and_told_once(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    controller.set_breakpoints(
        [Breakpoint(1, condition="1 / (epoch - 3) > 0.5"), Breakpoint(2, condition="w.grad > 9")]
    )
    assert controller.run().met.startswith("breakpoint 1: 1 / (epoch - 3) > 0.5")
    assert controller.logged() == "breakpoint 1: ZeroDivisionError: division by zero\n"
    states = controller.breakpoint_states()
    assert states[0].message == "ZeroDivisionError: division by zero"


def test_conditions_change_neither_the_program_nor_its_random_numbers(open_script: OpenScript) -> None:
    source = LECTURE.replace("        seen += 1", "        seen += torch.rand(()).item()")
    one, other = open_script(source), open_script(source)
    other.set_breakpoints(
        [
            Breakpoint(1, condition="(w * 3).sum() > 100"),
            Breakpoint(2, data="w", hits="> 1000"),
            *(Breakpoint(n, check=c, hits="> 1000") for n, c in enumerate(("nan", "ratio", "forgotten", "none"), 3)),
            Breakpoint(9, phase=Phase.UPDATE, log="{w} {w.grad}"),
        ]
    )
    torch.manual_seed(0)
    ended = one.run()
    torch.manual_seed(0)
    watched = other.run()
    assert watched.stop_reason is StopReason.END
    assert watched.index == ended.index
    assert watched.params[0].value.value == ended.params[0].value.value
    rows, others = one.rows(), other.rows()
    assert [row.params for row in rows] == [row.params for row in others]


# ---- hit counts


@given(
    number=st.integers(1, 40),
    sign=st.sampled_from(["", "==", "=", ">", ">=", "<", "<=", "%"]),
    count=st.integers(1, 99),
)
def test_hit_counts_mean_what_they_mean_in_the_debug_adapter_protocol(number: int, sign: str, count: int) -> None:
    if sign == "<" and number == 1:
        with pytest.raises(ValueError, match="never counts"):
            hits("< 1")
        return
    meant = {
        "": count >= number, "==": count == number, "=": count == number, ">": count > number,
        ">=": count >= number, "<": count < number, "<=": count <= number, "%": count % number == 0,
    }  # fmt: skip
    assert hits(f" {sign} {number} ")(count) == hits(f"{sign}{number}")(count) == meant[sign]


@given(number=st.integers(1, 12), sign=st.sampled_from(["", "==", ">", "%", "<="]))
@settings(max_examples=15, deadline=None)
def test_only_the_times_that_count_stop(number: int, sign: str, lecture: Callable[[], bptui.Controller]) -> None:
    all_times = [index for index in range(1, len(STEPS)) if STEPS[index][0] is Phase.UPDATE]
    counts = hits(f"{sign} {number}")
    controller = lecture()
    found = stops(controller, Breakpoint(1, phase=Phase.UPDATE, hits=f"{sign} {number}"))
    assert indexes(found) == [index for time, index in enumerate(all_times, 1) if counts(time)]
    assert controller.breakpoint_states()[0].met == len(all_times)


def test_counts_go_on_while_a_breakpoint_stays_the_same(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)

    def met(*asked: Breakpoint) -> list[int]:
        states = controller.set_breakpoints(asked)
        return [state.met for state in states]

    first, other = Breakpoint(1, phase=Phase.UPDATE), Breakpoint(2, sample=1)
    met(first, other)
    for _ in range(3):
        controller.run()
    assert met(first, other) == [2, 1]
    assert met(Breakpoint(1, phase=Phase.UPDATE, enabled=False), other) == [2, 1]
    assert met(Breakpoint(1, phase=Phase.UPDATE, hits="> 3"), other) == [0, 1]
    assert met(other) == [1]
    controller.restart()
    assert [state.met for state in controller.breakpoint_states()] == [0]


def test_one_that_is_switched_off_is_not_met(open_script: OpenScript) -> None:
    assert stops(open_script(LECTURE), Breakpoint(1, phase=Phase.UPDATE, enabled=False)) == []


# ---- logpoints


def test_a_logpoint_says_its_words_and_does_not_stop(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    log = "{{{epoch}}} x={x} w={w.item():.2f} loss={loss:.3f} {w.grad} {'}'} {nothing if False else 1:>3}"
    (state,) = controller.set_breakpoints([Breakpoint(1, phase=Phase.BACKWARD, sample=0, log=log, hits="<= 2")])
    assert not state.verified  # `nothing` is no name of the script
    log = log.replace("nothing", "x")
    assert stops(controller, Breakpoint(1, phase=Phase.BACKWARD, sample=0, log=log, hits="<= 2")) == []
    w = STEPS[11][4]
    assert controller.logged() == (
        f"{{0}} x=1.0 w=1.00 loss=1.000 None }}   1\n{{1}} x=1.0 w={w:.2f} loss={(w - 2) ** 2:.3f} 0 }}   1\n"
    )
    assert controller.logged() == ""


def test_what_a_logpoint_cannot_evaluate_says_why_in_its_place(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    stops(controller, Breakpoint(1, epoch=3, log="{1 / (epoch - 3)} and {w.shape}"))
    assert controller.logged() == "<ZeroDivisionError: division by zero> and torch.Size([1])\n"


def test_of_many_lines_only_so_many_are_kept(open_script: OpenScript) -> None:
    controller = open_script(LECTURE.replace("range(10)", "range(1000)"))
    stops(controller, Breakpoint(1, phase=Phase.UPDATE, log="{'w' * 1000}"))
    lines = controller.logged().splitlines()
    assert len(lines) == LINES + 1
    assert lines[-1] == f"… {3000 - LINES} more"
    assert max(map(len, lines)) <= 500


# ---- data


def test_data_stops_behind_each_block_that_changes_it(open_script: OpenScript) -> None:
    found = stops(open_script(LECTURE), Breakpoint(1, data="w.grad"))
    assert indexes(found) == [i for i, s in enumerate(STEPS[:-1], 1) if s[0] in (Phase.BACKWARD, Phase.ZERO_GRAD)]
    assert {stop.stop_reason for stop in found} == {StopReason.DATA_BREAKPOINT}
    assert [stop.met for stop in found[:3]] == [
        "breakpoint 1: w.grad changed None -> -2 by backward, line 12",
        "breakpoint 1: w.grad changed -2 -> 0 by zero_grad, line 14",
        "breakpoint 1: w.grad changed 0 -> -7.84 by backward, line 12",
    ]
    found = stops(open_script(LECTURE), Breakpoint(1, data="w"))
    assert indexes(found) == [i for i, s in enumerate(STEPS, 1) if s[0] is Phase.UPDATE]
    assert found[0].met == "breakpoint 1: w changed 1 -> 1.02 by update, line 13"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("seen", "seen changed 0 -> 1 by zero_grad, line 15"),
        ("done", "done set to 1 by line 16, behind zero_grad"),
        ("l", "l set to 1 by forward, line 11"),
        ("x", "x set to 1 by forward, line 10"),
        ("w.data", "w.data changed 1 -> 1.02 by update, line 13"),
        ("w.grad[0]", "w.grad[0] changed None -> -2 by backward, line 12"),
        ("(w > 1.01).item()", "(w > 1.01).item() changed False -> True by update, line 13"),
    ],
)
def test_data_may_be_any_variable_and_says_which_line_wrote_it(data: str, words: str, open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    controller.set_breakpoints([Breakpoint(1, data=data)])
    assert controller.run().met == f"breakpoint 1: {words}"


MODEL = """\
import torch
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(8, 4), torch.randn(8, 1)
for step in range(6):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)
    optimizer.step()
    with torch.no_grad():
        if step == 3:
            model[2].bias.zero_()
"""


def test_an_element_of_a_module_is_watched_by_the_name_that_is_shown(open_script: OpenScript) -> None:
    for name in ("model.0.weight[2, 1]", "model[0].weight[2, 1]"):
        found = stops(open_script(MODEL), Breakpoint(1, data=name))
        assert [stop.phase for stop in found][:2] == [Phase.UPDATE] * 2
        assert ", line" in found[0].met
    (first, *_) = stops(open_script(MODEL), Breakpoint(1, data="model.0.weight"))
    assert "changed in " in first.met
    assert "of 12 entries, norm " in first.met
    (grad, *_) = stops(open_script(MODEL), Breakpoint(1, data="model.2.bias.grad"))
    assert "by backward, lines 9, 10" in grad.met  # either may have: it is clipped in the same block


@pytest.mark.parametrize("size", [3, 200, 20_000, 200_001])
@pytest.mark.parametrize(
    "how", ["w.data[7 % w.numel()] += 1", "w.data = w.data.flip(0)", "w.data[:2] = w.data[:2].flip(0)"]
)
def test_changes_to_tensors_of_any_size_are_seen(size: int, how: str, open_script: OpenScript) -> None:
    controller = open_script(
        f"""\
        import torch
        w = torch.arange(1.0, {size} + 1, requires_grad=True)
        for step in range(4):
            loss = w.sum()
            loss.backward()
            if step != 1:
                w.data.mul_(1)
            else:
                {how}
                w.data.sub_(0 * w.grad)
            w.grad = None
        """
    )
    found = stops(controller, Breakpoint(1, data="w"))
    assert len(found) == 1


def test_a_condition_and_a_place_narrow_data(open_script: OpenScript) -> None:
    found = stops(
        open_script(LECTURE), Breakpoint(1, data="w.grad", phase=Phase.BACKWARD, epoch=1, condition="w.grad < -3")
    )
    assert indexes(found) == [i for i, s in enumerate(STEPS, 1) if s[0] is Phase.BACKWARD and s[1] == 1 and s[5] < -3]


# ---- what is kept


def test_what_breakpoints_remember_is_plain_and_meets_the_same_again(open_script: OpenScript) -> None:
    asked = [
        Breakpoint(1, phase=Phase.UPDATE, hits="% 7"),
        Breakpoint(2, condition="loss > 2", hits="> 2"),
        Breakpoint(3, check="exploding"),
        Breakpoint(4, check="forgotten"),
    ]
    whole = open_script(LECTURE)
    found = [(stop.index, stop.met) for stop in stops(whole, *asked)]
    parts = open_script(LECTURE)
    parts.set_breakpoints(asked)
    seen = []
    while (stop := parts.run()).next is not None:
        seen.append((stop.index, stop.met))
        breakpoints = parts._execution.breakpoints
        memory, counts = pickle.loads(pickle.dumps((breakpoints.memory(), breakpoints.counts())))
        parts.set_breakpoints([])
        parts.set_breakpoints(asked)
        breakpoints.remember(memory, parts._execution.stepper.place)
        breakpoints.restore(counts)
    assert seen == found
    assert seen


def test_several_that_are_met_at_once_are_all_told_and_counted(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    controller.set_breakpoints([Breakpoint(1, phase=Phase.BACKWARD), Breakpoint(2, data="l"), Breakpoint(3, line=12)])
    stop = controller.run()
    assert stop.stop_reason is StopReason.BREAKPOINT
    assert stop.met.count("breakpoint ") == 3
    assert [state.met for state in controller.breakpoint_states()] == [1, 1, 1]


def test_a_stop_in_a_long_run_shows_every_value(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    controller.set_breakpoints([Breakpoint(1, phase=Phase.BACKWARD)])
    assert "y_pred" in {value.name for value in controller.run(Goal.END).values}


def test_zero_grads_that_are_passed_over_are_not_stopped_at(open_script: OpenScript) -> None:
    controller = open_script(LECTURE)
    controller.set_zeroing(False)
    assert stops(controller, Breakpoint(1, phase=Phase.ZERO_GRAD)) == []
    assert controller.breakpoint_states()[0].met == 0


def test_a_condition_may_name_a_parameter_as_it_is_shown(open_script: OpenScript) -> None:
    controller = open_script(
        """\
        import torch
        model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
        for step in range(5):
            loss = model(torch.ones(1)).sum()
            loss.backward()
            if step == 3: model[0].weight.data.fill_(9.0)
            model.zero_grad()
        """
    )
    (state,) = controller.set_breakpoints([Breakpoint(1, condition="norm(model.0.weight) > 8", log="")])
    assert (state.verified, state.message) == (True, "")
    stop = controller.run()
    assert (stop.stop_reason, stop.sample) == (StopReason.BREAKPOINT, 3)
