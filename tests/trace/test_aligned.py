"""Two branches laid sample on sample."""

from __future__ import annotations

import pytest

from bptui.trace.aligned import Aligned


def forwards(first: int, steps: int, samples: int) -> list[tuple[int, int | None, int | None]]:
    """A forward for each sample, two samples an epoch, so many steps a sample."""
    return [(first + steps * at, at // 2, at % 2) for at in range(samples)]


FOUR_ON_THREE = Aligned(forwards(5, 4, 10), forwards(5, 3, 13), shared=4)


def test_the_forwards_of_one_sample_belong_together_as_far_as_both_came() -> None:
    assert FOUR_ON_THREE.pairs == [(5 + 4 * at, 5 + 3 * at) for at in range(10)]


@pytest.mark.parametrize(("second", "first"), [(0, 0), (4, 4), (5, 5), (8, 9), (32, 41), (35, 45), (41, 53)])
def test_a_step_is_where_its_sample_is_on_the_other_branch(second: int, first: int) -> None:
    assert FOUR_ON_THREE.on_first(second) == pytest.approx(first)
    assert FOUR_ON_THREE.on_second(first) == pytest.approx(second)


def test_several_forwards_of_a_sample_are_told_apart_and_one_that_the_other_lacks_is_left_out() -> None:
    both = Aligned([(1, 0, 0), (2, 0, 0), (5, 0, 1)], [(1, 0, 0), (2, 0, 0), (4, 0, 2), (6, 0, 1)])
    assert both.pairs == [(1, 1), (2, 2), (5, 6)]


def test_a_loop_without_epochs_and_samples_is_counted() -> None:
    assert Aligned([(1, None, None), (5, None, None)], [(1, None, None), (4, None, None)]).pairs == [(1, 1), (5, 4)]


def test_without_a_forward_on_both_nothing_is_moved() -> None:
    alone = Aligned([(1, 0, 0)], [], shared=3)
    assert (alone.pairs, alone.on_first(7), alone.on_second(7)) == ([], 7, 7)
