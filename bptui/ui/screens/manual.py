"""The manual over the screen: its topics at the left, a page beside them, and a search through all pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, MarkdownViewer, OptionList, Static
from textual.widgets.markdown import MarkdownBlock
from textual.widgets.option_list import Option

from bptui.manual import FOLDER, TOPICS, page, title


@dataclass(frozen=True)
class Found:
    """A line of the manual that holds what was searched for."""

    topic: str
    line: int
    """From 0, in the page's Markdown."""
    text: str


def search(words: str) -> list[Found]:
    """The lines of all pages that hold these words, in any case; none for no words."""
    wanted = words.casefold().strip()
    return [
        Found(topic, number, line)
        for topic in TOPICS
        for number, line in enumerate(page(topic).splitlines())
        if wanted and wanted in line.casefold()
    ]


class ManualScreen(ModalScreen[None]):
    """A page of the manual, and the list of topics or of what was found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close"),
        Binding("q,ctrl+c", "dismiss", "close"),
        Binding("slash", "search", "search"),
    ]

    def __init__(self, topic: str = TOPICS[0]) -> None:
        super().__init__()
        self._topic = topic
        self._found: list[Found] = []
        """What the list shows in the place of the topics, while a search is on."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_subtitle = "↑↓ topic   tab scroll   / search   esc closes"
            yield Input(placeholder="search the manual", id="search", compact=True)
            with Horizontal():
                yield OptionList(id="topics", compact=True, markup=False)
                yield MarkdownViewer(id="page", show_table_of_contents=False, open_links=False)

    async def on_mount(self) -> None:
        self.query_one("#search").display = False
        self._list_topics()
        await self._open(self._topic)

    def _list_topics(self) -> None:
        self._found = []
        topics = self.query_one("#topics", OptionList)
        topics.set_options([Option(topic, id=topic) for topic in TOPICS])
        topics.highlighted = TOPICS.index(self._topic)
        topics.focus()

    async def _open(self, topic: str, found: Found | None = None) -> None:
        """Show a page; from what was found on, if that is given."""
        self._topic = topic
        self.query_one(".sheet").border_title = Content(title(topic))
        viewer = self.query_one("#page", MarkdownViewer)
        await viewer.go(FOLDER / f"{topic}.md")
        if found is None:
            viewer.scroll_home(animate=False)
        elif (widget := self._showing(found)) is not None:
            self.call_after_refresh(viewer.scroll_to_widget, widget, animate=False, top=True)

    def _showing(self, found: Found) -> Widget | None:
        """The smallest widget of the page that shows the line which was found."""
        page = self.query_one("#page", MarkdownViewer)
        blocks = [b for b in page.query(MarkdownBlock) if b.source_range[0] <= found.line < b.source_range[1]]
        block = min(blocks, key=lambda each: each.source_range[1] - each.source_range[0], default=None)
        if block is not None and found.text.startswith("|"):  # a table's cells do not know their lines
            first = found.text.split("|")[1].replace("`", "").strip()
            cells = block.query("MarkdownTableCellContents").results(Static)
            return next((cell for cell in cells if str(cell.visual).strip() == first), block)
        return block

    @on(OptionList.OptionHighlighted)
    async def _follow(self, event: OptionList.OptionHighlighted) -> None:
        if self._found:
            found = self._found[event.option_index]
            await self._open(found.topic, found)
        elif (topic := str(event.option.id)) != self._topic:
            await self._open(topic)

    @on(MarkdownViewer.NavigatorUpdated)
    def _followed_a_link(self) -> None:
        topic = self.query_one("#page", MarkdownViewer).navigator.location.stem
        if topic != self._topic and topic in TOPICS:
            self._topic = topic
            self.query_one(".sheet").border_title = Content(title(topic))
            if not self._found:
                self.query_one("#topics", OptionList).highlighted = TOPICS.index(topic)

    def action_search(self) -> None:
        words = self.query_one("#search", Input)
        words.display = True
        words.focus()
        self.add_class("-searching")

    @on(Input.Changed)
    def _look(self, event: Input.Changed) -> None:
        self._found = search(event.value)
        topics = self.query_one("#topics", OptionList)
        if self._found:
            topics.set_options([Option(f"{each.topic:<12} {each.text.strip(' |#-')}") for each in self._found])
        else:
            topics.set_options([] if event.value.strip() else [Option(topic, id=topic) for topic in TOPICS])

    @on(Input.Submitted)
    def _choose(self) -> None:
        topics = self.query_one("#topics", OptionList)
        if self._found:
            topics.highlighted = 0
            topics.focus()

    def action_leave(self) -> None:
        """Leave the search if there is one, else the manual."""
        words = self.query_one("#search", Input)
        if not words.display:
            self.dismiss()
            return
        words.display = False
        self.remove_class("-searching")
        with self.prevent(Input.Changed):
            words.value = ""
        self._list_topics()
