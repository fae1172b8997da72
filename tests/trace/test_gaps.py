"""Where a number over the steps is nan: the same as a look at every step says."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import Running
from bptui.protocol.rows import Branch, Row, Rows
from bptui.trace.timeline import Timeline
from tests.trace.small_runs import hear, opened

NUMBERS = st.none() | st.sampled_from([1.0, math.inf]) | st.just(math.nan)


def rows(numbers: list[tuple[float | None, float | None]], branch: int, first: int) -> list[Row]:
    return [
        Row(
            index, Phase.FORWARD if index % 2 else Phase.UPDATE, StopReason.STEP, 0, 0, value,
            (("w", value, grad),), branch,
        )
        for index, (value, grad) in enumerate(numbers, first)
    ]  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=40),
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=40),
    st.integers(0, 39),
    st.integers(0, 90),
    st.integers(0, 90),
)
def test_every_such_step_is_told_where_there_is_room_for_it(
    before: list[tuple[float | None, float | None]], after: list[tuple[float | None, float | None]],
    at: int, start: int, size: int,
) -> None:  # fmt: skip
    timeline = Timeline.temporary()
    at = min(at, len(before) - 1)
    first, second = rows(before, 0, 0), rows(after, 1, at + 1)
    hear(timeline, opened(), Running(Rows.of([*first, *second]), "", (Branch(1, 0, at),)))
    path = [*first[: at + 1], *second]
    seen = [row for row in path if start <= row.index < start + size]
    losses = [row.index for row in seen if row.phase is Phase.FORWARD and row.loss is not None and row.loss != row.loss]
    values = [row.index for row in seen if (number := row.param("w")[0]) is not None and number != number]
    grads = [row.index for row in seen if (number := row.param("w")[1]) is not None and number != number]
    for what, expected in (("loss", losses), ("w", values), ("w.grad", grads)):
        assert timeline.gaps(1, what, start, start + size, 1_000) == expected
        few = timeline.gaps(1, what, start, start + size, 3)
        assert set(few) <= set(expected)
        assert bool(few) == bool(expected)
    timeline.close()


def test_of_many_in_a_row_only_one_for_each_bucket() -> None:
    timeline = Timeline.temporary()
    hear(timeline, opened(), Running(Rows.of(rows([(math.nan, None)] * 1_000, 0, 0)), ""))
    assert timeline.gaps(0, "loss", 0, 1_000, 4) == [1, 251, 501, 751]
    assert timeline.gaps(0, "w", 0, 1_000, 4) == [0, 250, 500, 750]
    assert timeline.gaps(0, "w.grad", 0, 1_000, 4) == []
    assert timeline.gaps(0, "nothing", 0, 1_000, 4) == []
    timeline.close()
