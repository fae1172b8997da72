"""Breakpoints in words, any of them: what is said is read as the same again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.commands.breakpoints import CHECKS, BadBreakpoint, as_typed, parse
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Phase

NUMBERS = st.integers(0, 10**6)
CONDITIONS = st.sampled_from(
    ["loss > 10", "isnan(w.grad)", "abs(w - 2) < 0.01", "not ok", "a if b else c", "x == 'if'", "m.0.weight.sum() > 0"]
)
DATA = st.sampled_from(["w", "w.grad", "w[0]", "model.0.weight[2, 1]"])
PLACES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"line": NUMBERS, "epoch": NUMBERS, "sample": NUMBERS, "phase": st.sampled_from(Phase)}
)
LIMITS = st.none() | st.sampled_from([1000.0, 1e-7, 0.1, 2.5e8])
WHERE = st.one_of(
    PLACES,
    st.fixed_dictionaries({"data": DATA}),
    st.fixed_dictionaries({"check": st.sampled_from(list(CHECKS)), "limit": LIMITS}),
)
HITS = st.builds("{}{}".format, st.sampled_from(["", "== ", "> ", "% "]), st.integers(1, 999))
LOGS = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1).filter(str.strip)


@st.composite
def breakpoints(draw: st.DrawFn) -> Breakpoint:
    """Any that can be written."""
    parts = draw(WHERE)
    condition = draw(CONDITIONS if not parts else st.just("") | CONDITIONS)
    return Breakpoint(3, **parts, condition=condition, hits=draw(st.just("") | HITS), log=draw(st.just("") | LOGS))


@given(breakpoints())
def test_what_is_said_is_read_as_the_same_again(point: Breakpoint) -> None:
    assert asdict(parse(as_typed(point), 3)) == asdict(point)


@given(st.text(max_size=40) | st.text("iflogh ts%>=5\"'{}[].ew", max_size=40))
def test_any_line_is_a_breakpoint_that_can_be_said_or_is_refused_in_words(text: str) -> None:
    refused: tuple[str, ...] = ()
    try:
        point = parse(text, 1)
    except BadBreakpoint as error:
        refused = error.args
    else:
        assert asdict(parse(as_typed(point), 1)) == asdict(point)
    assert all(refused)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("on w.grad", "change w.grad"),
        ("on w[0] if loss > 1", "change w[0] if loss > 1"),
        ("if loss > 10", "loss > 10"),
        ("a if b else c", "a if b else c"),
        ('update hits == 5 log "w is {w}"', "update hits == 5 log w is {w}"),
        ("update log ' w '", 'update log " w "'),
        ("update log \"'w'\"", "update log \"'w'\""),
    ],
)
def test_another_way_to_write_it_is_the_same_breakpoint(text: str, meant: str) -> None:
    assert as_typed(parse(text, 1)) == meant
