"""The store gives back what it was told: rows, snapshots, branches, numbers over steps."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import Compared, Died, Evaluated, Running, SeenAnew, Stopped
from bptui.protocol.rows import Branch, Row, Rows
from bptui.trace.errors import CannotRecord
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import hear, opened, row, rows, running, same, snapshot, stopped


@pytest.fixture
def timeline() -> Iterator[Timeline]:
    timeline = Timeline.temporary()
    hear(timeline, opened())
    yield timeline
    timeline.close()


NUMBERS = st.none() | st.floats() | st.integers(-3, 3).map(float) | st.just(-0.0)
COUNTS = st.none() | st.integers(0, 2**40)
NAMES = st.lists(st.text(min_size=1, max_size=8), max_size=4, unique=True)


@st.composite
def any_rows(draw: st.DrawFn) -> list[Row]:
    """Rows of one branch whose parameters may change on the way."""
    found: list[Row] = []
    for _ in range(draw(st.integers(1, 3))):
        names = draw(NAMES)
        for _ in range(draw(st.integers(1, 5))):
            found.append(
                Row(
                    len(found),
                    draw(st.none() | st.sampled_from(Phase)),
                    draw(st.sampled_from(StopReason)),
                    draw(COUNTS),
                    draw(COUNTS),
                    draw(NUMBERS),
                    tuple((name, draw(NUMBERS), draw(NUMBERS)) for name in names),
                    0,
                    draw(st.text(max_size=9)),
                )
            )
    return found


def by_name(each: Row) -> Row:
    return Row(*[sorted(field) if isinstance(field, tuple) else field for field in vars(each).values()])  # type: ignore[arg-type]


@given(any_rows(), st.data())
def test_any_rows_come_back_bit_for_bit_however_they_were_told(told: list[Row], data: st.DataObject) -> None:
    timeline = Timeline.temporary()
    hear(timeline, opened())
    rest = told
    while rest:
        count = data.draw(st.integers(1, len(rest)))
        hear(timeline, running(rest[:count]))
        rest = rest[count:]
    found = timeline.rows(0, 0, 1_000)
    expected = [Row(*(_readable(field) for field in vars(each).values())) for each in told]  # type: ignore[arg-type]
    assert same(list(map(by_name, found)), list(map(by_name, expected)))
    assert timeline.last(0) == len(told) - 1
    timeline.close()


def _readable(field: object) -> object:
    """Text as it can be written: without lone surrogates."""
    if isinstance(field, tuple):
        return tuple(map(_readable, field))
    return field.encode(errors="backslashreplace").decode() if type(field) is str else field


def test_none_nan_and_the_infinities_stay_apart(timeline: Timeline) -> None:
    numbers = (None, math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324)
    hear(timeline, running([row(index, loss=number) for index, number in enumerate(numbers, 1)]))
    assert same([each.loss for each in timeline.rows(0, 0, 9)], list(numbers))


def test_whole_numbers_become_floats_and_too_large_ones_inf(timeline: Timeline) -> None:
    hear(timeline, running([row(1, loss=3), row(2, loss=10**400), row(3, loss=True)]))
    assert [each.loss for each in timeline.rows(0, 1, 4)] == [3.0, math.inf, 1.0]


def test_a_row_that_is_not_there_is_none(timeline: Timeline) -> None:
    assert (timeline.last(0), timeline.row(0, 0), timeline.rows(7, 0, 9), timeline.last(7)) == (-1, None, [], -1)
    hear(timeline, stopped(row(0)))
    assert timeline.row(0, -1) is None
    assert timeline.row(0, 1) is None
    assert timeline.row(0, 0) is not None


def test_a_branch_has_its_ancestors_rows_up_to_where_it_left(timeline: Timeline) -> None:
    one, two = Branch(1, 0, 4), Branch(2, 1, 6)
    hear(timeline, stopped(row(9), rows(0, 9)))
    hear(timeline, running(rows(5, 12, 1), branches=(one,)), running(rows(7, 9, 2), branches=(two,)))
    assert [branch.number for branch in timeline.branches] == [0, 1, 2]
    assert [timeline.last(number) for number in range(3)] == [9, 11, 8]
    assert [(each.branch, each.index) for each in timeline.rows(2, 3, 99)] == [
        (0, 3), (0, 4), (1, 5), (1, 6), (2, 7), (2, 8),
    ]  # fmt: skip
    assert timeline.row(0, 5).branch == 0  # type: ignore[union-attr]


def test_a_branch_that_left_before_its_parent_began_has_the_grandparents_rows(timeline: Timeline) -> None:
    hear(timeline, stopped(row(9), rows(0, 9)))
    hear(timeline, running(rows(6, 9, 1), branches=(Branch(1, 0, 5),)), running([], branches=(Branch(2, 1, 3),)))
    assert timeline.last(2) == 3
    hear(timeline, running(rows(4, 6, 2)))
    assert [(each.branch, each.index) for each in timeline.rows(2, 2, 99)] == [(0, 2), (0, 3), (2, 4), (2, 5)]


def test_the_snapshot_of_each_stop_is_kept_and_of_no_other_step(timeline: Timeline) -> None:
    hear(timeline, stopped(row(0)), stopped(row(5), rows(1, 5)))
    assert same(timeline.snapshot(0, 5), snapshot(row(5)))
    assert timeline.snapshot(0, 4) is None
    assert timeline.marks(0) == [0, 5]


def test_a_branch_has_its_ancestors_snapshots(timeline: Timeline) -> None:
    hear(timeline, stopped(row(0)), stopped(row(4), rows(1, 4)), stopped(row(5)))
    hear(timeline, stopped(row(5, 1), branches=(Branch(1, 0, 4),)))
    assert same(timeline.snapshot(1, 4), snapshot(row(4)))
    assert same(timeline.snapshot(1, 5), snapshot(row(5, 1)))
    assert same(timeline.snapshot(0, 5), snapshot(row(5)))
    assert timeline.marks(1) == [0, 4, 5]


def test_going_back_adds_the_snapshot_of_a_step_that_ran_at_full_speed_and_changes_none(timeline: Timeline) -> None:
    hear(timeline, stopped(row(0)), stopped(row(5, reason=StopReason.PAUSE), rows(1, 5), printed="said"))
    for index in (5, 3):
        hear(timeline, Stopped(snapshot(row(index), stop_reason=StopReason.GOTO), ()))
    assert timeline.last(0) == 5
    assert timeline.snapshot(0, 5).printed == "said"  # type: ignore[union-attr]
    assert timeline.snapshot(0, 3).stop_reason is StopReason.STEP  # type: ignore[union-attr]


def test_a_stop_inside_a_phase_is_not_a_step(timeline: Timeline) -> None:
    from bptui.protocol.tape import Op

    op = Op(0, 1, "mul", 0, -1, "x * w", 3, "", (), (), (), (), (), (), "")
    hear(timeline, stopped(row(0)), Stopped(snapshot(row(1), op=op), ()), SeenAnew(snapshot(row(1))))
    assert (timeline.last(0), timeline.marks(0)) == (0, [0])


def test_steps_that_evaluations_and_comparisons_made_are_kept(timeline: Timeline) -> None:
    hear(timeline, stopped(row(0)))
    hear(timeline, Evaluated("", False, stopped(row(1, edit="w = 1.5", phase=None))), Evaluated("2", False, None))
    hear(timeline, running(rows(2, 5, 1), branches=(Branch(1, 0, 1),)))
    hear(timeline, Compared(Stopped(snapshot(row(1), stop_reason=StopReason.GOTO), ()), 1, 0, 1))
    assert [each.edit for each in timeline.rows(1, 0, 9)] == ["", "w = 1.5", "", "", ""]


def test_opening_begins_anew_and_a_temporary_file_forgets_what_was(timeline: Timeline) -> None:
    hear(timeline, stopped(row(9), rows(0, 9)), opened())
    assert (timeline.last(0), timeline.branches) == (-1, (Branch(0, None, -1),)) or timeline.branches[0].at == -1
    hear(timeline, stopped(row(0)))
    assert (timeline.last(0), timeline.marks(0), len(timeline.branches)) == (0, [0], 1)


def test_a_recording_keeps_every_run_and_opens_the_latest(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    for steps in (9, 4):
        hear(timeline, opened(), stopped(row(steps), rows(0, steps)))
    timeline.close()
    again = Timeline.open(path)
    assert again.last(0) == 4
    assert same(again.program, opened().program)
    assert sqlite3.connect(path).execute("SELECT run, count(*) FROM numbers GROUP BY run").fetchall() == [
        (1, 10),
        (2, 5),
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["run.bptrace"]


def test_what_the_script_printed_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    hear(timeline, opened(), stopped(row(0), printed="setup\n"), running(rows(1, 4), "one\n"))
    hear(timeline, running(rows(4, 6), "two\n"), stopped(row(6), printed="one\ntwo\nthree\n", errors="warning\n"))
    hear(timeline, stopped(row(7), printed="four\n"), Died("It was killed.", "last\n", ""))
    timeline.close()
    found = sqlite3.connect(path).execute("SELECT idx, stream, text FROM output ORDER BY id").fetchall()
    assert found == [
        (0, "stdout", "setup\n"), (3, "stdout", "one\n"), (5, "stdout", "two\n"), (6, "stdout", "three\n"),
        (6, "stderr", "warning\n"), (7, "stdout", "four\n"), (7, "stdout", "last\n"),
    ]  # fmt: skip
    assert sqlite3.connect(path).execute("SELECT died FROM run").fetchall() == [("It was killed.",)]


def extremes(told: list[Row], what: str, width: int) -> list[tuple[int, float, float]]:
    """The same as `series`, the simple way."""
    buckets: dict[int, list[tuple[int, float]]] = {}
    for each in told:
        value, grad = each.param("w")
        number = {"w": value, "w.grad": grad, "loss": each.loss if each.phase is Phase.FORWARD else None}[what]
        if number is not None and number == number:
            buckets.setdefault(each.index // width, []).append((each.index, number))
    return [(b[0][0], min(n for _, n in b), max(n for _, n in b)) for b in buckets.values()]


def test_a_series_of_few_steps_has_each_of_them(timeline: Timeline) -> None:
    told = rows(0, 100)
    told[4] = row(4, loss=math.nan)
    hear(timeline, running(told))
    for what in ("loss", "w", "w.grad"):
        assert timeline.series(0, what, 0, 100, 100) == extremes(told, what, 1)
        assert timeline.series(0, what, 10, 20, 100) == extremes(told[10:20], what, 1)
    assert timeline.series(0, "nothing", 0, 100, 100) == []
    assert timeline.series(0, "loss", 200, 300, 100) == []


@pytest.mark.parametrize("what", ["loss", "w", "w.grad"])
@pytest.mark.parametrize(("start", "stop", "points"), [(0, 9_000, 7), (100, 8_999, 10), (255, 7_000, 20), (3, 700, 9)])
def test_a_series_of_many_steps_has_every_buckets_extremes(what: str, start: int, stop: int, points: int) -> None:
    timeline = Timeline.temporary()
    hear(timeline, opened())
    told = [
        row(
            index,
            loss=math.sin(index) * index if index % 7 else math.nan,
            params=(("w", -1.0 * index, math.cos(index)),),
        )
        for index in range(1, 9_000)
    ]
    told.insert(0, row(0))
    for at in range(0, len(told), 100):
        hear(timeline, running(told[at : at + 100]))
    found = timeline.series(0, what, start, stop, points)
    assert len(found) <= points + 1
    inside = told[start:stop]
    assert min(low for _, low, _ in found) == min(low for _, low, _ in extremes(inside, what, 1))
    assert max(high for _, _, high in found) == max(high for _, _, high in extremes(inside, what, 1))
    width = -(-(stop - start) // points)
    width = width if width < 256 else -(-width // 256) * 256
    assert [point[1:] for point in found] == [point[1:] for point in extremes(inside, what, width)]


def test_a_series_goes_through_the_ancestors(timeline: Timeline) -> None:
    told = [*rows(0, 1_001), *rows(1_001, 3_000, 1)]
    hear(timeline, running(rows(0, 2_000)), running(told[1_001:], branches=(Branch(1, 0, 1_000),)))
    assert [each[1:] for each in timeline.series(1, "w", 0, 3_000, 6)] == [
        each[1:] for each in extremes(told, "w", 512)
    ]


def test_the_temporary_file_has_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    timeline = Timeline.temporary()
    hear(timeline, opened(), running(rows(0, 5_000)))
    assert os.listdir(tmp_path) == []
    assert timeline.last(0) == 4_999
    timeline.close()
    assert os.listdir(tmp_path) == []


def test_readers_on_other_threads_see_whole_messages_while_one_writes(timeline: Timeline) -> None:
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            last = timeline.last(0)
            found = timeline.rows(0, max(0, last - 20), last + 1)
            if last >= 0 and (not found or found[-1].index != last or any(not each.params for each in found)):
                wrong.append((last, found))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for start in range(0, 20_000, 200):
        hear(timeline, running(rows(start, start + 200)))
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_full_disk_is_said_and_ends_the_recording_not_the_session(tmp_path: Path) -> None:
    timeline = Timeline.create(tmp_path / "run.bptrace")
    hear(timeline, opened(), stopped(row(0)))
    assert timeline._connection is not None
    pages = timeline._connection.execute("PRAGMA page_count").fetchone()[0]
    timeline._connection.execute(f"PRAGMA max_page_count = {pages}")
    hear(timeline, running(rows(1, 9_000)))
    assert "cannot be written (database or disk is full)" in timeline.trouble
    hear(timeline, stopped(row(1)))
    assert timeline.last(0) == 0
    timeline.close()
    assert Timeline.open(tmp_path / "run.bptrace").last(0) == 0


def test_rows_of_a_branch_that_was_never_told_are_trouble_not_a_crash(timeline: Timeline) -> None:
    hear(timeline, running(rows(5, 6, 3)))
    assert timeline.trouble


def test_a_saved_copy_is_complete_and_replaces_only_a_trace(timeline: Timeline, tmp_path: Path) -> None:
    path, other = tmp_path / "kept.bptrace", tmp_path / "train.py"
    other.write_text("print()")
    hear(timeline, stopped(row(9), rows(0, 9)))
    timeline.save(path)
    hear(timeline, stopped(row(10)))
    assert Timeline.open(path).last(0) == 9
    timeline.save(path)
    kept = Timeline.open(path)
    assert kept.last(0) == 10
    kept.save(tmp_path / "again.bptrace")
    assert same(Timeline.open(tmp_path / "again.bptrace").rows(0, 0, 99), timeline.rows(0, 0, 99))
    with pytest.raises(CannotRecord, match="is not a trace, so it is not overwritten"):
        timeline.save(other)
    with pytest.raises(CannotRecord, match="cannot be written: No such file or directory"):
        timeline.save(tmp_path / "no" / "kept.bptrace")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["again.bptrace", "kept.bptrace", "train.py"]


def test_a_recording_is_not_made_over_another_file(tmp_path: Path) -> None:
    path = tmp_path / "run.bptrace"
    timeline = Timeline.create(path)
    with pytest.raises(CannotRecord, match="is there already"):
        Timeline.create(path)
    with pytest.raises(CannotRecord, match="the file of this very session"):
        timeline.save(path)
    with pytest.raises(CannotRecord, match="No such file or directory"):
        Timeline.create(tmp_path / "no" / "run.bptrace")


def test_a_closed_timeline_has_no_steps_any_more(timeline: Timeline, tmp_path: Path) -> None:
    hear(timeline, stopped(row(0)))
    timeline.close()
    timeline.close()
    hear(timeline, stopped(row(1)))
    assert (timeline.last(0), timeline.row(0, 0), timeline.marks(0), timeline.series(0, "w", 0, 9, 9)) == (
        -1, None, [], [],
    )  # fmt: skip
    with pytest.raises(CannotRecord, match="closed"):
        timeline.save(tmp_path / "kept.bptrace")


def test_a_recording_of_nothing_is_removed(tmp_path: Path) -> None:
    Timeline.create(tmp_path / "run.bptrace").close()
    assert list(tmp_path.iterdir()) == []


def test_empty_messages_are_nothing(timeline: Timeline) -> None:
    hear(timeline, Running((), ""), Running((Rows(0, 0, (), (), (), (), (), (), ()),), ""))
    assert timeline.last(0) == -1
    nothing = Timeline.temporary()
    hear(nothing, stopped(row(0)))
    assert (nothing.program, nothing.branches, nothing.trouble) == (None, (), "")
