"""The command line: typing, its history, completion, and what comes of a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from bptui.protocol.phase import Goal, Phase
from bptui.protocol.replies import Completed, Died, Evaluated, Refused
from bptui.protocol.requests import (
    Ask,
    Back,
    Complete,
    Do,
    DrawCurve,
    Evaluate,
    GoTo,
    Next,
    Open,
    Run,
    SetValue,
    SetZeroing,
)
from bptui.trace.timeline import Timeline
from bptui.ui.panes.timeline import TimelinePane
from bptui.ui.screens.help import HelpScreen
from bptui.ui.screens.manual import ManualScreen
from bptui.ui.screens.sheet import SheetScreen
from tests.engine_session import EngineSession
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.typing import candidates, enter, line, message, press, typed
from tests.ui.settle import until
from tests.ui.test_lecture_on_screen import opened, seen
from tests.ui.test_screen import opened as opened_over


def asks(session: EngineSession | ToldSession) -> list[Ask]:
    """What was asked for, without opening and curves."""
    return [ask for ask in session.asked if not isinstance(ask, Open | DrawCurve)]


def sheet(pilot: Pilot[None]) -> str | None:
    """What the sheet over the screen says, if there is one."""
    top = pilot.app.screen
    return str(top.query_one("#value").render()) if isinstance(top, SheetScreen) else None  # type: ignore[attr-defined]


SIZES = [(120, 40), (80, 24), (60, 20)]


@pytest.mark.parametrize("size", SIZES)
async def test_opening_and_leaving_it_changes_nothing(size: tuple[int, int]) -> None:
    session = EngineSession()
    async with opened(session, size) as pilot:
        await press(pilot, *"nn")
        for pane in ("timeline", "param", None):
            pilot.app.screen.set_focus(pilot.app.screen.query_one(f"#{pane}") if pane else None)
            await pilot.pause()
            before, said, asked = pilot.app.screen.focused, message(pilot), len(session.asked)
            classes = pilot.app.screen.classes
            await press(pilot, ":", *"abc", "escape")
            assert typed(pilot) is None
            assert pilot.app.screen.focused is before
            assert (message(pilot), len(session.asked)) == (said, asked)
            assert pilot.app.screen.classes == classes


async def test_keys_of_commands_are_only_letters_on_it() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, ":", *"nfbq?r c1N", "backspace", "backspace")
        assert typed(pilot) == "nfbq?r c"
        assert asks(session) == []


async def test_ctrl_c_leaves_it() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", "w", "ctrl+c")
        assert typed(pilot) is None
        assert pilot.app.is_running


async def test_focusing_a_pane_leaves_it() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", "w")
        await pilot.click("#timeline")
        await pilot.pause()
        assert typed(pilot) is None
        assert isinstance(pilot.app.screen.focused, TimelinePane)


@pytest.mark.parametrize("size", SIZES)
async def test_a_value_is_told_on_the_last_line(size: tuple[int, int]) -> None:
    session = EngineSession()
    async with opened(session, size) as pilot:
        await enter(pilot, "w * 2")
        assert message(pilot) == "w * 2  = tensor([2.], grad_fn=<MulBackward0>)"
        assert typed(pilot) is None
        (asked,) = asks(session)
        assert isinstance(asked, Evaluate)
        assert asked.text == "w * 2"


async def test_a_value_of_many_lines_is_told_on_a_sheet() -> None:
    async with opened(EngineSession(), (60, 20)) as pilot:
        text = "[print(each) for each in range(50)][0]"
        await enter(pilot, text)
        said = sheet(pilot)
        assert said is not None
        assert said.split() == f">>> {text}".split() + [str(each) for each in range(50)]
        await press(pilot, "pagedown", "escape")
        assert sheet(pilot) is None


async def test_an_error_says_so_in_words() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "foo + 1")
        assert message(pilot) == "NameError: name 'foo' is not defined  nothing changed"
        await enter(pilot, "foo")
        assert message(pilot).startswith("refused: There is no command 'foo', and the script has no such name.")
        assert seen(pilot, TimelinePane)[2] == ""


async def test_what_changes_the_program_is_a_step_that_can_be_undone() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await press(pilot, "n")
        await enter(pilot, "w.data = w.data + 0.5")
        assert message(pilot) == "w.data = w.data + 0.5  changed the program: N undoes it"
        assert [row.split()[-2] for row in seen(pilot, TimelinePane)[1:4]] == ["1.0000", "1.0000", "1.5000"]
        await press(pilot, "N")
        assert session.snapshot is not None
        assert session.snapshot.params[0].value.number == 1.0


async def test_what_raises_after_it_changed_something_says_both() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "w = 3; foo")
        assert message(pilot) == "NameError: name 'foo' is not defined  changed the program: N undoes it"


async def test_a_step_behind_an_evaluation_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bptui.ui.actions.play.SLOW", 1000.0)  # once it is said to run, keys for steps are off
    session = ToldSession()
    async with opened_over(session) as pilot:
        await enter(pilot, "slow()")
        await until(pilot, lambda: isinstance(asks(session)[-1], Evaluate) and not line(pilot).display)
        number = session.asked.index(asks(session)[-1]) + 1
        await press(pilot, "n")
        assert isinstance(asks(session)[-1], Evaluate)
        session.reply(Evaluated("1", False, None), number=number)
        await until(pilot, lambda: isinstance(asks(session)[-1], Next))


async def test_a_refused_evaluation_is_told() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await enter(pilot, "w")
        session.reply(Refused("Not now.", "Later."))
        await pilot.pause()
        assert message(pilot) == "refused: Not now.  Later."
        await press(pilot, "n")
        assert isinstance(session.asked[-1], Next)


COMMANDS: list[tuple[str, Ask]] = [
    ("next", Next()),
    ("n", Next()),
    ("b", Do(Phase.BACKWARD)),
    ("sample", Run(Goal.SAMPLE)),
    ("next 7", Run(Goal.END, 7)),
    ("back 3", Back(3)),
    ("goto 12", GoTo(12)),
    ("goto 1:12", GoTo(12, 1)),
    ("zeroing off", SetZeroing(False)),
    ("set lr = 0.1", SetValue("lr", "0.1")),
    ("eval n", Evaluate("n")),
    ("n = 3", Evaluate("n = 3")),
    ("b.grad", Evaluate("b.grad")),
]


@pytest.mark.parametrize(("text", "ask"), COMMANDS, ids=[text for text, _ in COMMANDS])
async def test_a_commands_word_is_a_request_and_the_rest_is_python(text: str, ask: Ask) -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await enter(pilot, text)
        (asked,) = asks(session)
        assert type(asked) is type(ask)
        assert vars(asked) == vars(ask)


async def test_a_count_repeats_a_step_until_one_of_them_does_not_simply_run() -> None:
    session = EngineSession()
    async with opened(session) as pilot:
        await enter(pilot, "forward 3")
        assert [type(ask) for ask in asks(session)] == [Do, Do, Do]
        await enter(pilot, "backward 3")
        assert len([ask for ask in asks(session) if isinstance(ask, Do) and ask.phase is Phase.BACKWARD]) == 2
        assert message(pilot).startswith("refused: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("goto there", "To which step?"),
        ("zeroing perhaps", "zeroing is on or off"),
        ("set w", "Set what"),
        ("quit now", "quit takes nothing"),
        ("next often", "next takes a number from 1, not 'often'."),
        ("check", "check is not possible now"),
    ],
)
async def test_what_cannot_be_understood_is_told_and_nothing_is_asked(text: str, words: str) -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        if text == "check":
            session.reply(Died("killed", "", ""))
        await enter(pilot, text)
        assert words in message(pilot)
        assert asks(session) == []


async def test_a_command_that_is_no_request_does_what_its_key_does() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "help")
        assert isinstance(pilot.app.screen, HelpScreen)
        await press(pilot, "escape")
        await enter(pilot, "quit")
        assert not pilot.app.is_running


async def test_a_page_of_the_manual_is_opened_by_its_topic() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "help time")
        assert isinstance(pilot.app.screen, ManualScreen)
        await press(pilot, "escape")
        await enter(pilot, "help nosuch")
        assert "There is no topic 'nosuch' in the manual" in message(pilot)


async def test_when_the_program_died_commands_can_be_typed_still() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        session.reply(Died("killed", "", ""))
        await pilot.pause()
        await press(pilot, ":", *"wat", "tab")
        assert typed(pilot) == "watch "
        await press(pilot, "escape", ":", *"w", "enter")
        assert asks(session) == []
        await enter(pilot, "restart")
        assert session.restarts == 1


async def test_branches_are_listed() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, *"nnnN", "f")
        await enter(pilot, "branches")
        said = sheet(pilot)
        assert said is not None
        assert said.split("\n")[:2] == [
            "  branch 0   steps 0 to 3",
            "▶ branch 1   steps 3 to 3   leaves branch 0 behind step 2",
        ]


@pytest.mark.parametrize("word", ["goto", "watch", "set"])
async def test_the_palette_opens_the_line_for_a_command_that_wants_to_know_more(word: str) -> None:
    async with opened(EngineSession()) as pilot:
        (chosen,) = [
            each for each in pilot.app.get_system_commands(pilot.app.screen) if each.title.endswith(f"(:{word})")
        ]
        chosen.callback()
        await pilot.pause()
        assert typed(pilot) == f"{word} "


# ---- history


async def test_up_and_down_bring_lines_back_and_what_was_being_typed() -> None:
    async with opened(EngineSession()) as pilot:
        await enter(pilot, "w + 1")
        await enter(pilot, "w + 2")
        await press(pilot, ":", *"dr", "up")
        assert typed(pilot) == "w + 2"
        await press(pilot, "up", "up")
        assert typed(pilot) == "w + 1"
        await press(pilot, "down", "down", "down")
        assert typed(pilot) == "dr"


async def test_the_history_is_there_at_the_next_start_each_line_once() -> None:
    async with opened(EngineSession()) as pilot:
        for text in ("w", "grad", "w"):
            await enter(pilot, text)
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", "up")
        assert typed(pilot) == "w"
        await press(pilot, "up")
        assert typed(pilot) == "grad"
        await press(pilot, "up")
        assert typed(pilot) == "grad"


async def test_a_line_that_was_left_is_not_in_the_history(tmp_path: Path) -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", "w", "escape", ":", "up")
        assert typed(pilot) == ""
        assert not (tmp_path / "state" / "history").exists()


# ---- completion


async def test_one_candidate_is_typed() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", *"wat", "tab")
        assert typed(pilot) == "watch "
        assert candidates(pilot) == []


async def test_several_candidates_are_listed_once_no_more_is_common() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", *"z", "tab")
        assert candidates(pilot) == ["zero_grad", "zeroing", "zip"]
        assert typed(pilot) == "z"
        await press(pilot, *"ero", "tab")
        assert typed(pilot) == "zero"
        assert candidates(pilot) == ["zero_grad", "zeroing"]
        await press(pilot, *"_", "tab")
        assert typed(pilot) == "zero_grad "


async def test_what_is_common_is_typed_first() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", *"w.addcd", "tab")
        assert typed(pilot) == "w.addcdiv"
        await press(pilot, ":", "escape", ":", *"loss.__qualn", "tab")
        assert typed(pilot) == "loss.__qualname__"


async def test_it_completes_where_the_cursor_is_and_keeps_what_follows() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", *"x_d + w", "left", "left", "left", "left", "tab")
        assert typed(pilot) == "x_data + w"


async def test_an_argument_of_a_command_is_completed() -> None:
    async with opened(EngineSession()) as pilot:
        await press(pilot, ":", *"zeroing ", "tab")
        assert typed(pilot) == "zeroing o"
        await press(pilot, "tab")
        assert candidates(pilot) == ["on", "off"]
        await press(pilot, *"f", "tab")
        assert typed(pilot) == "zeroing off "


async def test_an_answer_that_comes_after_more_was_typed_is_dropped() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await press(pilot, ":", *"w.g", "tab")
        (asked,) = asks(session)
        assert isinstance(asked, Complete)
        assert asked.text == "w.g"
        await press(pilot, "r")
        session.reply(Completed(2, ("grad", "grad_fn")))
        await pilot.pause()
        assert typed(pilot) == "w.gr"


async def test_only_the_latest_question_matters() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await press(pilot, ":", *"w.", "tab", "g", "tab")
        first = len(session.asked) - 1
        session.reply(Completed(2, ("never",)), number=first)
        session.reply(Completed(2, ("grad",)), number=first + 1)
        await pilot.pause()
        assert typed(pilot) == "w.grad"


async def test_a_refused_completion_is_not_told() -> None:
    session = ToldSession()
    async with opened_over(session) as pilot:
        await press(pilot, ":", *"w.", "tab")
        session.reply(Refused("no", "no"))
        await press(pilot, "escape")
        assert "refused" not in message(pilot)


async def test_at_60x20_the_candidates_leave_room_for_the_line() -> None:
    async with opened(EngineSession(), (60, 20)) as pilot:
        await press(pilot, ":", *"eval ", "tab")
        assert line(pilot).region.height <= 4
        assert line(pilot).region.bottom == 19
        await press(pilot, "w")
        assert candidates(pilot) == []
        assert line(pilot).region.height == 1


# ---- files


async def test_the_timeline_is_saved_and_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(EngineSession()) as pilot:
        await press(pilot, *"nn")
        await enter(pilot, "save a.bptrace")
        assert message(pilot) == "the timeline is in a.bptrace: bptui a.bptrace opens it"
        await enter(pilot, "export a.csv")
        assert message(pilot) == "3 steps are in a.csv"
        await enter(pilot, "export a.jsonl")
        assert len(Path("a.jsonl").read_text().splitlines()) == 3
        await enter(pilot, "save")
        assert message(pilot).startswith("refused: Save in which file?")
        await enter(pilot, "export nowhere/a.csv")
        assert message(pilot).startswith("refused: nowhere/a.csv cannot be written")
        Path("mine.txt").write_text("mine")
        await enter(pilot, "save mine.txt")
        assert message(pilot).startswith("refused: ")
    assert Path("mine.txt").read_text() == "mine"
    timeline = Timeline.open(Path("a.bptrace"))
    assert timeline.last(0) == 2
    timeline.close()
