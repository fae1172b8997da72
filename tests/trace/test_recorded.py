"""A recorded run is gone through as the live one was, without torch; what would have to run is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Goal, Mark, Phase, StopReason
from bptui.protocol.replies import (
    BreakpointsSet,
    Completed,
    CurveDrawn,
    Died,
    Inspected,
    Opened,
    Payload,
    Refused,
    Reply,
    SeenAnew,
    Stopped,
)
from bptui.protocol.requests import (
    Ask,
    Back,
    CheckGradients,
    Compare,
    Complete,
    Do,
    DrawCurve,
    Evaluate,
    GoTo,
    Inspect,
    Next,
    Run,
    RunBack,
    SetBreakpoints,
    SetValue,
    SetWatches,
    SetZeroing,
    ShowTape,
    Step,
)
from bptui.protocol.rows import Branch
from bptui.protocol.snapshot import Snapshot, Watched
from bptui.protocol.tape import Move
from bptui.trace.errors import NotATrace
from bptui.trace.recorded import RecordedSession
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import hear, opened, row, rows, running, same, snapshot, stopped

RECORDED = "This is a recorded run: it can be looked at, but nothing runs in it."


class Player:
    """Asks a recorded session, and keeps what it answers."""

    def __init__(self, path: Path) -> None:
        self.session = RecordedSession(path)
        self.told: list[Payload] = []
        self.session.start(self._hear)

    def _hear(self, reply: Reply) -> None:
        self.told.append(reply.payload)

    def ask(self, ask: Ask) -> Payload:
        before = len(self.told)
        self.session.send(ask)
        assert len(self.told) == before + 1
        return self.told[-1]

    def stop(self, ask: Ask) -> Snapshot:
        payload = self.ask(ask)
        assert isinstance(payload, Stopped), payload
        assert payload.rows == ()
        return payload.snapshot

    def at(self, ask: Ask) -> tuple[int, int, StopReason]:
        stop = self.stop(ask)
        return stop.branch, stop.index, stop.stop_reason

    def refusal(self, ask: Ask) -> str:
        payload = self.ask(ask)
        assert isinstance(payload, Refused), payload
        return payload.message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Four steps one by one, 30 at full speed to a breakpoint, ten more; and a branch from step 20 on."""
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), *(stopped(row(index)) for index in range(5)))
    hear(timeline, running(rows(5, 20)), stopped(row(34, reason=StopReason.BREAKPOINT), rows(20, 34), met="line 5"))
    hear(timeline, stopped(row(44, reason=StopReason.PAUSE), rows(35, 44)))
    hear(timeline, Stopped(snapshot(row(20), stop_reason=StopReason.GOTO), ()))
    hear(timeline, stopped(row(21, 1, phase=None, edit="w = 1.5"), branches=(Branch(1, 0, 20),)))
    hear(timeline, stopped(row(24, 1), rows(22, 24, 1)))
    timeline.close()
    return path


@pytest.fixture
def player(path: Path) -> Player:
    return Player(path)


def test_it_opens_at_the_entry_of_the_branch_that_goes_furthest(player: Player) -> None:
    begun, entry = player.told
    assert isinstance(begun, Opened)
    assert same(begun, opened())
    assert isinstance(entry, Stopped)
    assert (entry.snapshot.index, entry.snapshot.branch, entry.snapshot.stop_reason) == (0, 0, StopReason.ENTRY)
    assert same(entry.branches, (Branch(1, 0, 20),))


def test_next_goes_on_by_one_step_with_all_that_was_kept_of_it(player: Player) -> None:
    stop = player.stop(Next())
    assert (stop.index, stop.phase, stop.explain, stop.loss_name) == (1, Phase.FORWARD, "step 1", "l")
    assert player.at(Next()) == (0, 2, StopReason.STEP)


def test_a_phase_is_refused_unless_it_is_the_one_that_ran(player: Player) -> None:
    assert player.refusal(Do(Phase.BACKWARD)) == "This is a recorded run, and what it did next was forward."
    assert player.at(Do(Phase.FORWARD)) == (0, 1, StopReason.STEP)
    player.stop(GoTo(20, 1))
    assert player.refusal(Do(Phase.UPDATE)) == "This is a recorded run, and what it did next was `w = 1.5`."


def test_back_goes_to_and_last_are_gotos(player: Player) -> None:
    assert player.refusal(Back()) == "This is the entry: nothing has run before it."
    player.stop(Next())
    assert player.at(Back()) == (0, 0, StopReason.GOTO)
    assert player.at(GoTo(40)) == (0, 40, StopReason.GOTO)
    assert player.at(Back(3)) == (0, 37, StopReason.GOTO)
    assert player.at(Back(99)) == (0, 0, StopReason.GOTO)
    assert player.at(GoTo(-1)) == (0, 44, StopReason.GOTO)
    assert player.at(GoTo(-1, 1)) == (1, 24, StopReason.GOTO)
    assert player.at(Back(10)) == (1, 14, StopReason.GOTO)
    assert player.refusal(GoTo(25)) == "There is no step 25 on branch 1."
    assert player.refusal(GoTo(0, 2)) == "There is no branch 2."


def test_a_run_ends_where_the_recorded_one_halted_or_at_its_goal(player: Player) -> None:
    assert player.at(Run(Goal.SAMPLE)) == (0, 3, StopReason.STEP)
    assert player.at(Run(Goal.SAMPLE)) == (0, 6, StopReason.STEP)
    assert player.at(Run(Goal.EPOCH)) == (0, 9, StopReason.STEP)
    assert player.at(Run(Goal.END, 4)) == (0, 13, StopReason.STEP)
    assert player.at(Run(Goal.END)) == (0, 34, StopReason.BREAKPOINT)
    assert player.at(Run(Goal.END)) == (0, 44, StopReason.STEP)
    assert player.refusal(Run(Goal.END)) == "The recording ends here."
    assert player.refusal(Next()) == "The recording ends here."
    assert player.at(RunBack()) == (0, 34, StopReason.GOTO)
    assert player.at(RunBack()) == (0, 0, StopReason.GOTO)


def test_a_branch_is_walked_along_from_its_ancestors_steps_on(player: Player) -> None:
    player.stop(GoTo(19, 1))
    assert player.at(Next()) == (1, 20, StopReason.STEP)
    stop = player.stop(Next())
    assert (stop.branch, stop.edit, stop.phase) == (1, "w = 1.5", None)
    assert player.at(Run(Goal.END)) == (1, 24, StopReason.STEP)


def test_a_step_that_ran_at_full_speed_is_told_from_its_row_and_the_script(player: Player) -> None:
    stop = player.stop(GoTo(11))
    assert (stop.phase, stop.block, stop.epoch, stop.sample, stop.consumed) == (Phase.BACKWARD, 1, 1, 0, 4)
    assert stop.loss is not None
    assert stop.loss.number == row(11).loss
    (w,) = stop.params
    assert (w.value.shape, w.value.number, w.grad and w.grad.number) == ((1,), 4.0, 2.5)
    assert stop.marks == (Mark.DONE, Mark.DONE, Mark.NEXT)
    assert stop.next is not None
    assert (stop.next.line, stop.next.text, stop.possible) == (5, "step()", (Phase.UPDATE,))
    assert (stop.epochs, stop.samples, stop.zeroing, stop.explain) == (
        9,
        3,
        True,
        "backward: only its numbers were kept",
    )
    assert player.stop(GoTo(12)).marks == (Mark.NEXT, Mark.TODO, Mark.TODO)


def test_where_only_the_entry_was_kept_before_a_later_stop_tells_what_things_are(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), stopped(row(0), loss_name=None, values=(), targets=0), stopped(row(30), rows(1, 30)))
    timeline.close()
    stop = Player(path).stop(GoTo(10))
    assert (stop.loss_name, [each.name for each in stop.values], stop.targets) == ("l", ["x", "y"], 2)
    assert {each.fact.text for each in stop.values} == {"not kept"}
    assert stop.params[0].value.shape == (1,)


def test_what_the_program_ran_next_is_next(path: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), stopped(row(0)), stopped(row(1)), stopped(row(2, phase=Phase.FORWARD)))
    timeline.close()
    stop = Player(path).stop(Next())
    assert (stop.next and stop.next.phase, stop.possible) == (Phase.FORWARD, (Phase.FORWARD,))


@pytest.mark.parametrize(
    "ask",
    [
        ShowTape(), CheckGradients(), Evaluate("w"), SetValue("w", "1"), SetZeroing(False), Compare(),
    ],
    ids=lambda ask: type(ask).__name__,
)  # fmt: skip
def test_what_would_have_to_run_is_refused(player: Player, ask: Ask) -> None:
    assert player.refusal(ask) == RECORDED
    assert player.at(Next()) == (0, 1, StopReason.STEP)


def test_there_is_no_inside_and_no_curve(player: Player) -> None:
    assert player.refusal(Step(Move.IN)) == "A recorded run has no inside of a phase."
    curve = player.ask(DrawCurve("w", 0.0, 1.0, 9))
    assert isinstance(curve, CurveDrawn)
    assert curve.reason == "this is a recorded run: nothing can be computed"
    assert isinstance(player.ask(Complete("w.")), Completed)


def test_values_are_looked_into_as_far_as_they_were_kept(player: Player) -> None:
    player.stop(GoTo(4))
    for name, text in (("w", "[2.0]"), ("w.grad", "[0.5]"), ("x", "2.0"), ("l", "50.0")):
        told = player.ask(Inspect(name))
        assert isinstance(told, Inspected)
        assert told.text == text
    assert player.refusal(Inspect("z")) == "There is no z in what was kept of this step."
    player.stop(GoTo(1))
    told = player.ask(Inspect("w.grad"))
    assert isinstance(told, Inspected)
    assert told.text == "None"


def test_a_breakpoint_is_taken_but_cannot_be_met(player: Player) -> None:
    told = player.ask(SetBreakpoints((Breakpoint(3, line=4),)))
    assert isinstance(told, BreakpointsSet)
    (state,) = told.states
    assert (state.number, state.verified, state.message) == (
        3, False, "a recorded run stops only where it stopped when it was recorded",
    )  # fmt: skip


def test_a_watch_shows_what_was_recorded_of_it_or_the_value_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), stopped(row(0)), stopped(row(1), watches=(Watched("w + 1", "2.0", False),)))
    timeline.close()
    player = Player(path)
    assert same(player.stop(Next()).watches, (Watched("w + 1", "2.0", False),))
    told = player.ask(SetWatches(("w", "w + 1", "w + 2")))
    assert isinstance(told, SeenAnew)
    assert [(each.text, each.failed) for each in told.snapshot.watches] == [
        ("[1.0]", False), ("2.0", False), ("not known: nothing is evaluated in a recorded run", True),
    ]  # fmt: skip
    assert [each.failed for each in player.stop(Back()).watches] == [False, True, True]


def test_restart_stands_at_the_entry_again(player: Player) -> None:
    player.stop(GoTo(24, 1))
    player.session.restart()
    again = player.told[-1]
    assert isinstance(again, Stopped)
    assert (again.snapshot.branch, again.snapshot.index) == (0, 0)


def test_how_the_program_died_is_said_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), stopped(row(0)), Died("The program was killed by SIGKILL.", "", ""))
    timeline.close()
    assert Player(path).refusal(Next()) == "The recording ends here. The program was killed by SIGKILL."


def test_a_trace_without_a_step_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened())
    timeline.close()
    with pytest.raises(NotATrace, match="has no steps: the program did not come to its loop"):
        RecordedSession(path)


def test_after_closing_nothing_is_told(player: Player) -> None:
    player.session.close()
    count = len(player.told)
    player.session.send(Next())
    assert len(player.told) == count
