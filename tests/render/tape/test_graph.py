"""The drawing of a graph, exactly."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.protocol.tape import Op, Tape
from bptui.render.tape.drawing import DOWN, LEFT, RIGHT, UP, _Drawing, draw
from bptui.render.tape.graph import Graph, GraphCell, sign
from tests.handmade_tapes import (
    at_node,
    at_op,
    before_backward,
    data,
    doubled,
    joined,
    large,
    leaf,
    lecture,
    made,
    op,
    residual,
    scalar,
    shared,
    small,
)


def drawing(tape: Tape, at: Op | None = None) -> list[str]:
    return [line.plain.rstrip() for line in draw(Graph(tape), at)]


def test_the_lectures_graph_after_its_backward() -> None:
    assert drawing(lecture(1.02, 2.0, 4.0)) == [
        "    1.02     ╭───────╮ y_pred 2.04  ╭───────╮ -1.96    ╭─────╮ 3.8416",
        " w ─────────▶│ × 2.0 │─────────────▶│ - 4.0 │─────────▶│ ^ 2 │────────▶ l",
        "    ← -7.84  ╰───────╯ ← -3.92      ╰───────╯ ← -3.92  ╰─────╯ ← 1",
    ]


def test_in_a_forward_only_what_was_computed_is_there() -> None:
    assert drawing(before_backward(lecture(1.02, 2.0, 4.0)), at_op(1)) == [
        "    1.02  ╭───────╮ y_pred 2.04  ┏━━━━━━━┓ -1.96  ╭─────╮ ·",
        " w ──────▶│ × 2.0 │─────────────▶┃▶- 4.0 ┃───────▶│ ^ 2 │────────▶ l",
        "          ╰───────╯              ┗━━━━━━━┛        ╰─────╯",
    ]


def test_in_a_backward_gradients_come_back_along_the_wires() -> None:
    assert drawing(lecture(1.02, 2.0, 4.0), at_node(1, 1)) == [
        "    1.02     ╭───────╮ y_pred 2.04  ┏━━━━━━━┓ -1.96    ╭─────╮ 3.8416",
        " w ─────────▶│ × 2.0 │─────────────▶┃◀- 4.0 ┃─────────▶│ ^ 2 │────────▶ l",
        "    ·        ╰───────╯ ← -3.92      ┗━━━━━━━┛ ← -3.92  ╰─────╯ ← 1",
    ]


def test_at_the_end_of_a_backward_the_leaf_is_marked() -> None:
    assert drawing(lecture(1.02, 2.0, 4.0), at_node(3, -1)) == [
        "    1.02     ╭───────╮ y_pred 2.04  ╭───────╮ -1.96    ╭─────╮ 3.8416",
        "◀w ─────────▶│ × 2.0 │─────────────▶│ - 4.0 │─────────▶│ ^ 2 │────────▶ l",
        "    ← -7.84  ╰───────╯ ← -3.92      ╰───────╯ ← -3.92  ╰─────╯ ← 1",
    ]


def test_a_residual_connection_goes_round_what_it_passes() -> None:
    assert drawing(residual()) == [
        "     [16, 8]      ╭───╮",
        "  x ─────────┬───▶│   │ [16, 8]  ╭──────╮ a [16, 8]    ╭───╮",
        "             │    │ @ │─────────▶│ relu │─────────────▶│   │ h [16, 8]      ╭───╮",
        "     [8, 8]  │ ╭─▶│   │ ← ‖1.5‖  ╰──────╯ ← ‖3‖        │ + │───────────────▶│   │ [16, 8]  ╭─────╮ 3.25",
        " W1 ─────────│─╯  ╰───╯                             ╭─▶│   │ ← ‖3‖          │ + │─────────▶│ sum │──────▶ l",
        "     ← ‖2.5‖ ╰──────────────────────────────────────╯  ╰───╯             ╭─▶│   │ ← ‖4‖    ╰─────╯ ← 1",
        "                                                             [0.5, 0.25] │  ╰───╯",
        "                                                          b ─────────────╯",
        "                                                             ← [16, 16]",
    ]


def test_what_is_taken_twice_has_what_each_sends_back_and_their_sum() -> None:
    assert drawing(doubled(2)) == [
        "               ╭───╮            ╭───╮",
        "    1   ╭─────▶│   │ 2   ╭─────▶│   │ 4",
        " w ─────┤  ← 2 │ + │─────┤  ← 1 │ + │─────▶ l",
        "    ← 4 ╰─────▶│   │ ← 2 ╰─────▶│   │ ← 1",
        "           ← 2 ╰───╯        ← 1 ╰───╯",
    ]


def test_a_leaf_that_is_used_four_times_branches() -> None:
    assert drawing(shared()) == [
        "                                                    ╭───╮",
        "                                             ╭─────▶│   │ c 36        ╭───╮",
        "                                             │      │ + │────────────▶│   │ 39",
        "                 ╭───╮     ╭─────────────────│─────▶│   │ ← 1         │ + │─────▶ l",
        "         ╭──────▶│   │ a 9 │      ╭───╮      │  ← 1 ╰───╯      ╭─────▶│   │ ← 1",
        "    3    │  ← 12 │ × │─────┴─────▶│   │ b 27 │                 │  ← 1 ╰───╯",
        " w ──────┼──────▶│   │ ← 4    ← 3 │ × │──────╯                 │",
        "    ← 34 │  ← 12 ╰───╯     ╭─────▶│   │ ← 1                    │",
        "         ╰─────────────────┤  ← 9 ╰───╯                        │",
        "                           ╰───────────────────────────────────╯",
    ]


def test_an_op_of_three_inputs_has_three_arrows() -> None:
    assert drawing(joined()) == [
        "    1",
        " a ─────╮  ╭─────╮",
        "    ← 1 ╰─▶│     │",
        "    1      │     │ [1, 1, 1]    ╭─────╮ 3",
        " b ───────▶│ cat │─────────────▶│ sum │─────▶ l",
        "    ← 1    │     │ ← [1, 1, 1]  ╰─────╯ ← 1",
        "    1   ╭─▶│     │",
        " c ─────╯  ╰─────╯",
        "    ← 1",
    ]


def test_long_names_are_told_by_their_ends() -> None:
    assert drawing(perceptron()) == [
        "                [4, 32]",
        "             x ────────────────╮  ╭────────╮",
        "                               ╰─▶│        │",
        "                [3, 32]           │        │ …_of_the_model [4, 3]    ╭────────────╮",
        " hidden.weight ──────────────────▶│ linear │─────────────────────────▶│            │ 1.5",
        "                ← ‖0.25‖          │        │ ← ‖0.5‖                  │ bce logits │─────▶ loss",
        "                [0.5, 0.25, 0] ╭─▶│        │                       ╭─▶│            │ ← 1",
        "   hidden.bias ────────────────╯  ╰────────╯                       │  ╰────────────╯",
        "                                             [0, 1, 2, 1]          │",
        "                                          y ───────────────────────╯",
        "",
    ]


def perceptron() -> Tape:
    """`loss = cross_entropy(linear(x, weight, bias), y)`."""
    values = (
        data("x", large(4, 32)),
        leaf("model.hidden.weight", large(3, 32, norm=2.0), large(3, 32, norm=0.25), 3),
        leaf("model.hidden.bias", small((0.5, 0.25, 0.0), 3), None),
        made("predictions_of_the_model", large(4, 3, norm=1.5), 0, large(4, 3, norm=0.5), 1),
        data("y", small((0.0, 1.0, 2.0, 1.0), 4)),
        made("loss", scalar(1.5), 1, scalar(1.0), 0),
    )
    ops = op("linear", (0, 1, 2), 3, "linear()"), op("binary_cross_entropy_with_logits", (3, 4), 5, "bce()")
    return Tape(values, ops, (), 5)


def test_nothing_moves_while_a_backward_goes_on() -> None:
    graph = Graph(residual())
    for at in (None, at_op(0), at_op(3), at_node(0, 4), at_node(3, 2)):
        assert {line.cell_len for line in draw(graph, at)} == {graph.width}


@pytest.mark.parametrize(
    ("at", "place"),
    [
        pytest.param(at_op(1), GraphCell(0, 36, 3, 9), id="at an op its box"),
        pytest.param(at_node(1, 1), GraphCell(0, 36, 3, 9), id="at a node the box of the op that made it"),
        pytest.param(at_node(3, -1), GraphCell(0, 0, 3, 3), id="at the last the leaf"),
        pytest.param(None, None, id="outside of a phase none"),
    ],
)
def test_where_it_stands(at: Op | None, place: GraphCell | None) -> None:
    assert Graph(lecture(1.02, 2.0, 4.0)).where(at) == place


@pytest.mark.parametrize(
    ("name", "inputs", "text", "label"),
    [
        pytest.param("mul", (0, 1), "mul(a, b)", "×", id="of two tensors the sign"),
        pytest.param("mul", (0,), "mul(a, 2.5)", "× 2.5", id="a number after it"),
        pytest.param("sub", (1,), "sub(1.0, b)", "1.0 -", id="a number before it"),
        pytest.param("div", (0,), "div(a, 0.3333333333)", "/", id="no long number"),
        pytest.param("relu", (0,), "relu(a)", "relu", id="of other ops the name"),
        pytest.param("neg", (0,), "neg(a)", "neg", id="of one tensor the name"),
    ],
)
def test_what_a_box_says(name: str, inputs: tuple[int, ...], text: str, label: str) -> None:
    values = leaf("a", scalar(1.0)), leaf("b", scalar(1.0)), made("c", scalar(1.0), 0)
    assert sign(Tape(values, (op(name, inputs, 2, text),), (), 2), 0) == label


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    """Ops on any values there are so far."""
    values = [leaf("w", scalar(1.0)), data("x", scalar(2.0)), leaf("b", scalar(3.0))]
    ops = []
    for at in range(draw(st.integers(1, 15))):
        inputs = tuple(draw(st.lists(st.integers(0, len(values) - 1), max_size=3)))
        ops.append(op("add", inputs, len(values), "add()"))
        values.append(made(f"%{len(values)}", scalar(1.0), at))
    return Tape(tuple(values), tuple(ops), (), len(values) - 1)


@given(tapes())
def test_boxes_and_wires_keep_off_one_another(tape: Tape) -> None:
    graph = Graph(tape)
    drawing = _Drawing(graph, None)
    drawing.lines()
    for layer in graph.layout.layers:
        for above, below in pairwise(layer):
            assert above.row + above.height <= below.row
    for nets in drawing._wires.values():
        assert len(nets) == 1 or sorted(nets.values()) == [LEFT | RIGHT, UP | DOWN], "two wires only ever cross"


@given(tapes())
def test_every_wire_leads_from_what_made_a_value_to_all_that_take_it(tape: Tape) -> None:
    graph = Graph(tape)
    drawing = _Drawing(graph, None)
    drawing.lines()
    starts, ends = {}, []
    for layer, columns in zip(graph.layout.layers, graph.columns, strict=True):
        for item in layer:
            if not item.passes:
                starts.update({net: (item.row + row, columns.right) for net, row in item.outs})
                ends += [(net, (item.row + row, columns.left - 1)) for net, row in item.ins]
    assert len([net for net, _end in ends if graph.uses[net]]) == sum(len(each.inputs) for each in tape.ops)
    for net, end in ends:
        assert end in reached(drawing, net, starts[net])


def reached(drawing: _Drawing, net: int, start: tuple[int, int]) -> set[tuple[int, int]]:
    """Where one gets to along a net."""
    seen, waiting = set(), [start]
    while waiting:
        row, column = at = waiting.pop()
        sides = drawing._wires.get(at, {}).get(net, 0)
        if not sides or at in seen:
            continue
        seen.add(at)
        ways = (LEFT, 0, -1), (RIGHT, 0, 1), (UP, -1, 0), (DOWN, 1, 0)
        waiting += [(row + down, column + right) for side, down, right in ways if sides & side]
    return seen
