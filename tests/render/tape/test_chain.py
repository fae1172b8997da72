"""The chain rule of a leaf: its paths, their products, their sum."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.protocol.fact import Fact
from bptui.protocol.tape import Edge, Tape, TapeNode
from bptui.render.tape.chain import headline, lines
from bptui.render.tape.paths import LISTED, Chain, chain_of, leaf_of
from bptui.render.tape.reveal import ALL, Reveal
from tests.handmade_tapes import (
    accumulate,
    before_backward,
    deep,
    doubled,
    edge,
    leaf,
    lecture,
    made,
    node,
    residual,
    scalar,
    shared,
    small,
)


def chain(tape: Tape, name: str = "w") -> Chain:
    found = chain_of(tape, leaf_of(tape, name))
    assert found is not None
    return found


def said(tape: Tape, name: str = "w", width: int = 100, reveal: Reveal = ALL) -> list[str]:
    return [line.plain for line in lines(chain(tape, name), width, reveal)]


def test_the_lectures_gradient_is_a_product_of_three() -> None:
    assert said(lecture(1.02, 2.0, 4.0)) == ["∂l/∂w = 2(y_pred - y) · 1 · x = -3.92 · 1 · 2 = -7.84"]


@pytest.mark.parametrize(
    ("width", "text"),
    [
        pytest.param(53, "∂l/∂w = 2(y_pred - y) · 1 · x = -3.92 · 1 · 2 = -7.84", id="all of it"),
        pytest.param(52, "∂l/∂w = -3.92 · 1 · 2 = -7.84", id="narrower without the formulas"),
        pytest.param(28, "∂l/∂w = -7.84", id="then without the factors"),
        pytest.param(10, "∂l/∂w = …", id="what is narrower still is cut, but no number in half"),
    ],
)
def test_it_fits(width: int, text: str) -> None:
    assert said(lecture(1.02, 2.0, 4.0), width=width) == [text]


@pytest.mark.parametrize(
    ("node", "text"),
    [
        pytest.param(-1, "? · ? · ? = ?", id="before the first node nothing is known"),
        pytest.param(0, "-3.92 · ? · ? = ?", id="each node brings its factor"),
        pytest.param(2, "-3.92 · 1 · 2 = ?", id="with the last factor the leaf has not yet got it"),
        pytest.param(3, "-3.92 · 1 · 2 = -7.84", id="and then it has"),
    ],
)
def test_numbers_are_revealed_as_the_backward_goes(node: int, text: str) -> None:
    assert said(lecture(1.02, 2.0, 4.0), reveal=Reveal(None, node)) == [f"∂l/∂w = 2(y_pred - y) · 1 · x = {text}"]


def test_of_several_paths_each_has_a_line_and_then_comes_their_sum() -> None:
    assert said(shared(2.0)) == [
        "path 1: 1 · 1 · w · w = 1 · 1 · 2 · 2 = 4",
        "path 2: 1 · 1 · w · w = 1 · 1 · 2 · 2 = 4",
        "path 3: 1 · 1 · a = 1 · 1 · 4 = 4",
        "path 4: 1 · 1 · w = 1 · 1 · 2 = 2",
        "path 5: 1 · 1 · w = 1 · 1 · 2 = 2",
        "path 6: 1",
        "∂l/∂w = 4 + 4 + 4 + 2 + 2 + 1 = 17",
    ]


def test_more_than_eight_paths_are_counted_and_not_listed() -> None:
    shown = said(doubled(10))
    assert shown[0] == "path 1: 1 · 1 · 1 · 1 · … 3 more … · 1 · 1 · 1 = 1"
    assert len(shown) == LISTED + 2
    assert shown[-2:] == ["and 1,016 more paths", "∂l/∂w = sum of 1,024 paths = 1024"]


def test_one_path_more_is_one_path() -> None:
    tape = shared()
    more = replace(tape.nodes[0], edges=(*tape.nodes[0].edges, *[tape.nodes[0].edges[1]] * 3))
    assert "and 1 more path" in said(replace(tape, nodes=(more, *tape.nodes[1:])))


def test_of_large_tensors_there_are_derivatives_and_norms() -> None:
    assert said(residual(), "W1") == ["∂l/∂W1 = ∂l/∂%6 · 1 · 1 · ∂a/∂%2 · xᵀ  norms 4 → 3 → 3 → 1.5 → 2.5"]
    assert said(residual(), "W1", 60) == ["∂l/∂W1 = ∂l/∂%6 · 1 · 1 · ∂a/∂%2 · xᵀ = norm 2.5"]


def test_a_small_tensor_is_written_out() -> None:
    assert said(residual(), "b") == ["∂l/∂b = ∂l/∂%6 · 1  norms 4 → 22.6274 = [16.0000, 16.0000]"]


def test_a_gradient_that_is_not_the_product_is_told_beside_it() -> None:
    tape = lecture(1.02, 2.0, 4.0)
    clipped = replace(tape, nodes=(*tape.nodes[:3], accumulate(0, scalar(-1.0))))
    assert said(clipped)[0].endswith("= -3.92 · 1 · 2 = -7.84, recorded -1")


@pytest.mark.parametrize(
    ("node", "text"),
    [
        pytest.param(None, "w.grad = -2 + (-7.84) = -9.84", id="what came is added to it"),
        pytest.param(1, "w.grad = -2 + ? = ?", id="in a backward not yet"),
    ],
)
def test_where_there_was_a_gradient_already(node: int | None, text: str) -> None:
    tape = lecture(1.02, 2.0, 4.0)
    last = accumulate(0, scalar(-7.84), old=scalar(-2.0), new=scalar(-9.84))
    assert said(replace(tape, nodes=(*tape.nodes[:3], last)), reveal=Reveal(None, node))[1:] == [text]


def test_onto_a_gradient_of_0_nothing_is_added() -> None:
    tape = lecture(1.02, 2.0, 4.0)
    last = accumulate(0, scalar(-7.84), old=scalar(0.0), new=scalar(-7.84))
    assert len(said(replace(tape, nodes=(*tape.nodes[:3], last)))) == 1


def test_the_rounding_of_a_float_is_no_difference() -> None:
    tape = lecture(1.02, 2.0, 4.0)
    rounded = replace(tape, nodes=(*tape.nodes[:3], accumulate(0, scalar(-7.840000152587891))))
    assert said(rounded)[0].endswith("= -3.92 · 1 · 2 = -7.84")


def broadcast(sent: tuple[float, ...] = (2.0, 4.0, 6.0)) -> Tape:
    """`l = ((a + b) * x).sum()` where `b` of shape [] met `a` of shape [3]."""
    three = (1.0, 1.0, 1.0)
    values = (
        leaf("b", Fact("Tensor", 0.0, (), "float32", "cpu"), scalar(12.0), 3), made("%1", small(three, 3), 0),
        made("%2", small(three, 3), 1), made("l", scalar(3.0), 2),
    )  # fmt: skip
    nodes = (
        node("SumBackward0", 2, 3, scalar(1.0), edge(2, 1, None, "1", small(three, 3))),
        node("MulBackward0", 1, 2, small(three, 3), edge(1, 2, None, "x", small((2.0, 4.0, 6.0), 3))),
        node("AddBackward0", 0, 1, small(sent, 3), Edge(0, 3, None, "1", scalar(12.0), (0,))),
        accumulate(0, scalar(12.0)),
    )
    return Tape(values, (), nodes, 3)


def test_what_was_broadcast_is_a_sum_of_products() -> None:
    assert said(broadcast(), "b") == ["∂l/∂b = Σ(1 · x · 1)  norms 1.7321 → 7.4833 → 12 = 12"]


def test_a_gradient_that_a_hook_changed_on_the_way_is_no_product() -> None:
    assert said(broadcast(sent=(4.0, 8.0, 12.0)), "b") == ["∂l/∂b = 12  a hook changed it on the way"]


def test_derivatives_are_of_what_the_backward_began_from() -> None:
    tape = replace(lecture(1.02, 2.0, 4.0), root="(v·l)")
    assert said(tape) == ["∂(v·l)/∂w = 2(y_pred - y) · 1 · x = -3.92 · 1 · 2 = -7.84"]


def test_of_two_backwards_the_nodes_are_not_mixed() -> None:
    one, other = lecture(1.02, 2.0, 4.0), lecture(1.02, 3.0, 6.0)
    shifted = tuple(
        replace(each, run=1, edges=tuple(replace(to, node=to.node + 4) for to in each.edges)) for each in other.nodes
    )
    both = replace(other, nodes=(*one.nodes, *shifted), run=1)
    assert said(both) == said(other)


def test_nodes_inside_of_one_op_make_one_factor() -> None:
    values = leaf("w", scalar(2.0)), made("l", scalar(12.0), 0)
    nodes = (
        node("AddmmBackward0", 0, 1, scalar(1.0), edge(-1, 1, scalar(3.0), "a + b")),
        node("TBackward0", -1, -1, scalar(3.0), edge(0, 2, scalar(-2.0), "-c")),
        accumulate(0, scalar(-6.0)),
    )
    assert said(Tape(values, (), nodes, 1)) == ["∂l/∂w = (a + b) · (-c) = -6"]


@pytest.mark.parametrize(
    ("tape", "name"),
    [
        pytest.param(before_backward(lecture()), "w", id="before a backward"),
        pytest.param(lecture(), "v", id="for a name that is no leaf"),
        pytest.param(replace(lecture(), nodes=lecture().nodes[3:]), "v", id="where no way leads there"),
    ],
)
def test_there_is_no_chain(tape: Tape, name: str) -> None:
    assert chain_of(tape, leaf_of(tape, name)) is None


def test_more_paths_than_atoms_are_no_trouble() -> None:
    assert headline(chain(doubled(1_000)), 80).plain == "∂l/∂w = sum of 10^301 paths = 1.072e+301"
    assert chain(doubled(1_000)).count == 2**1_000
    assert "paths = inf" in headline(chain(huge()), 80).plain


def huge() -> Tape:
    """Twice as many doublings as a float has room for."""
    tape = doubled(1_000)
    two = [replace(e, local=scalar(4.0)) for e in tape.nodes[0].edges]
    nodes = [replace(n, edges=tuple(replace(two[0], value=e.value, node=e.node) for e in n.edges)) for n in tape.nodes]
    nodes[-1] = replace(nodes[-1], upstream=scalar(math.inf))
    return replace(tape, nodes=tuple(nodes))


def test_ten_thousand_factors_are_no_trouble() -> None:
    tape = deep(500, 20)
    found = chain(tape, tape.values[1].name)
    assert [line.plain for line in lines(found, 80)] == [
        "∂loss/∂fc0.weight = ∂loss/∂%10499 · … 9,998 more … · ∂%2/∂fc0.weight"
    ]


@st.composite
def dags(draw: st.DrawFn) -> Tape:
    """Nodes joined at random, each only to later ones; the last one is the leaf's."""
    count = draw(st.integers(1, 8))
    nodes: list[TapeNode] = []
    for at in range(count):
        targets = draw(st.lists(st.tuples(st.integers(at + 1, count), st.integers(-3, 3)), max_size=4))
        edges = [Edge(0, to, scalar(float(local)), "", None) for to, local in targets]
        nodes.append(node("AddBackward0", at, 1, None, *edges))
    return Tape((leaf("w", scalar(1.0)), made("l", scalar(1.0), 0)), (), (*nodes, accumulate(0, None)), 1)


def walked(tape: Tape, at: int = 0, product: float = 1.0) -> list[float]:
    """The products of all paths, one by one."""
    if at == len(tape.nodes) - 1:
        return [product]
    return [
        each for e in tape.nodes[at].edges if e.local for each in walked(tape, e.node, product * (e.local.number or 0))
    ]


@given(dags())
def test_paths_are_counted_and_summed_as_one_by_one(tape: Tape) -> None:
    products = walked(tape)
    found = chain_of(tape, 0)
    if not products:
        assert found is None
        return
    assert found is not None
    assert found.count == len(products)
    assert found.total == sum(products)
    assert [path.product for path in found.paths] == products[:LISTED]
