"""The theme is remembered, and nothing that happens to the file where it is kept is worth a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.ui.app import BptuiApp
from bptui.ui.base.settings import remember_theme, remembered_theme
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import SOURCE


def app() -> BptuiApp:
    return BptuiApp(ToldSession(), title="linear.py", source=SOURCE)


async def test_a_theme_that_the_person_chose_is_remembered(settings: Path) -> None:
    first = app()
    async with first.run_test() as pilot:
        assert first.theme == "bptui-dark"
        assert not settings.exists()
        first.theme = "bptui-light"
        await pilot.pause()
    assert app().theme == "bptui-light"


@pytest.mark.parametrize(
    "written",
    ["", "{", "[]", '{"theme": 3}', '{"theme": "no-such-theme"}', '{"other": 1}', "\0"],
)
def test_what_is_no_theme_is_ignored(settings: Path, written: str) -> None:
    settings.parent.mkdir()
    settings.write_text(written)
    assert app().theme == "bptui-dark"


def test_what_is_no_text_is_ignored(settings: Path) -> None:
    settings.parent.mkdir()
    settings.write_bytes(b"\xff\xfe\x00")
    assert remembered_theme() is None


def test_what_cannot_be_written_is_ignored(settings: Path) -> None:
    settings.parent.write_text("a file where the folder should be")
    remember_theme("bptui-light")
    assert remembered_theme() is None
