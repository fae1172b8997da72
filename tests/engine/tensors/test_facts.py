"""What is shown of plain values."""

from __future__ import annotations

import math

import pytest

from bptui.engine.tensors.facts import fact


@pytest.mark.parametrize("sign", [1, -1])
def test_an_int_of_more_digits_than_python_writes_is_shown_in_few_words(sign: int) -> None:
    seen = fact(sign * 10**5000)  # repr() raises from 4,300 digits on
    assert (seen.type, seen.number) == ("int", None)
    assert seen.text is not None
    assert 0 < len(seen.text) < 200
    assert "\n" not in seen.text


def test_an_int_that_no_float_can_be_is_shown_by_its_digits() -> None:
    seen = fact(10**400)
    assert seen.text is not None
    assert seen.text.startswith("1000")
    assert seen.text.endswith("…")


@pytest.mark.parametrize("value", [0, 7, -(2**1000), 2**1022])
def test_an_int_that_a_float_can_be_is_a_number(value: int) -> None:
    seen = fact(value)
    assert seen.number is not None
    assert math.isclose(seen.number, value)
