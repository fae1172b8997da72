"""The manual over the screen: pages by topic, links, and a search through all of them."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Input, Markdown, OptionList, Static

from bptui.manual import TOPICS, page
from bptui.ui.screens.manual import ManualScreen, search
from tests.ui.fakes.alone import Alone


class Reading(Alone):
    """The manual alone."""

    def __init__(self) -> None:
        super().__init__(Static())

    async def on_mount(self) -> None:
        await self.push_screen(ManualScreen("steps"))


def shown(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(Markdown).source


def listed(pilot: Pilot[None]) -> list[str]:
    return [str(option.prompt) for option in pilot.app.screen.query_one(OptionList).options]


async def test_arrows_go_from_page_to_page() -> None:
    async with Reading().run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert listed(pilot) == list(TOPICS)
        assert shown(pilot) == page("steps")
        await pilot.press("down")
        await pilot.pause()
        assert shown(pilot) == page(TOPICS[TOPICS.index("steps") + 1])


async def test_a_search_lists_the_lines_of_all_pages_and_opens_them() -> None:
    found = search("zero_grad")
    assert {each.topic for each in found} > {"keys", "steps"}
    async with Reading().run_test(size=(100, 30)) as pilot:
        await pilot.press("slash", *"zero_grad")
        await pilot.pause()
        assert len(listed(pilot)) == len(found)
        await pilot.press("enter")
        await pilot.pause()
        assert shown(pilot) == page(found[0].topic)


async def test_what_is_nowhere_finds_nothing_and_escape_brings_the_topics_back() -> None:
    async with Reading().run_test(size=(60, 20)) as pilot:
        await pilot.press("slash", *"qqqq", "enter")
        await pilot.pause()
        assert listed(pilot) == []
        await pilot.press("escape")
        await pilot.pause()
        assert listed(pilot) == list(TOPICS)
        assert not pilot.app.screen.query_one(Input).display
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ManualScreen)
