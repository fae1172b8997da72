"""The README is short, its files exist, and it leads to every page of the manual."""

from __future__ import annotations

import re
from pathlib import Path

from bptui.manual import TOPICS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_at_most_130_lines() -> None:
    assert len(README.splitlines()) <= 130


def test_its_picture_and_files_exist() -> None:
    for path in re.findall(r"\]\(([^):]+)\)", README):
        assert (ROOT / path).exists(), path


def test_it_leads_to_every_page_of_the_manual() -> None:
    assert re.findall(r"\]\(bptui/manual/(\w+)\.md\)", README) == list(TOPICS)
