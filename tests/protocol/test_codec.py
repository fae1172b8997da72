"""Messages cross the wall unchanged, and nothing else comes in."""

from __future__ import annotations

import dataclasses
import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.protocol.codec import ProtocolError, decode, encode
from bptui.protocol.fact import Fact, Named, Stats
from bptui.protocol.phase import Goal, Mark, Phase, StopReason
from bptui.protocol.replies import (
    CurveDrawn,
    Died,
    Inspected,
    Opened,
    Refused,
    Reply,
    Running,
    SeenAnew,
    Stopped,
    Uncut,
)
from bptui.protocol.requests import Do, DrawCurve, Inspect, Next, Open, Pause, Request, Run, SetZeroing
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import BlockInfo, Contribution, Failure, Ledger, Param, ProgramInfo, Snapshot, Upcoming

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)
STATS = st.builds(Stats, *[FLOATS] * 5, *[st.integers(0, 9)] * 3)
FACTS = st.builds(
    Fact, st.text(), VALUES, st.none() | st.tuples(st.integers()), st.none() | st.text(), st.none(), st.none() | STATS
)
FACT = Fact("Tensor", (1.0, -0.0, 5e-324), (3,), "float32", "cpu")
SNAPSHOT = Snapshot(
    3, Phase.BACKWARD, 1, StopReason.EXCEPTION, 0, None, 10, None, 2, (Named("x", FACT),), 1, "l", FACT,
    (Param("w", FACT, None),), (Ledger("w", (Contribution(0, 1, FACT),), FACT, None),), True, (Mark.DONE, Mark.NEXT),
    Upcoming(Phase.UPDATE, 2, 12, "a = b", "1 = 2", None, 0), (Phase.UPDATE,), "∂", "out", "err",
    Failure("ValueError", "no", 3, "Traceback"),
)  # fmt: skip
MESSAGES = [
    Request(1, Open("a.py", ("--x", "é"))),
    Request(2, Next()),
    Request(3, Do(Phase.FORWARD)),
    Request(4, Run(Goal.EPOCH, 5)),
    Request(5, SetZeroing(False)),
    Request(6, DrawCurve("w", -1.0, math.inf, 9)),
    Request(7, Inspect("w.grad")),
    Pause(),
    Reply(1, Opened(ProgramInfo("a.py", "x", (), (BlockInfo(Phase.FORWARD, 1, (1, 2)),)), "3.11", "2.13")),
    Reply(2, Uncut("no", None)),
    Reply(3, Stopped(SNAPSHOT, Rows.of([SNAPSHOT.row()]))),
    Reply(4, Running(Rows.of([SNAPSHOT.row()]), "p")),
    Reply(5, Refused("m", "h")),
    Reply(6, SeenAnew(SNAPSHOT)),
    Reply(7, CurveDrawn("w", (1.0,), (math.nan,), None, 2.0, None, "")),
    Reply(8, Inspected("w", (("type", "Tensor"),), "t")),
    Reply(9, Died("gone", "", "")),
]


def bits(value: object) -> object:
    """The value with its floats as their bits, so that 0.0 is not -0.0; any nan equals any other."""
    if dataclasses.is_dataclass(value):
        return type(value), [bits(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, tuple):
        return [bits(each) for each in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("d", value)
    return type(value), value


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(getattr(m, "ask", getattr(m, "payload", m))).__name__)
def test_every_message_arrives_as_it_was_sent(message: Request | Reply | Pause) -> None:
    received = decode(encode(message), Request, Reply, Pause)
    assert bits(received) == bits(message)


@given(FACTS)
def test_any_fact_arrives_with_its_bits(fact: Fact) -> None:
    assert bits(decode(encode(fact), Fact)) == bits(fact)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80\x04N.", id="a pickle"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="no name"),
        pytest.param(b'{"is":"Reply","number":1,"payload":null}', id="another kind"),
        pytest.param(b'{"is":"Request","number":"1","ask":{"is":"Next"}}', id="a string for a number"),
        pytest.param(b'{"is":"Request","number":1,"ask":{"is":"system"}}', id="an unknown request"),
        pytest.param(b'{"is":"Request","number":1,"ask":{"is":"Do","phase":"sideways"}}', id="an unknown phase"),
        pytest.param(b'{"is":"Request","number":1,"ask":{"is":"Do"}}', id="a missing field"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_what_is_not_a_message_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a Request"):
        decode(data, Request)


def test_an_encoded_message_is_json_with_the_names_of_the_fields() -> None:
    assert json.loads(encode(Request(1, Do(Phase.UPDATE)))) == {
        "is": "Request",
        "number": 1,
        "ask": {"is": "Do", "phase": "update"},
    }
