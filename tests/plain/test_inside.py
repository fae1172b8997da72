"""The line mode inside a phase, over the lecture."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bptui.plain import mode as plain
from tests.engine_session import EngineSession


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the line mode with these words; the lines that it printed."""

    def run(words: str, as_json: bool = False) -> list[str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(words.replace(",", "\n")))
        assert plain.run(EngineSession(), as_json=as_json) == 0
        return capsys.readouterr().out.splitlines()

    return run


def records(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


def test_each_op_and_node_is_a_line(run: Any) -> None:
    assert run("in 4,in 5")[2:] == [
        "#1 forward  epoch 0 sample 0  line 13  | forward 1/3: y_pred = mul(x, w) = 1",
        "#1 forward  epoch 0 sample 0  line 18  | forward 2/3: %2 = sub(y_pred, y) = -1",
        "#1 forward  epoch 0 sample 0  line 18  | forward 3/3: l = pow(%2, 2) = 1",
        "#1 forward  epoch 0 sample 0  l 1.0000  w 1.0000  w.grad None  | forward: l = 1 for x = 1, y = 2",
        "#2 backward  epoch 0 sample 0  line 18  | "
        "backward 1/4: PowBackward0: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · (-2) = -2",
        "#2 backward  epoch 0 sample 0  line 18  | backward 2/4: SubBackward0: ∂l/∂y_pred = -2 · 1 = -2",
        "#2 backward  epoch 0 sample 0  line 13  | backward 3/4: MulBackward0: ∂l/∂w = -2 · x = -2 · 1 = -2",
        "#2 backward  epoch 0 sample 0  line 26  | backward 4/4: w.grad = None + -2 = -2",
        "#2 backward  epoch 0 sample 0  l 1.0000  w 1.0000  w.grad -2.0000  | "
        "backward: ∂l/∂w = -2 added to w.grad: None -> -2",
        "    | \tgrad: 1.0 2.0 -2.0",
        "    | \tw.grad.data: tensor([-2.]) <class 'torch.Tensor'>",
        "    | \tw: tensor([1.], requires_grad=True) <class 'torch.Tensor'>",
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param("in 3,in-back 2", ["mul", "sub", "pow", "sub", "mul"], id="on and back"),
        pytest.param("over,over", ["mul", "sub"], id="over, where there is no module"),
        pytest.param("in,up", ["mul", "pow"], id="up, where there is no module"),
        pytest.param("s,s,o,s", ["mul", "sub", None, "PowBackward0"], id="by letters, and out"),
        pytest.param("in 2,next,in", ["mul", "sub", None, "PowBackward0"], id="next finishes the phase"),
    ],
)
def test_words_move_inside_a_phase(run: Any, words: str, names: list[str | None]) -> None:
    told = records(run(words, as_json=True))[1:]
    assert [stop["op"]["name"] if "op" in stop else None for stop in told] == names


@pytest.mark.parametrize("word", ["in-back", "up", "out"])
def test_outside_there_is_nothing_to_move_in(run: Any, word: str) -> None:
    _, refused = records(run(word, as_json=True))
    assert refused["error"] == "The program is not inside a phase."


def test_a_refusal_ends_a_repetition_and_changes_nothing(run: Any) -> None:
    told = records(run("in 2,in-back 5,in", as_json=True))[1:]
    assert [stop["op"]["index"] if "op" in stop else stop["error"] for stop in told] == [
        0, 1, 0, "This is the first step of forward.", 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"), [("out 2", "out takes nothing, so not '2'."), ("tape x", "tape takes nothing, so not 'x'.")]
)
def test_what_takes_no_number_says_so(run: Any, words: str, message: str) -> None:
    assert run(words)[-1].startswith(f"error: {message}")


def test_an_op_in_json(run: Any) -> None:
    op = records(run("in 2,out,in", as_json=True))[-1]["op"]
    assert op == {
        "index": 0, "count": 4, "name": "PowBackward0", "expression": "(y_pred - y) ** 2", "line": 18, "module": "",
        "inputs": {"%2": -1.0}, "output": {"l": 1.0}, "upstream": {"∂l/∂l": 1.0}, "downstream": {"∂l/∂%2": -2.0},
        "local": {"d(l)/d(%2)": {"formula": "d((y_pred - y)²)/d(y_pred - y) = 2(y_pred - y) = -2", "value": -2.0}},
        "saved": {"exponent": {"bytes": 0, "value": 2}, "self": {"bytes": 4, "value": -1.0}},
    }  # fmt: skip


def test_the_tape_as_a_table_with_the_chain_rule(run: Any) -> None:
    lines = run("in,out,in 4,tape")[-7:]
    assert [line.split()[:2] for line in lines[1:5]] == [["◀∇", "0"], ["1", "y_pred"], ["2", "%2"], ["3", "l"]]
    assert lines[-1] == "∂l/∂w = 2(y_pred - y) · 1 · x = -2 · 1 · 1 = -2"
    assert all(len(line) <= 100 for line in lines)


def test_the_tape_before_anything_was_stepped_into(run: Any) -> None:
    assert run("tape")[-1] == "nothing was stepped into yet: in steps in"
    assert records(run("tape", as_json=True))[-1] == {"tape": None}


def test_the_tape_in_json(run: Any) -> None:
    tape = records(run("in,out,in,tape", as_json=True))[-1]["tape"]
    assert list(tape) == ["values", "ops", "nodes", "loss"]
    assert [value["name"] for value in tape["values"]] == ["w", "y_pred", "%2", "l"]
    assert [op["text"] for op in tape["ops"]] == ["mul(x, w)", "sub(y_pred, y)", "pow(%2, 2)"]
    assert [node["name"] for node in tape["nodes"]][-1] == "AccumulateGrad"


def test_a_check_has_a_line_for_each_parameter(run: Any) -> None:
    lines = run("next,check")[-4:]
    assert lines[0].split() == ["parameter", "entries", "autograd", "numeric", "error", "verdict"]
    *name, error, sign, verdict = lines[1].split()
    assert (name, sign, verdict) == (["w", "1/1", "-2", "-2"], "✓", "equal")
    assert float(error) < 1e-9


def test_a_check_in_json(run: Any) -> None:
    checked = records(run("next,check", as_json=True))[-1]
    assert list(checked) == ["check", "loss", "dtype", "reason"]
    assert (checked["check"][0]["name"], checked["check"][0]["verdict"], checked["loss"]) == ("w", "equal", 1.0)


def test_a_check_that_is_not_possible_says_why(run: Any) -> None:
    assert run("check")[-1] == "not possible: no forward has run yet"
    assert records(run("in,check", as_json=True))[-1]["reason"] == "the program is inside forward"
