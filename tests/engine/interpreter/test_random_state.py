"""Every draw is noticed and undone, whichever generator it is made from."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy
import pytest
import torch

from bptui.engine.interpreter.random_state import RandomState

OWN = torch.Generator(), random.Random(1), numpy.random.default_rng(1), numpy.random.Generator(numpy.random.MT19937(1))
DRAWS: dict[str, Callable[[], object]] = {
    "torch": lambda: torch.rand(()).item(),
    "torch normal": lambda: torch.randn(()).item(),
    "Python": random.random,
    "a whole round of Python's generator": lambda: [random.getrandbits(32) for _ in range(624)],
    "numpy": lambda: numpy.random.rand(),
    "a whole round of numpy's generator": lambda: numpy.random.randint(0, 1 << 32, 624, dtype=numpy.uint32).tolist(),
    "numpy normal, twice": lambda: numpy.random.randn(2).tolist(),
    "numpy normal": lambda: numpy.random.randn(),
    "a generator of torch's": lambda: torch.rand((), generator=OWN[0]).item(),
    "a generator of Python's": OWN[1].random,
    "a generator of numpy's": OWN[2].random,
    "a Mersenne twister of numpy's": OWN[3].random,
}


@pytest.mark.parametrize("kept", [False, True], ids=["", "while half of a pair of normal numbers is kept"])
@pytest.mark.parametrize("what", DRAWS)
def test_a_draw_is_noticed_and_undone(what: str, kept: bool) -> None:
    numpy.random.seed(3)
    if kept:
        numpy.random.randn()
    state = RandomState(OWN)
    assert state.holds()
    assert RandomState(OWN).is_same(state)
    drawn = DRAWS[what]()
    assert not state.holds()
    state.restore()
    assert state.holds()
    assert DRAWS[what]() == drawn


def test_another_kind_of_global_generator_of_numpys_is_seen_to_too() -> None:
    numpy.random.set_state(numpy.random.get_state())
    before = numpy.random.get_bit_generator()
    try:
        numpy.random.set_bit_generator(numpy.random.PCG64(1))
        state = RandomState()
        drawn = numpy.random.rand()
        assert not state.holds()
        state.restore()
        assert numpy.random.rand() == drawn
    finally:
        numpy.random.set_bit_generator(before)
