"""The packed timeline gives back what was put in, and knows its branches."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from bptui.engine.run.history import Fields, History, StepTaken, differing
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.rows import Row

NUMBERS = st.none() | st.floats(allow_nan=False)
NAMES = st.sampled_from([("w",), ("w", "b"), ()])
DEEDS = st.builds(StepTaken, st.none() | st.sampled_from(list(Phase)), st.booleans()) | st.builds(
    StepTaken, st.none(), st.booleans(), st.sampled_from(["w = 1", "lr = 2"])
)


@st.composite
def fields(draw: st.DrawFn) -> Fields:
    params = tuple((name, draw(NUMBERS), draw(NUMBERS)) for name in draw(NAMES))
    phase = draw(st.none() | st.sampled_from([each.value for each in Phase]))
    return phase, draw(st.none() | st.integers(0, 99)), draw(st.none() | st.integers(0, 99)), draw(NUMBERS), params


@dataclass
class Model:
    """A timeline as plain lists: each branch with all its steps, those of its ancestors too."""

    branches: list[list[tuple[StepTaken, Fields]]] = field(default_factory=lambda: [[]])
    at: tuple[int, int] = (0, -1)

    def made(self, taken: StepTaken, now: Fields) -> None:
        branch, index = self.at
        steps = self.branches[branch]
        here = steps[: index + 1]
        if index + 1 < len(steps):
            ways = [branch, *range(len(self.branches))]
            for way in ways:
                other = self.branches[way]
                shared = len(other) > index + 1 and all(a is b for a, b in zip(other, here, strict=False))
                if shared and other[index + 1][0] == taken:
                    if not differing(row(way, index + 1, *other[index + 1]), now):
                        self.at = (way, index + 1)
                        return
                    break
            self.branches.append([*here, (taken, now)])
            self.at = (len(self.branches) - 1, index + 1)
            return
        steps.append((taken, now))
        self.at = (branch, index + 1)


def row(branch: int, index: int, taken: StepTaken, now: Fields) -> Row:
    phase, epoch, sample, loss, params = now
    return Row(index, Phase(phase) if phase else None, StopReason.STEP, epoch, sample, loss, params, branch, taken.edit)


@given(st.lists(st.tuples(DEEDS, fields(), st.none() | st.tuples(st.integers(0, 9), st.integers(0, 99))), max_size=30))
def test_it_is_a_list_for_each_branch(steps: list[tuple[StepTaken, Fields, tuple[int, int] | None]]) -> None:
    history, model = History(), Model()
    for taken, now, goto in steps:
        history.made(taken, now)
        model.made(taken, now)
        if goto is not None:
            branch = goto[0] % len(model.branches)
            model.at = branch, goto[1] % len(model.branches[branch])
            history.move_to(*model.at)
        assert (history.branch, history.index) == model.at
    assert len(history.branches) == len(model.branches)
    for branch, made in enumerate(model.branches):
        assert history.last(branch) == len(made) - 1
        for index, (taken, now) in enumerate(made):
            owner = history.owner(branch, index).info.number
            assert history.taken(branch, index) == taken
            assert repr(history.row(branch, index)) == repr(row(owner, index, taken, now))
        told = [each for stretch in history.stretches(branch, 0) for each in stretch]
        own = history.branches[branch].at + 1
        assert [repr(each) for each in told] == [repr(history.row(branch, at)) for at in range(own, len(made))]


def test_many_steps_take_a_few_dozen_bytes_each() -> None:
    history = History()
    keep, packed = history.keeper(StepTaken()), StepTaken().packed
    for index in range(12_000):
        keep((packed, ("forward", index % 7, index % 3, float(index), (("w", 1.0, None),))))
    branch = history.owner(0, 0)
    columns = [branch.steps_taken, branch.phases, *(branch.epochs, branch.samples, branch.losses), branch.layouts[0][2]]
    size = sum(len(column) * getattr(column, "itemsize", 1) for column in columns)
    assert size <= 40 * len(branch)
    assert history.row(0, 5000).loss == 5000.0


def test_a_step_that_gives_the_same_numbers_again_does_not_differ() -> None:
    nan = float("nan")
    before = Row(3, Phase.FORWARD, StopReason.STEP, 0, 0, nan, (("w", 1.0, None), ("b", 2.0, 3.0)))
    assert differing(before, ("forward", 0, 0, nan, (("w", 1.0, None), ("b", None, 3.0)))) == ""
    assert differing(before, ("forward", 0, 0, 1.0, ())) == "loss 1.0 where it had been nan"
    assert differing(before, ("forward", 0, 0, nan, (("b", 2.0, 4.0),))) == "b.grad 4.0 where it had been 3.0"
