"""Facts for tests of the screen: stops of the lecture, as they were recorded, and of other programs, made by hand."""

from __future__ import annotations

from dataclasses import replace

from bptui.protocol.fact import Fact, Named, Stats
from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import Failure, Param, ProgramInfo, Snapshot
from bptui.trace.timeline import Timeline
from tests.ui.recordings.record import recording


def number(x: float) -> Fact:
    """A tensor of one element."""
    return Fact("Tensor", (x,), (1,), "float32", "cpu")


def plain(x: float) -> Fact:
    """A plain Python number."""
    return Fact("float", x)


def matrix(norm: float, *shape: int, nan: int = 0) -> Fact:
    """A large tensor."""
    return Fact("Parameter", None, shape, "float32", "cpu", Stats(-norm / 9, norm / 8, 0.01, 0.1, norm, nan, 0, 0))


def _recorded(name: str) -> tuple[ProgramInfo, list[Snapshot]]:
    """The program of that recording, and all its stops."""
    timeline = Timeline.open(recording(name))
    program, stops = timeline.program, [timeline.snapshot(0, index) for index in timeline.marks(0)]
    timeline.close()
    assert program is not None
    return program, [stop for stop in stops if stop is not None]


def with_w(w: float, grad: float | None) -> tuple[Param, ...]:
    """The lecture's one parameter."""
    return (Param("w", number(w), None if grad is None else number(grad)),)


PROGRAM, _LECTURE = _recorded("lecture")
SOURCE = PROGRAM.source
ENTRY, *TURN = _LECTURE[:5]
"""The entry, and the four stops of the first sample."""
FORWARD, BACKWARD, UPDATE, ZERO_GRAD = _LECTURE[5:9]
"""Those of the second."""
ENDED = _LECTURE[-1]
ACCUMULATED = _recorded("accumulating")[1][-2]
"""The backward of the third sample, with zeroing off since the update of the second."""
FAILURE = Failure(
    "ValueError",
    "two is too much",
    28,
    'Traceback (most recent call last):\n  File "linear.py", line 28, in <module>\n'
    '    raise ValueError("two is too much")\nValueError: two is too much\n',
)
RAISED = replace(
    BACKWARD, stop_reason=StopReason.EXCEPTION, failure=FAILURE, explain="backward: raised ValueError, line 28"
)
LAYERS = ("features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias", "classifier.weight")
LARGE = replace(
    BACKWARD,
    values=(
        Named("images", replace(matrix(224.7, 64, 1, 28, 28), type="Tensor")),
        Named("labels", Fact("Tensor", None, (64,), "int64", "cpu", Stats(0, 9, 4.4, 2.9, 42.1, 0, 0, 7))),
    ),
    loss_name="loss",
    loss=Fact("Tensor", 2.3026, (), "float32", "cpu"),
    params=tuple(
        Param(name, matrix(3.3 + at, 32, 16 * (at + 1)), matrix(0.26 * (at + 1), 32, 16 * (at + 1), nan=at and 3))
        for at, name in enumerate(LAYERS)
    ),
    ledger=(),
    explain="backward: 5 gradients added",
)
"""A stop of a program with several parameters, all of them large."""
