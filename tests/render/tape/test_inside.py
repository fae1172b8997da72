"""A stop inside a phase in words, all of an op, and a gradient check, exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.protocol.fact import Fact, Named
from bptui.protocol.replies import GradientsChecked, ParamCheck
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Local, Op, Saved
from bptui.render.lists.checked import check_sheet
from bptui.render.stop.source import OP, marked
from bptui.render.tape.inside import about, in_bytes, what_it_did
from bptui.render.tape.sheets import op_sheet
from bptui.render.text.fit import piece
from tests.handmade_tapes import large, scalar, small
from tests.ui.fakes.stops import FAILURE, FORWARD, plain

ADD = Op(
    0, 3, "sub", 1, -1, "y_pred - y", 18, "model/model.fc1", (Named("y_pred", scalar(2.04)), Named("y", plain(4.0))),
    (Named("%2", scalar(-1.96)),), (), (), (), (), "",
)  # fmt: skip
POW = Op(
    0, 4, "PowBackward0", 2, 0, "(y_pred - y) ** 2", 18, "", (), (), (Named("∂l/∂l", scalar(1.0)),),
    (Local("d(l)/d(%2)", "", scalar(-3.92)),), (),
    (Saved("exponent", Fact("int", 2), 0), Saved("self", scalar(-1.96), 4)), "",
)  # fmt: skip


def stop(op: Op, explain: str) -> Snapshot:
    return replace(FORWARD, op=op, explain=explain)


@pytest.mark.parametrize(
    ("width", "text"),
    [
        pytest.param(80, "18  backward 1/4: PowBackward0: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · -2 = -2", id="all of it"),
        pytest.param(70, "backward 1/4: PowBackward0: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · -2 = -2", id="without the line"),
        pytest.param(62, "1/4: PowBackward0: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · -2 = -2", id="without the phase"),
        pytest.param(50, "1/4: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · -2 = -2", id="without the node"),
        pytest.param(40, "1/4: ∂l/∂%2 = 1 · 2(y_pred - y) = -2", id="without the numbers"),
        pytest.param(20, "1/4: ∂l/∂%2 = -2", id="without the formula"),
    ],
)
def test_the_result_stays_where_it_is_narrow(width: int, text: str) -> None:
    explain = "backward 1/4: PowBackward0: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · -2 = -2"
    assert what_it_did(stop(POW, explain), POW, width).plain == text


def test_of_several_gradients_the_first_is_told() -> None:
    snapshot = stop(POW, "backward 1/4: AddBackward0: ∂l/∂a = 2 · 1 = 2; ∂l/∂b = 2 · 1 = 2")
    assert what_it_did(snapshot, POW, 20).plain == "1/4: ∂l/∂a = 2 …"


def test_what_raised_is_told_from_its_beginning() -> None:
    snapshot = replace(stop(ADD, "forward 2/3: sub raised ValueError: no; the state is as before it"), failure=FAILURE)
    assert what_it_did(snapshot, ADD, 30).plain == "18  forward 2/3: sub raised V…"


def test_what_an_op_took_and_gave() -> None:
    assert about(ADD, 90).plain == "y_pred - y   takes y_pred 2.04, y 4   gives %2 -1.96   in model.fc1   ⏎ tells all"
    assert about(ADD, 40).plain == "takes y_pred 2.04, y 4   gives %2 -1.96"


def test_what_a_node_was_given_and_what_it_saved() -> None:
    assert about(POW, 80).plain == "(y_pred - y) ** 2   upstream ∂l/∂l 1   saved self -1.96: 4 bytes   ⏎ tells all"
    many = replace(POW, saved=(Saved("mat1", large(16, 32), 2048), Saved("mat2", large(32, 64), 8192)))
    assert about(many, 70).plain == "(y_pred - y) ** 2   upstream ∂l/∂l 1   saved 2 tensors: 10 KiB"


def test_what_cannot_be_looked_into_says_why() -> None:
    opaque = replace(POW, opaque="a custom Function")
    assert about(opaque, 60).plain == "upstream ∂l/∂l 1   not looked into: a custom Function"
    assert about(opaque, 40).plain == "not looked into: a custom Function"


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1 byte"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (3 << 20, "3 MiB"), (5 << 40, "5120 GiB")],
)
def test_bytes(count: int, text: str) -> None:
    assert in_bytes(count) == text


def test_a_jacobian_is_told_row_by_row() -> None:
    rows = tuple(tuple(float(row == column) for column in range(3)) for row in range(3))
    text = op_sheet(replace(POW, local=(Local("d(b)/d(a)", "", small(rows, 3, 3)),)), 80).plain.splitlines()
    at = next(index for index, line in enumerate(text) if "d(b)/d(a)" in line)
    assert text[at + 1 : at + 4] == ["    [1.0000, 0, 0]", "    [0, 1.0000, 0]", "    [0, 0, 1.0000]"]


def test_all_of_a_node() -> None:
    text = op_sheet(POW, 80).plain
    for said in ("line 18   step 1 of 4", "d(l)/d(%2) = -3.9200", "saved for the backward: 4 bytes", "exponent  2"):
        assert said in text


@pytest.mark.parametrize(
    ("line", "name", "expression", "lit"),
    [
        pytest.param("return (y_pred - y) ** 2", "sub", "y_pred - y", (8, 18), id="there once"),
        pytest.param("a * b + a * b", "mul", "a * b", None, id="there twice: it cannot be told which"),
        pytest.param("aa * b + a * b", "mul", "a * b", (9, 14), id="not the end of another name"),
        pytest.param("w.data = w.data - 1", "=", "w.data", (0, 6), id="what is written to comes first"),
        pytest.param("loss = f(", "f", "f(\n    x)", (7, 9), id="the first line of a longer one"),
        pytest.param("l.backward()", "AccumulateGrad", "", None, id="no expression"),
    ],
)
def test_an_ops_expression_is_marked(line: str, name: str, expression: str, lit: tuple[int, int] | None) -> None:
    text = marked(piece(line), replace(ADD, name=name, expression=expression))
    assert text.plain == line
    spans = [(span.start, span.end) for span in text.spans if span.style == OP]
    assert spans == ([lit] if lit else [])


CHECKS = (
    ParamCheck("w", 1, 1, 3.1e-11, -7.84, -7.84, (0,), "equal"),
    ParamCheck("encoder.layers.0.attention.weight", 200, 16, 0.5, 1.25, 2.5, (3, 7), "different"),
)


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            100,
            [
                "parameter                             entries     autograd      numeric    error  verdict",
                "w                                         1/1        -7.84        -7.84  3.1e-11  ✓ equal",
                "encoder.layers.0.attention.weight      16/200         1.25          2.5  5.0e-01  ✗ different",
            ],
        ),
        (
            56,
            [
                "parameter             autograd      numeric  verdict",
                "w                        -7.84        -7.84  ✓ equal",
                "…attention.weight         1.25          2.5  ✗ different",
            ],
        ),
    ],
)
def test_the_verdict_is_in_sight_at_every_width(width: int, lines: list[str]) -> None:
    told = check_sheet(GradientsChecked(CHECKS, 1.0, "", "float64"), width).plain.splitlines()
    assert told[:3] == lines


def test_a_check_that_says_nothing_says_why() -> None:
    assert check_sheet(None, 80).plain.startswith("computing")
    assert check_sheet(GradientsChecked((), None, "no forward has run yet"), 80).plain == (
        "not possible: no forward has run yet"
    )  # fmt: skip
    assert check_sheet(GradientsChecked((), 1.0, "", "float64"), 80).plain == "the loss reaches no parameter"
