"""The tape: its keys, what it follows, and that it does no more than is needed."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App
from textual.binding import Binding, BindingType

from bptui.protocol.tape import Tape
from bptui.ui.panes.tape import TapePane
from tests.handmade_tapes import at_node, at_op, before_backward, deep, doubled, lecture, residual, shared
from tests.ui.fakes.alone import Alone, text_of

LECTURE = lecture(1.02, 2.0, 4.0)
RULE = "∂l/∂w = 2(y_pred - y) · 1 · x = -3.92 · 1 · 2 = -7.84"


def marked(pane: TapePane) -> list[str]:
    """The lines where the program stands."""
    return [line for line in text_of(pane) if line[:1] in ("▶", "◀")]


def cursor(pane: TapePane) -> str:
    """The line on which the cursor is."""
    return next((line for line in text_of(pane) if line.startswith("›")), "")


async def test_without_a_tape_it_says_how_to_get_one() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        assert (pane.id, pane.border_title) == ("tape", "tape")
        for tape in (None, LECTURE, None, Tape((), (), (), -1)):
            pane.show(tape, None, "w")
            await pilot.pause()
            assert text_of(pane)[0].startswith("nothing stepped into yet: s steps in") != (tape is LECTURE)


async def test_a_small_tape_is_drawn_and_d_shows_the_table() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        pane.show(LECTURE, None, "w")
        pane.focus()
        await pilot.pause()
        assert "╭───────╮ y_pred 2.04" in text_of(pane)[0]
        assert text_of(pane)[4] == RULE
        assert pane.border_subtitle == "3 ops, 4 nodes  d table"
        await pilot.press("d")
        assert text_of(pane)[0].split() == ["#", "name", "op", "value", "↓", "∂l/∂name", "↑", "line"]
        assert text_of(pane)[6] == RULE
        assert pane.border_subtitle == "3 ops, 4 nodes  d drawing"
        await pilot.press("d")
        assert "╭───────╮ y_pred 2.04" in text_of(pane)[0]


async def test_a_person_who_wants_the_table_keeps_it_on_the_next_tape() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        pane.show(LECTURE, None, "w")
        pane.focus()
        await pilot.press("d")
        pane.show(lecture(), None, "w")
        await pilot.pause()
        assert not pane.drawn
        pane.show(deep(20, 4), None, "w")
        await pilot.press("d")
        assert pane.border_subtitle == "80 ops, 100 nodes"
        assert not pane.drawn, "there is no drawing of a large one"


async def test_it_follows_the_current_op_through_the_modules() -> None:
    pane, tape = TapePane(), deep(20, 4, 5)
    async with Alone(pane).run_test(size=(80, 10)) as pilot:
        for at in (0, 30, 79, 3):
            pane.show(tape, at_op(at), None)
            await pilot.pause()
            assert marked(pane)[0].split()[2] == tape.values[tape.ops[at].outputs[0]].name
        pane.show(tape, at_node(40, 39), None)
        await pilot.pause()
        assert marked(pane)[0].split()[:2] == ["◀", "50"]


async def test_it_follows_the_current_op_in_a_drawing_that_is_too_wide() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(40, 10)) as pilot:
        pane.show(before_backward(LECTURE), at_op(2), "w")
        await pilot.pause()
        assert pane.scroll_offset.x > 0
        assert "▶^ 2" in "\n".join(text_of(pane))
        pane.show(before_backward(LECTURE), at_op(0), "w")
        await pilot.pause()
        assert "▶× 2.0" in "\n".join(text_of(pane))


async def test_arrows_scroll_a_drawing() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(60, 8)) as pilot:
        pane.show(residual(), None, "W1")
        pane.focus()
        await pilot.press("right", "down")
        assert pane.scroll_offset == (8, 1)
        assert pane.border_subtitle == "←  5 ops, 7 nodes  d table  →"
        await pilot.press("left", "up")
        assert pane.scroll_offset == (0, 0)
        assert pane.border_subtitle == "5 ops, 7 nodes  d table  →"
        await pilot.press("end")
        assert pane.scroll_offset.y == pane.max_scroll_y > 0
        await pilot.press("home")
        assert pane.scroll_offset.y == 0


async def test_the_cursor_goes_up_and_down_and_folds() -> None:
    pane = TapePane()
    app = Alone(pane)
    async with app.run_test(size=(80, 14)) as pilot:
        pane.show(deep(20, 4, 4), None, None)
        app.set_focus(None)
        await pilot.pause()
        assert cursor(pane) == "", "without the focus there is none"
        pane.focus()
        await pilot.press("down")
        assert cursor(pane).startswith("›   ▸ model.block0 ")
        await pilot.press("right")
        assert cursor(pane).startswith("›   ▾ model.block0 ")
        await pilot.press("right", "enter", "down")
        assert cursor(pane).split()[2] == "x", "what was there before the first op is listed where it is used"
        await pilot.press("left")
        assert cursor(pane).startswith("›     ▾ model.block0.fc0 "), "from a value to the module around"
        await pilot.press("left", "left", "left")
        assert cursor(pane).startswith("›   ▸ model.block0 ")
        await pilot.press("enter", "end")
        assert cursor(pane).startswith("›   ▸ model.block3 ")
        await pilot.press("home")
        assert cursor(pane).startswith("› ▾ model ")


async def test_the_cursor_stays_in_sight() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(80, 10)) as pilot:
        pane.show(doubled(40), None, None)
        pane.focus()
        for key, row in (("pagedown", 6), ("pagedown", 12), ("end", 40), ("pageup", 34), ("home", 0)):
            await pilot.press(key)
            assert str(row) in cursor(pane).split()[1:3]


async def test_a_click_folds_and_unfolds() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(80, 14)) as pilot:
        pane.show(deep(20, 4, 4), None, None)
        await pilot.pause()
        before = text_of(pane)
        await pilot.click(pane, offset=(6, 4))
        assert cursor(pane).startswith("›   ▾ model.block1 ")
        await pilot.click(pane, offset=(6, 4))
        assert [line[1:] for line in text_of(pane)] == [line[1:] for line in before]


async def test_enter_where_nothing_folds_means_what_it_means_outside() -> None:
    pressed = []

    class Outside(Alone):
        BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "inspect")]

        def action_inspect(self) -> None:
            pressed.append("inspect")

    pane = TapePane()
    app: App[None] = Outside(pane)
    async with app.run_test(size=(80, 14)) as pilot:
        pane.show(LECTURE, None, "w")
        pane.focus()
        await pilot.press("enter", "d", "enter")
        assert pressed == ["inspect", "inspect"]


async def test_where_the_chain_rule_has_no_room_below_its_one_line_is_at_the_top() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(84, 14)) as pilot:
        pane.show(shared(), None, "w")
        await pilot.pause()
        assert text_of(pane)[0] == "∂l/∂w = 9 + 9 + 9 + 3 + 3 + 1 = 34"
        pane.focus()
        await pilot.press("d")
        assert text_of(pane)[:2][0] == "∂l/∂w = 9 + 9 + 9 + 3 + 3 + 1 = 34"
        assert text_of(pane)[1].split()[:2] == ["#", "name"]
        await pilot.press("down", "down", "down", "down", "down", "down", "down", "down")
        assert text_of(pane)[-1] == "∂l/∂w = 9 + 9 + 9 + 3 + 3 + 1 = 34", "the rest is scrolled to"
        await pilot.resize_terminal(84, 24)
        await pilot.pause()
        assert text_of(pane)[0].split()[:2] == ["#", "name"]


async def test_another_parameter_has_another_chain_rule() -> None:
    pane = TapePane()
    async with Alone(pane).run_test(size=(100, 24)) as pilot:
        for name in ("W1", "b"):
            pane.show(residual(), None, name)
            await pilot.pause()
            assert any(line.startswith(f"∂l/∂{name} = ") for line in text_of(pane))
        pane.show(residual(), None, "no such one")
        await pilot.pause()
        assert not any(line.startswith("∂l") for line in text_of(pane))


async def test_a_step_does_not_lay_out_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    pane, tape = TapePane(), deep(20, 4, 5)
    app = Alone(pane)
    async with app.run_test(size=(80, 12)) as pilot:
        pane.show(tape, at_op(0), None)
        await pilot.pause()
        laid_out: list[object] = []
        monkeypatch.setattr(app.screen, "_refresh_layout", lambda *args, **kwargs: laid_out.append(args))
        pane.show(tape, at_op(1), None)
        await pilot.pause()
        assert marked(pane)
        assert laid_out == []


async def test_a_tape_shown_before_the_pane_has_a_size_is_drawn_then() -> None:
    pane = TapePane()
    pane.styles.display = "none"
    async with Alone(pane).run_test(size=(80, 12)) as pilot:
        pane.show(LECTURE, at_node(2, 0), "w")
        await pilot.pause()
        pane.styles.display = "block"
        await pilot.pause()
        assert "◀× 2.0" in "\n".join(text_of(pane))
        assert text_of(pane)[4].endswith("= -3.92 · 1 · 2 = ?")
