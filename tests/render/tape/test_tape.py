"""The tape as a table, exactly: its columns, what a stop reveals, its folds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.protocol.fact import Fact
from bptui.protocol.tape import Op, Tape
from bptui.render.tape.folding import Fold, Folding
from bptui.render.tape.tape import Table
from bptui.render.text.brief import brief
from tests.handmade_tapes import (
    at_node,
    at_op,
    before_backward,
    data,
    deep,
    doubled,
    large,
    lecture,
    made,
    op,
    residual,
    scalar,
    small,
)


def shown(tape: Tape, at: Op | None = None, width: int = 78, folding: Folding | None = None) -> list[str]:
    table = Table(tape, at, folding or Folding())
    return [table.line(row, width).plain.rstrip() for row in range(len(table.folding.rows()))]


def head(width: int) -> str:
    return Table(lecture(), None, Folding()).header(width).plain.rstrip()


@pytest.mark.parametrize("width", [118, 100, 78, 58, 46, 38, 30])
def test_columns_fit(width: int) -> None:
    assert head(width) == HEADS[width]


HEADS: dict[int, str] = {
    118: "    # name               op                                       value ↓         ∂l/∂name ↑ line expression",
    100: "    # name             op                                            value ↓         ∂l/∂name ↑ line",
    78: "    # name             op                          value ↓     ∂l/∂name ↑ line",
    58: "    # name         op                 value ↓   ∂l/∂name ↑",
    46: "   name      op            value ↓  ∂l/∂name ↑",
    38: "   name            value ↓  ∂l/∂name ↑",
    30: "   name       value ↓   ∂l/∂ ↑",
}


@pytest.mark.parametrize("width", range(30, 121))
def test_at_every_width_no_line_is_wider_and_a_value_and_its_gradient_are_there(width: int) -> None:
    table = Table(residual(), at_node(4, 1), Folding())
    lines = [table.header(width), *(table.line(row, width) for row in range(8))]
    assert all(line.cell_len <= width for line in lines)
    assert "value ↓" in lines[0].plain
    assert "∂l/∂" in lines[0].plain
    assert lines[4].plain.split()[-1] != "…"


def test_outside_of_a_phase_all_is_there() -> None:
    assert shown(lecture(1.02, 2.0, 4.0)) == [
        " ∇  0 w                leaf                         1.0200        -7.8400",
        "    1 y_pred           mul(w, 2.0)                  2.0400        -3.9200    9",
        "    2 %2               sub(y_pred, 4.0)            -1.9600        -3.9200   14",
        "    3 l                pow(%2, 2)                   3.8416         1.0000   14",
    ]


def test_a_forward_fills_values_downwards() -> None:
    assert shown(before_backward(lecture(1.02, 2.0, 4.0)), at_op(1)) == [
        " ∇  0 w                leaf                         1.0200              ·",
        "    1 y_pred           mul(w, 2.0)                  2.0400              ·    9",
        "▶   2 %2               sub(y_pred, 4.0)            -1.9600              ·   14",
        "    3 l                pow(%2, 2)                        ·              ·   14",
    ]


def test_a_backward_fills_gradients_upwards() -> None:
    assert shown(lecture(1.02, 2.0, 4.0), at_node(1, 1)) == [
        " ∇  0 w                leaf                         1.0200              ·",
        "    1 y_pred           mul(w, 2.0)                  2.0400        -3.9200    9",
        "◀   2 %2               sub(y_pred, 4.0)            -1.9600        -3.9200   14",
        "    3 l                pow(%2, 2)                   3.8416         1.0000   14",
    ]


def test_an_accumulate_grad_stands_at_its_leaf() -> None:
    first = shown(lecture(1.02, 2.0, 4.0), at_node(3, -1))[0]
    assert first.split() == ["◀∇", "0", "w", "leaf", "1.0200", "-7.8400"]


def test_leaves_come_where_they_are_first_used_and_have_their_mark() -> None:
    assert shown(residual(), None, 100) == [
        "    0 x                input                                         [16, 8]",
        " ∇  1 W1               leaf                                           [8, 8] [8, 8] norm 2.5000",
        "    2 %2               matmul(x, W1)                                 [16, 8]      [16, 8] ‖1.5‖    7",
        "    3 a                relu(%2)                                      [16, 8]        [16, 8] ‖3‖    7",
        "    4 h                add(a, x)                                     [16, 8]        [16, 8] ‖3‖    8",
        " ∇  5 b                leaf                                 [0.5000, 0.2500] [16.0000, 16.0000]",
        "    6 %6               add(h, b)                                     [16, 8]        [16, 8] ‖4‖    9",
        "    7 l                sum(%6)                                        3.2500             1.0000    9",
    ]


def test_narrow_there_are_names_and_numbers() -> None:
    assert shown(lecture(1.02, 2.0, 4.0), at_node(1, 1), 30) == [
        " ∇ w           1.0200        ·",
        "   y_pred      2.0400  -3.9200",
        "◀  %2         -1.9600  -3.9200",
        "   l           3.8416   1.0000",
    ]


def test_modules_fold_but_for_those_around_the_current_op() -> None:
    assert shown(deep(8, 4, 2), at_op(9)) == [
        "  ▾ model  linear, mul, add, dropout (32 ops)",
        "    ▾ model.block0  linear, mul, add, dropout (16 ops)",
        "      ▸ model.block0.fc0  linear … (4 ops)       [64, 128]              ·",
        "      ▸ model.block0.fc1  linear … (4 ops)       [64, 128]              ·",
        "      ▾ model.block0.fc2  linear, mul, add, dropout (4 ops)",
        " ∇ 11       .weight    leaf                     [128, 128]              ·",
        "   12       %12        linear                    [64, 128]              ·   12",
        "▶  13       %13        mul(%12)                  [64, 128]              ·   12",
        "   14       %14        add(%13)                          ·              ·   12",
        "   15       %15        dropout(%14)                      ·              ·   12",
        "      ▸ model.block0.fc3  linear … (4 ops)               ·              ·",
        "    ▸ model.block1  linear, mul … (16 ops)               ·              ·",
    ]


def test_outside_of_a_phase_all_but_the_outermost_are_folded() -> None:
    assert shown(deep(8, 4, 2)) == [
        "  ▾ model  linear, mul, add, dropout (32 ops)",
        "    ▸ model.block0  linear, mul … (16 ops)       [64, 128]      [64, 128]",
        "    ▸ model.block1  linear, mul … (16 ops)       [64, 128]      [64, 128]",
    ]


def test_a_small_tape_is_unfolded() -> None:
    assert not any("▸" in line for line in shown(deep(2, 4)))


def test_the_program_stands_at_the_fold_that_hides_it() -> None:
    tape, folding = deep(8, 4, 2), Folding()
    table = Table(tape, at_op(9), folding)
    fold = next(row for row, _depth in folding.rows() if isinstance(row, Fold) and row.name == "model.block0")
    folding.set_open(fold, False)
    assert shown(tape, at_op(9), folding=folding)[1].startswith("▶   ▸ model.block0")
    assert table.here is not None


def test_what_a_person_folded_stays_so_on_the_next_tape() -> None:
    folding = Folding()
    before = shown(deep(8, 4, 2), at_op(9), folding=folding)
    fold = next(row for row, _depth in folding.rows() if isinstance(row, Fold) and row.name == "model.block1")
    folding.set_open(fold, True)
    assert len(shown(deep(8, 4, 2), at_op(9), folding=folding)) == len(before) + 4
    assert len(shown(deep(8, 4, 2), None, folding=folding)) == 1 + 1 + 1 + 4


def test_a_module_that_is_called_twice_makes_two_folds() -> None:
    values = [data("x", scalar(1.0)), *(made(f"%{at + 1}", scalar(1.0), at) for at in range(20))]
    ops = [op("relu", (at,), at + 1, f"relu(%{at})", 1, "model/model.act" if at % 10 < 5 else "") for at in range(20)]
    tape, folding = Tape(tuple(values), tuple(ops), (), 20), Folding()
    shown(tape, at_op(12), folding=folding)
    folds = [row for row, _depth in folding.rows() if isinstance(row, Fold)]
    assert [(fold.path, fold.call, folding.is_open(fold)) for fold in folds] == [
        ("model", 0, False),
        ("model", 1, True),
        ("model/model.act", 1, True),
    ]


def test_on_a_small_tape_nothing_is_hidden_at_any_stop() -> None:
    assert len(shown(doubled(15))) == 16


@pytest.mark.parametrize(
    ("fact", "width", "text"),
    [
        pytest.param(scalar(-16.2288), 9, "-16.2288", id="a number"),
        pytest.param(scalar(-123456.789), 9, "-1.23e+05", id="a long number loses digits and not its size"),
        pytest.param(scalar(float("nan")), 9, "nan", id="nan"),
        pytest.param(Fact("int", 3), 9, "3", id="a plain number"),
        pytest.param(Fact("bool", True), 9, "True", id="a truth"),
        pytest.param(small((1.0, 2.5), 2), 18, "[1.0000, 2.5000]", id="a small tensor"),
        pytest.param(small((1.0, 2.5), 2), 12, "[1, 2.5]", id="a small tensor in short"),
        pytest.param(small((3.25, 4.75), 2), 11, "[2] ‖5.76‖", id="where there is no room its norm"),
        pytest.param(large(64, 128, norm=3.25), 21, "[64, 128] norm 3.2500", id="a large tensor"),
        pytest.param(large(64, 128, norm=3.25), 16, "[64, 128] ‖3.25‖", id="a large tensor in short"),
        pytest.param(large(64, 128, norm=3.25), 9, "[64, 128]", id="its shape"),
        pytest.param(large(64, 128), 21, "[64, 128]", id="a norm that was not measured"),
        pytest.param(large(64, 3, 224, 224), 14, "[64,3,224,224]", id="a shape without blanks"),
        pytest.param(large(64, 3, 224, 224), 8, "4d", id="how many dimensions"),
        pytest.param(Fact("Size", text="torch.Size([1, 2])"), 9, "torch.Si…", id="what is no tensor is cut"),
        pytest.param(None, 9, "None", id="None"),
    ],
)
def test_facts_in_few_cells(fact: Fact | None, width: int, text: str) -> None:
    assert brief(fact, width) == text


def test_a_call_and_an_expression_of_several_lines_are_on_one() -> None:
    values = data("x", scalar(1.0)), made("y", scalar(1.0), 0)
    one = replace(op("mul", (0,), 1, "mul(x,\n    2.0)"), expression="x\n    * 2.0")
    line = shown(Tape(values, (one,), (), 1), None, 118)[1]
    assert line.split()[2:5] == ["mul(x,", "2.0)", "1.0000"]
    assert line.endswith("12 x * 2.0")


PATHS = st.sampled_from(["", "model", "model/model.a", "model/model.a/model.a.fc", "model/model.b", "other"])


@given(st.lists(PATHS, min_size=1, max_size=30), st.lists(st.integers(0, 60), max_size=8))
def test_however_it_is_folded_rows_stay_in_order_and_none_is_there_twice(modules: list[str], turned: list[int]) -> None:
    values = [data("x", scalar(1.0)), *(made(f"%{at + 1}", scalar(1.0), at) for at in range(len(modules)))]
    ops = [op("relu", (at,), at + 1, "relu()", 1, module) for at, module in enumerate(modules)]
    tape, folding = Tape(tuple(values), tuple(ops), (), len(modules)), Folding()
    for turn in [*turned, 0]:
        Table(tape, at_op(turn % len(ops)), folding)
        rows = [row for row, _depth in folding.rows()]
        listed = [row for row in rows if isinstance(row, int)]
        assert listed == sorted(set(listed))
        for value in range(len(values)):
            place = folding.row_of(value)
            assert place is not None
            row = rows[place]
            assert row == value or (isinstance(row, Fold) and not folding.is_open(row))
        folds = [row for row in rows if isinstance(row, Fold)]
        if folds:
            fold = folds[turn % len(folds)]
            folding.set_open(fold, not folding.is_open(fold))
