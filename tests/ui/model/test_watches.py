"""Expressions that are watched: on the screen, at each stop, after a restart and at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from bptui.model.watches import SCRIPTS, WatchModel
from bptui.protocol.replies import Refused
from bptui.protocol.requests import Evaluate, SetWatches
from bptui.ui.panes.watches import WatchPane
from bptui.ui.screens.sheet import SheetScreen
from tests.engine_session import EngineSession
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.typing import enter, message, press, typed
from tests.ui.test_lecture_on_screen import opened, seen
from tests.ui.test_screen import opened as opened_over

SIZES = [(120, 40), (80, 24), (60, 20)]


def shown(pilot: Pilot[None]) -> list[str] | None:
    """The lines of the pane; None while it is not there."""
    pane = pilot.app.screen.query_one(WatchPane)
    return seen(pilot, WatchPane) if pane.display else None


def told(session: EngineSession | ToldSession) -> list[tuple[str, ...]]:
    return [ask.expressions for ask in session.asked if isinstance(ask, SetWatches)]


@pytest.mark.parametrize("size", SIZES)
async def test_a_watch_is_there_at_once_and_is_evaluated_at_each_stop(size: tuple[int, int]) -> None:
    session = EngineSession()
    async with opened(session, size) as pilot:
        assert shown(pilot) is None
        await enter(pilot, "watch w.item() * 2")
        assert shown(pilot) == ["  w.item() * 2  = 2.0"]
        assert message(pilot) == "watching w.item() * 2: it is evaluated at each stop"
        await press(pilot, *"nn")
        assert shown(pilot) == ["  w.item() * 2  = 2.0"]
        await press(pilot, "n")
        assert shown(pilot) == ["● w.item() * 2  = 2.0399999618530273"]
        await press(pilot, "n")
        assert shown(pilot) == ["  w.item() * 2  = 2.0399999618530273"]


async def test_what_cannot_be_evaluated_says_so_and_breaks_nothing() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "watch l")
        assert shown(pilot) == ["✗ l  NameError: name 'l' is not defined"]
        await press(pilot, "n")
        assert shown(pilot) == ["● l  = tensor([1.], grad_fn=<PowBackward0>)"]


async def test_going_back_shows_what_it_was_then() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "watch w.grad")
        await press(pilot, *"nn")
        assert shown(pilot) == ["● w.grad  = tensor([-2.])"]
        await press(pilot, "n")
        assert shown(pilot) == ["  w.grad  = tensor([-2.])"]
        await press(pilot, "N")
        assert shown(pilot) == ["● w.grad  = tensor([-2.])"]  # the backward that led there changed it
        await press(pilot, "N")
        assert shown(pilot) == ["  w.grad  = None"]  # the forward did not


@pytest.mark.parametrize(("size", "most"), zip(SIZES, (5, 3, 2), strict=True))
async def test_many_watches_take_few_lines_and_scroll(size: tuple[int, int], most: int) -> None:
    async with opened(EngineSession(), size) as pilot:
        for number in range(8):
            await enter(pilot, f"watch {number} + 1.0")
        assert shown(pilot) == [f"  {number} + 1.0  = {1.0 + number}" for number in range(most)]
        pilot.app.screen.query_one(WatchPane).focus()
        await press(pilot, "end")
        lines = shown(pilot)
        assert lines is not None
        assert lines[-1] == "  7 + 1.0  = 8.0"


async def test_unwatch_takes_one_away_or_all() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        for text in ("w", "grad", "epoch"):
            await enter(pilot, f"watch {text}")
        await enter(pilot, "unwatch grad")
        assert told(session)[-1] == ("w", "epoch")
        assert message(pilot) == "no longer watching grad"
        await enter(pilot, "unwatch grad")
        assert message(pilot).startswith("refused: grad is not watched.")
        await press(pilot, ":", *"unwatch e", "tab")
        assert typed(pilot) == "unwatch epoch "
        await press(pilot, "escape")
        await enter(pilot, "unwatch all")
        assert shown(pilot) is None
        await enter(pilot, "unwatch")
        assert message(pilot).startswith("refused: Nothing is watched.")


async def test_no_expression_is_watched_twice() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "watch w")
        await enter(pilot, "watch w")
        assert told(session) == [("w",)]
        assert message(pilot) == "watched already: w"
        await enter(pilot, "watch")
        assert message(pilot) == "w"


async def test_an_evaluation_that_changes_the_program_shows_in_them() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "watch w")
        await enter(pilot, "w = 3")
        assert isinstance(session.asked[-1], Evaluate) or shown(pilot) is not None
        assert shown(pilot) == ["● w  = 3"]


async def test_they_survive_a_restart_and_the_next_start() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "watch w")
        await press(pilot, "n", "r")
        assert shown(pilot) == ["  w  = tensor([1.], requires_grad=True)"]
        assert message(pilot).startswith("ready: ")
        assert told(session) == [("w",), ("w",)]
    session = EngineSession()
    async with opened(session) as pilot:
        assert told(session) == [("w",)]
        assert shown(pilot) == ["  w  = tensor([1.], requires_grad=True)"]
        assert message(pilot).startswith("ready: ")
        await enter(pilot, "unwatch")
    session = EngineSession()
    async with opened(session) as pilot:
        assert told(session) == []


async def test_enter_shows_them_whole() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "watch 'long ' * 100")
        pilot.app.screen.query_one(WatchPane).focus()
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, SheetScreen)
        assert str(pilot.app.screen.query_one("#value").render()).count("long") == 101  # type: ignore[attr-defined]


async def test_a_session_that_cannot_watch_says_so_only_when_it_was_asked_for() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await enter(pilot, "watch w")
        session.reply(Refused("This is a recorded trace.", "It cannot be evaluated in."))
        await pilot.pause()
        assert message(pilot).startswith("refused: This is a recorded trace.")
    session = ToldSession()
    async with opened_over(session) as pilot:
        assert told(session) == [("w",)]
        session.reply(Refused("This is a recorded trace.", ""))
        await pilot.pause()
        assert "refused" not in message(pilot)


def test_each_script_has_its_own_and_only_so_many_scripts_are_kept(tmp_path: Path) -> None:
    for number in range(SCRIPTS + 5):
        watching = WatchModel(lambda _ask, _quietly: None, lambda _text: None)
        watching.open(str(tmp_path / f"{number}.py"))
        watching.watch(f"w + {number}")
    for number, kept in ((SCRIPTS, (f"w + {SCRIPTS}",)), (0, ())):
        watching = WatchModel(lambda _ask, _quietly: None, lambda _text: None)
        watching.open(str(tmp_path / f"{number}.py"))
        assert watching.expressions == kept


@pytest.mark.parametrize("content", ["", "[1]", '{"x": 3}', "\0", "{"])
async def test_a_broken_file_is_no_reason_to_complain(tmp_path: Path, content: str) -> None:
    (tmp_path / "state").mkdir()
    for name in ("watches.json", "history"):
        (tmp_path / "state" / name).write_text(content)
    async with opened(EngineSession()) as pilot:
        assert shown(pilot) is None
        await enter(pilot, "watch w")
        assert shown(pilot) == ["  w  = tensor([1.], requires_grad=True)"]


async def test_a_folder_that_cannot_be_written_is_no_reason_to_complain(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "watch w")
        assert shown(pilot) == ["  w  = tensor([1.], requires_grad=True)"]
        await press(pilot, ":", "up")
        assert typed(pilot) == "watch w"
