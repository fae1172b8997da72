"""The line mode's commands that are more than one request: breakpoints, watches, branches, plots, and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bptui.commands.parse import NotUnderstood, check_alone, check_topic
from bptui.commands.table import BY_ID
from bptui.manual import page
from bptui.model.breakpoints import BreakpointModel
from bptui.model.watches import ALREADY, WatchModel
from bptui.plain.records import json_value
from bptui.protocol.replies import BreakpointsSet, Compared, Evaluated
from bptui.protocol.requests import Ask, SetBreakpoints, SetWatches
from bptui.protocol.rows import Row
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.words import counted
from bptui.session.live import Session
from bptui.trace.aligned import aligned
from bptui.trace.errors import CannotRecord
from bptui.trace.export import export

POINTS = 20
"""So many lines a plot has."""


class ResultPrinter(Protocol):
    """How something is printed that is no stop: an object for programs, lines for people."""

    def show(self, record: dict[str, Any], lines: list[str]) -> None: ...
    def help(self) -> None: ...


class PlainCommands:
    """Carries them out, by the command's id."""

    def __init__(
        self,
        session: Session,
        printer: ResultPrinter,
        ask: Callable[[Ask], bool],
        branch: Callable[[], int],
        *,
        remembers: bool,
    ) -> None:
        """`ask` asks the session and prints the answer. `branch`: on which one the program stands.

        `remembers`: whether breakpoints and watches are those of the last start, and are there again at the next.
        """
        self._session, self._printer, self._ask, self._branch = session, printer, ask, branch
        self.breakpoints = BreakpointModel(self._ask_model, lambda text: None, remembers=remembers)
        self.watches = WatchModel(self._ask_model, self._say_watches, remembers=remembers)
        self.quiet = False
        """Whether the answer is not to be printed: nobody asked for it by a word."""
        self.handlers: dict[str, Callable[[str], None]] = {
            "breakpoints": self._break, "watch": self._watch, "unwatch": self.watches.unwatch,
            "branches": self._branches, "plot": self._plot, "save": self._save, "export": self._export,
            "help": self._help,
        }  # fmt: skip

    def open(self, path: str) -> None:
        """A program begins, perhaps once more: its breakpoints and watches are there again."""
        self.breakpoints.open(path)
        self.watches.open(path)

    def carry_out(self, command: str, argument: str) -> None:
        """Do it.

        Raises:
            NotUnderstood: its argument is none.
        """
        try:
            self.handlers[command](argument)
        except CannotRecord as error:
            raise NotUnderstood(str(error), "") from None

    def _ask_model(self, ask: SetBreakpoints | SetWatches, quietly: bool) -> None:
        self.quiet = quietly and isinstance(ask, SetBreakpoints)
        self._ask(ask)
        self.quiet = False

    # ---- answers

    def show(self, payload: Evaluated | BreakpointsSet | Compared) -> None:
        """Print what is no stop."""
        if isinstance(payload, Evaluated):
            record = {"value": payload.text, "error": payload.failed, "changed": payload.stop is not None}
            self._printer.show(record, [payload.text])
        elif isinstance(payload, BreakpointsSet):
            self.breakpoints.hear(payload.states)
            if not self.quiet:
                self._list()
        else:
            self._compared(payload)

    def show_watches(self, snapshot: Snapshot) -> None:
        """The watched expressions, as they are now."""
        values = {each.expression: each.text for each in snapshot.watches}
        lines = [f"{expression} = {text}" for expression, text in values.items()]
        self._printer.show({"watches": values}, lines or ["no watches"])

    def _compared(self, payload: Compared) -> None:
        timeline, record = self._session.timeline, {"at": payload.at, "on": payload.on, "off": payload.off}
        pairs = aligned(timeline, payload.on, payload.off, payload.at).pairs
        forwards = pairs[-1] if pairs else (None, None)  # of the last sample to which both came
        lines = []
        for word, branch, index in zip(("on", "off"), (payload.on, payload.off), forwards, strict=True):
            row = timeline.row(branch, index) if index is not None else None
            loss = "" if row is None else f", loss {_number(row.loss)} at {_place(row)}"
            lines.append(f"zeroing {word}: branch {branch}, to step {timeline.last(branch)}{loss}")
        self._printer.show({"compared": record}, lines)

    def _help(self, topic: str) -> None:
        if not topic:
            self._printer.help()
            return
        check_topic(topic)
        self._printer.show({"manual": topic, "text": page(topic)}, page(topic).splitlines())

    # ---- breakpoints and watches

    def _break(self, argument: str) -> None:
        if argument:
            self.breakpoints.type(argument)
        else:
            self._list()

    def _list(self) -> None:
        records, lines = [], []
        for each in self.breakpoints.listed:
            number, enabled = each.point.number, each.point.enabled
            message, met = (each.state.message, each.state.met) if each.state is not None else ("", 0)
            records.append({"number": number, "break": each.text, "enabled": enabled, "message": message, "met": met})
            off = "" if enabled else " (off)"
            lines.append(f"breakpoint {number}{off}: {each.text}" + (f"; {message}" if message else ""))
        self._printer.show({"breakpoints": records}, lines or ["no breakpoints"])

    def _watch(self, argument: str) -> None:
        if argument:
            self.watches.watch(argument)
        else:
            self._ask(SetWatches(self.watches.expressions))

    def _say_watches(self, text: str) -> None:
        """What became of the list shows in the answer, which has all their values; only that it stayed does not."""
        if text.startswith(ALREADY):
            self._printer.show({"message": text}, [text])

    # ---- the timeline

    def _branches(self, argument: str) -> None:
        check_alone(BY_ID["branches"], argument)
        timeline = self._session.timeline
        records, lines = [], []
        for each in timeline.branches:
            last = timeline.last(each.number)
            records.append({"branch": each.number, "parent": each.parent, "at": each.at, "last": last})
            left = f", leaves branch {each.parent} behind step {each.at}" if each.parent is not None else ""
            lines.append(f"branch {each.number}: to step {last}{left}")
        self._printer.show({"branches": records}, lines)

    def _plot(self, argument: str) -> None:
        timeline, branch, what = self._session.timeline, self._branch(), argument or "loss"
        known = ["loss", *(label for name in timeline.params for label in (name, f"{name}.grad"))]
        if what not in known:
            raise NotUnderstood(f"There is no {what} to plot.", f"there is {', '.join(known)}")
        points = timeline.series(branch, what, 0, timeline.last(branch) + 1, POINTS)
        heading = f"{what}, branch {branch}" if branch else what
        lines = [f"{'step':>8} {'lowest':>14} {'highest':>14}  {heading}"]
        lines += [f"{index:>8} {_number(low):>14} {_number(high):>14}" for index, low, high in points]
        record = {"plot": what, "branch": branch, "points": [list(map(json_value, each)) for each in points]}
        self._printer.show(record, lines if points else [f"there is no {heading} yet"])

    def _save(self, argument: str) -> None:
        if not argument:
            raise NotUnderstood("Save in which file?", "save run.bptrace")
        self._session.timeline.save(Path(argument).expanduser())
        self._printer.show({"saved": argument}, [f"saved: bptui {argument} opens it"])

    def _export(self, argument: str) -> None:
        if not argument:
            raise NotUnderstood("Export to which file?", "export run.csv")
        count = export(self._session.timeline, Path(argument).expanduser())
        self._printer.show({"exported": argument, "steps": count}, [f"{counted(count, 'step')} written to {argument}"])


def _place(row: Row) -> str:
    named = [f"{word} {at}" for word, at in (("epoch", row.epoch), ("sample", row.sample)) if at is not None]
    return " ".join(named) or f"step {row.index}"


def _number(number: float | None) -> str:
    return "none" if number is None else f"{number:.6g}"
