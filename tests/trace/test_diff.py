"""Two runs side by side: the first step at which they differ is found, named, and told by the exit status."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.cli import diff as differing
from bptui.cli import main as cli
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import Reply, Stopped
from bptui.protocol.rows import Branch, Row
from bptui.trace import diff
from bptui.trace.diff import BranchRef, Difference, Tolerance, first_difference
from bptui.trace.recorded import RecordedSession
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import PROGRAM, hear, opened, row, rows, running, stopped


def way(told: list[Row]) -> BranchRef:
    timeline = Timeline.temporary()
    hear(timeline, opened(), running(told))
    return BranchRef("run", timeline, 0)


def difference(one: list[Row], other: list[Row], tolerance: Tolerance = Tolerance()) -> Difference | None:  # noqa: B008
    return first_difference(way(one), way(other), tolerance)


def with_change(**changes: object) -> list[Row]:
    told = rows(0, 20)
    told[12] = replace(told[12], **changes)  # type: ignore[arg-type]
    return told


def test_the_same_steps_are_the_same_whatever_they_were_stopped_for() -> None:
    assert difference(rows(0, 20), rows(0, 20)) is None
    assert difference(rows(0, 20), with_change(stop_reason=StopReason.BREAKPOINT)) is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"phase": Phase.FORWARD}, "phase update ≠ forward"),
        ({"epoch": 2}, "epoch 1 ≠ 2"),
        ({"sample": None}, "sample 0 ≠ none"),
        ({"edit": "w = 1"}, "edit none ≠ w = 1"),
        ({"loss": 26.0}, "loss 25.0 ≠ 26.0 (by 1)"),
        ({"loss": None}, "loss 25.0 ≠ None"),
        ({"loss": math.nan}, "loss 25.0 ≠ nan (by nan)"),
        ({"params": (("w", 4.5, 2.5),)}, "w 4.0 ≠ 4.5 (by 0.5)"),
        ({"params": (("w", 4.0, None),)}, "w.grad 2.5 ≠ None"),
        ({"params": (("w", 4.0, 2.5), ("b", 0.0, None))}, "b is known only in the second"),
        ({"params": ()}, "w is known only in the first"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_whatever_differs_is_named_at_its_step(changes: dict[str, object], what: str) -> None:
    found = difference(rows(0, 20), with_change(**changes))
    assert found is not None
    assert (found.index, found.what) == (12, (what,))


def test_a_run_that_ends_before_the_other_differs_there() -> None:
    found = difference(rows(0, 20), rows(0, 15))
    assert found is not None
    assert (found.index, found.other, found.what) == (15, None, ("run ends at step 14, run goes on to step 19",))


def test_nan_equals_nan_and_infinity_only_itself() -> None:
    both = with_change(loss=math.nan)
    assert difference(both, both) is None
    loose = Tolerance(1.0, 1e300)
    assert loose.allows(math.nan, math.nan)
    assert loose.allows(math.inf, math.inf)
    assert not loose.allows(math.inf, 1e300)
    assert not loose.allows(-math.inf, math.inf)
    assert not loose.allows(None, 0.0)
    assert loose.allows(None, None)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1), st.floats(0, 1e9))
def test_a_tolerance_counts_both_ways(one: float, relative: float, absolute: float) -> None:
    tolerance = Tolerance(relative, absolute)
    other = one + absolute / 2
    assert tolerance.allows(one, one)
    assert tolerance.allows(one, other) == tolerance.allows(other, one)


def test_differences_within_the_tolerance_do_not_count() -> None:
    changed = with_change(loss=25.001)
    assert difference(rows(0, 20), changed, Tolerance(relative=1e-4)) is None
    assert difference(rows(0, 20), changed, Tolerance(absolute=1e-2)) is None
    assert difference(rows(0, 20), changed, Tolerance(absolute=1e-4)) is not None


def test_a_difference_is_found_on_any_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "PAGE", 5)
    found = difference(rows(0, 20), with_change(loss=0.0))
    assert found is not None
    assert found.index == 12


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two traces in the present folder; the second has a branch that is as the first one."""
    monkeypatch.chdir(tmp_path)
    for name, told in (("a", rows(0, 20)), ("b", with_change(loss=26.0, params=(("w", 5.0, 2.5),)))):
        timeline = Timeline.create(Path(f"{name}.bptrace"))
        program = PROGRAM if name == "a" else replace(PROGRAM, argv=(), source=PROGRAM.source.replace("step", "go"))
        hear(timeline, opened(program), stopped(told[0]), running(told[1:]))
        if name == "b":
            hear(
                timeline,
                running([row(index, 1, loss=row(index).loss) for index in range(12, 19)], "", (Branch(1, 0, 11),)),
            )
        timeline.close()


REPORT = """\
The scripts differ from line 5 on.
The arguments differ: --lr 0.1 ≠ none.
a.bptrace and b.bptrace: step 12 (update, epoch 1, sample 0) differs: loss 25.0 ≠ 26.0 (by 1); and 1 more.
    w 4.0 ≠ 5.0 (by 1)
  #9 update, epoch 0, sample 2  loss 33.333333333333336  w 3.0  w.grad 1.5
  #10 forward, epoch 1, sample 0  loss 25.0  w 4.0  w.grad 2.5
  #11 backward, epoch 1, sample 0  loss 25.0  w 4.0  w.grad 2.5
< #12 update, epoch 1, sample 0  loss 25.0  w 4.0  w.grad 2.5
> #12 update, epoch 1, sample 0  loss 26.0  w 5.0  w.grad 2.5
"""


@pytest.mark.usefixtures("traces")
def test_the_first_difference_is_told_with_what_was_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", "a.bptrace", "b.bptrace"]) == 1
    assert capsys.readouterr().out == REPORT


@pytest.mark.usefixtures("traces")
def test_the_same_is_status_0_and_a_branch_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", "a.bptrace", "a.bptrace"]) == 0
    assert capsys.readouterr().out == "a.bptrace and a.bptrace are the same: 20 steps.\n"
    assert cli.main(["diff", "a.bptrace", "b.bptrace:1"]) == 1
    assert (
        "step 19 (forward, epoch 2, sample 0) differs: b.bptrace:1 ends at step 18, a.bptrace goes on to step 19."
        in (capsys.readouterr().out)
    )


@pytest.mark.usefixtures("traces")
@pytest.mark.parametrize("option", [("--rtol", "0.5"), ("--atol", "1")])
def test_a_tolerance_is_given_as_an_option(option: tuple[str, str]) -> None:
    assert cli.main(["diff", *option, "a.bptrace", "b.bptrace"]) == 0


@pytest.mark.usefixtures("traces")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.bptrace", "c.bptrace"], "there is no file c.bptrace."),
        (["a.bptrace", "b.bptrace:7"], "b.bptrace has no branch 7: they are numbered 0 to 1."),
        (["a.bptrace", "text"], "text is not a trace of bptui: it is no SQLite file."),
    ],
)
def test_bad_input_is_status_2_and_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    Path("text").write_text("hello")
    assert cli.main(["diff", *arguments]) == 2
    assert capsys.readouterr().err == f"bptui: {sentence}\n"


@pytest.mark.parametrize("arguments", [["a"], ["a", "b", "c"], ["--rtol", "-1", "a", "b"], ["--rtol", "nan", "a", "b"]])
def test_what_cannot_be_understood_is_status_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["diff", *arguments])
    assert exit_.value.code == 2
    assert "usage: bptui diff" in capsys.readouterr().err


@pytest.mark.usefixtures("traces")
def test_on_the_screen_the_first_run_is_opened_at_the_difference() -> None:
    shown: list[tuple[str, str, Stopped]] = []

    def show(session: RecordedSession, title: str, source: str) -> None:
        def hear_stop(reply: Reply) -> None:
            if isinstance(reply.payload, Stopped):
                shown.append((title, source, reply.payload))

        session.start(hear_stop)

    assert differing.run(["a.bptrace", "b.bptrace"], show) == 1
    ((title, source, stop),) = shown
    assert (title, source, stop.snapshot.index) == ("a.bptrace", PROGRAM.source, 12)
    assert stop.snapshot.explain == (
        "a.bptrace and b.bptrace: step 12 (update, epoch 1, sample 0) differs: loss 25.0 ≠ 26.0 (by 1); and 1 more"
    )
    assert differing.run(["a.bptrace", "b.bptrace", "--text"], show) == 1
    assert differing.run(["a.bptrace", "a.bptrace"], show) == 0
    assert len(shown) == 1


@pytest.mark.usefixtures("traces")
def test_a_run_that_ended_first_is_opened_at_its_last_step() -> None:
    stops: list[Reply] = []
    assert differing.run(["b.bptrace:1", "a.bptrace"], lambda session, *_: session.start(stops.append)) == 1
    assert isinstance(stops[-1].payload, Stopped)
    assert (stops[-1].payload.snapshot.branch, stops[-1].payload.snapshot.index) == (1, 18)


def test_one_step_is_one_step() -> None:
    assert list(diff.report(way(rows(0, 1)), way(rows(0, 1)), None))[-1].endswith("the same: 1 step.")
