"""The screen as a picture in a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bptui.ui.actions.picture import keep_picture
from tests.engine_session import EngineSession
from tests.ui.panes.test_plots import last_line
from tests.ui.test_lecture_on_screen import opened
from tests.ui.test_time_on_screen import press

TYPED = {"/": "slash", ".": "full_stop", " ": "space", "-": "minus", "_": "underscore"}


async def exported(name: str) -> str:
    """Type that; what the last line says."""
    async with opened(EngineSession()) as pilot:
        await press(pilot, "n", "colon", *(TYPED.get(char, char) for char in f"export {name}"), "enter")
        await pilot.pause()
        return last_line(pilot)


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def test_the_screen_is_written_as_it_was_before_it_was_asked_for() -> None:
    assert await exported("a.svg") == "the screen is in a.svg"
    picture = Path("a.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "linear.py" in picture
    assert "export" not in picture.replace("&#160;", " "), "the line on which it was typed is not on it"


async def test_a_picture_that_is_there_gives_way_and_nothing_else_does() -> None:
    Path("a.svg").write_text("<svg>of before</svg>")
    assert await exported("a.svg") == "the screen is in a.svg"
    assert "of before" not in Path("a.svg").read_text(encoding="utf-8")
    Path("b.svg").write_text("my thesis")
    assert "b.svg is there already, and is no picture." in await exported("b.svg")
    assert Path("b.svg").read_text() == "my thesis"


async def test_what_is_wrong_is_said_in_one_sentence() -> None:
    Path("c.svg").mkdir()
    for name, said in (
        ("nowhere/a.svg", "There is no folder nowhere."),
        ("c.svg", "c.svg is a folder."),
        ("a.svg/b.svg", "There is no folder a.svg."),
    ):
        told = await exported(name)
        assert said in told
        assert "export FILE.svg writes the screen" in told


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="whoever is root may write anywhere")
async def test_a_folder_that_is_not_writable() -> None:
    Path("kept").mkdir(mode=0o500)
    assert "cannot be written: Permission denied." in await exported("kept/a.svg")


async def test_a_name_that_no_file_can_have() -> None:
    async with opened(EngineSession()) as pilot:
        assert "cannot be written: File name too long." in keep_picture(pilot.app, f"{'a' * 300}.svg").plain
