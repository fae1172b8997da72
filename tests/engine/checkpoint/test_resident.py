"""Memory that the allocator keeps between small long-lived objects is given back."""

from __future__ import annotations

import pytest

from bptui.engine.checkpoint.resident import ResidentMemory, _trimmer, resident

LARGE, SMALL, COUNT = 100_000, 2_000, 1500
"""Large ones stay below glibc's threshold for memory of their own (128 kB); small ones above Python's own (512 B)."""


@pytest.mark.skipif(_trimmer() is None, reason="only glibc on Linux keeps such holes")
def test_holes_between_small_objects_are_given_back() -> None:
    memory, before = ResidentMemory(), resident()
    pairs = [(bytearray(LARGE), bytearray(SMALL)) for _ in range(COUNT)]
    small = [each for _, each in pairs]
    del pairs
    holes = resident() - before
    if holes < LARGE * COUNT // 2:
        pytest.skip("this allocator gave them back by itself")
    memory.give_back()
    assert resident() - before < holes // 2
    assert len(small) == COUNT
