"""The line mode's words for time: going back, branches, breakpoints, watches, typed Python, and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bptui.commands.breakpoints import BadBreakpoint, BreakpointList, said
from bptui.commands.parse import NotUnderstood, asked
from bptui.commands.table import Command
from bptui.plain.records import json_value
from bptui.protocol.breakpoint import BreakpointState
from bptui.protocol.messages import Ask, BreakpointsSet, Compared, Evaluate, Evaluated, SetBreakpoints, SetWatches
from bptui.protocol.snapshot import Snapshot
from bptui.session.live import Session
from bptui.trace.errors import CannotRecord
from bptui.trace.export import export

POINTS = 20
"""So many lines a plot has."""


class ResultPrinter(Protocol):
    """How something is printed that is no stop: an object for programs, lines for people."""

    def tell(self, record: dict[str, Any], lines: list[str]) -> None: ...


class TimeMode:
    """Carries out these words."""

    def __init__(self, session: Session, teller: ResultPrinter, ask: Callable[[Ask], bool]) -> None:
        """`ask` asks the session and prints the answer."""
        self._session, self._teller, self._ask = session, teller, ask
        self._breakpoints = BreakpointList()
        self._states: dict[int, BreakpointState] = {}
        self._watches: tuple[str, ...] = ()
        self._branch = 0
        """Where the program stands."""
        self.quiet = False
        """Whether answers about breakpoints are kept to itself."""
        self._words: dict[str, Callable[[str], None]] = {
            "breakpoints": self._break, "watch": self._watch, "unwatch": self._unwatch, "eval": self._evaluate,
            "branches": self._branches, "plot": self._plot, "save": self._save, "export": self._export,
        }  # fmt: skip

    def opened(self, path: str) -> None:
        """A program begins, perhaps once more: its breakpoints and watches are there again."""
        self._breakpoints.open(path)
        if self._breakpoints.breakpoints:
            self._send_breakpoints(quiet=True)
        if self._watches:
            self._ask(SetWatches(self._watches))

    def obey(self, command: Command, argument: str, branch: int) -> bool:
        """Carry a command out, if it is one of these; the program stands on that branch.

        Raises:
            NotUnderstood: its argument is none.
        """
        self._branch = branch
        handler = self._words.get(command.id)
        try:
            if handler is not None:
                handler(argument)
            elif command.id in ("back", "back_run", "first", "last", "goto", "set", "compare"):
                request = asked(command, argument)
                assert request is not None
                self._ask(request[0])
            else:
                return False
        except BadBreakpoint as error:
            raise NotUnderstood(*error.args) from None
        except CannotRecord as error:
            raise NotUnderstood(str(error), "") from None
        return True

    # ---- answers

    def show(self, tell: Evaluated | BreakpointsSet | Compared) -> None:
        """Print what is no stop."""
        if isinstance(tell, Evaluated):
            record = {"value": tell.text, "error": tell.failed, "changed": tell.stop is not None}
            self._teller.tell(record, tell.text.splitlines())
        elif isinstance(tell, BreakpointsSet):
            self._states = {each.number: each for each in tell.states}
            if not self.quiet:
                self._list()
        else:
            self._compared(tell)

    def show_watches(self, snapshot: Snapshot) -> None:
        """The watched expressions, as they are now."""
        told = {each.expression: each.text for each in snapshot.watches}
        lines = [f"{expression} = {text}" for expression, text in told.items()]
        self._teller.tell({"watches": told}, lines or ["no watches"])

    def _compared(self, tell: Compared) -> None:
        timeline, record = self._session.timeline, {"at": tell.at, "on": tell.on, "off": tell.off}
        lines = []
        for word, branch in (("on", tell.on), ("off", tell.off)):
            row = timeline.row(branch, timeline.last(branch))
            loss = row.loss if row is not None else None
            lines.append(f"zeroing {word}: branch {branch}, step {timeline.last(branch)}, loss {_number(loss)}")
        self._teller.tell({"compared": record}, lines)

    # ---- breakpoints

    @property
    def stops(self) -> bool:
        """Whether there is any breakpoint that may stop a run."""
        return any(each.enabled for each in self._breakpoints.breakpoints)

    def _break(self, argument: str) -> None:
        word, _, rest = argument.partition(" ")
        if not argument:
            self._list()
            return
        if word in ("remove", "enable", "disable", "edit"):
            self._change(word, rest.strip())
        else:
            self._breakpoints.add(argument)
        self._send_breakpoints()

    def _change(self, word: str, argument: str) -> None:
        name, _, text = argument.partition(" ")
        numbers = [each.number for each in self._breakpoints.breakpoints]
        if not name:
            raise NotUnderstood("Which one?", f"break {word} 1; break lists them")
        if not name.isdecimal() or int(name) not in numbers:
            raise NotUnderstood(f"There is no breakpoint {name}.", "break lists them")
        if word == "remove":
            self._breakpoints.remove(int(name))
        elif word == "edit":
            self._breakpoints.edit(int(name), text.strip())
        else:
            self._breakpoints.switch(int(name), word == "enable")

    def _send_breakpoints(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._ask(SetBreakpoints(self._breakpoints.breakpoints))
        self.quiet = False

    def _list(self) -> None:
        records, lines = [], []
        for each in self._breakpoints.breakpoints:
            state = self._states.get(each.number)
            message = state.message if state is not None else ""
            records.append({
                "number": each.number, "break": said(each), "enabled": each.enabled, "message": message,
                "met": state.met if state is not None else 0,
            })  # fmt: skip
            off = "" if each.enabled else " (off)"
            lines.append(f"breakpoint {each.number}{off}: {said(each)}" + (f"; {message}" if message else ""))
        self._teller.tell({"breakpoints": records}, lines or ["no breakpoints"])

    # ---- watches and Python

    def _watch(self, argument: str) -> None:
        if argument and argument not in self._watches:
            self._watches = (*self._watches, argument)
        self._ask(SetWatches(self._watches))

    def _unwatch(self, argument: str) -> None:
        if argument and argument != "all" and argument not in self._watches:
            raise NotUnderstood(f"{argument} is not watched.", "watch lists what is")
        everything = argument in ("", "all")
        self._watches = () if everything else tuple(each for each in self._watches if each != argument)
        self._ask(SetWatches(self._watches))

    def _evaluate(self, argument: str) -> None:
        if not argument:
            raise NotUnderstood("Evaluate what?", "eval w.grad")
        self._ask(Evaluate(argument))

    # ---- the timeline

    def _branches(self, argument: str) -> None:
        timeline = self._session.timeline
        records, lines = [], []
        for each in timeline.branches:
            last = timeline.last(each.number)
            records.append({"branch": each.number, "parent": each.parent, "at": each.at, "last": last})
            left = f", leaves branch {each.parent} behind step {each.at}" if each.parent is not None else ""
            lines.append(f"branch {each.number}: to step {last}{left}")
        self._teller.tell({"branches": records}, lines)

    def _plot(self, argument: str) -> None:
        timeline, branch, what = self._session.timeline, self._branch, argument or "loss"
        known = ["loss", *(label for name in timeline.params for label in (name, f"{name}.grad"))]
        if what not in known:
            raise NotUnderstood(f"There is no {what} to plot.", f"there is {', '.join(known)}")
        points = timeline.series(branch, what, 0, timeline.last(branch) + 1, POINTS)
        heading = f"{what}, branch {branch}" if branch else what
        lines = [f"{'step':>8} {'lowest':>14} {'highest':>14}  {heading}"]
        lines += [f"{index:>8} {_number(low):>14} {_number(high):>14}" for index, low, high in points]
        told = {"plot": what, "branch": branch, "points": [list(map(json_value, each)) for each in points]}
        self._teller.tell(told, lines if points else [f"there is no {heading} yet"])

    def _save(self, argument: str) -> None:
        if not argument:
            raise NotUnderstood("Save in which file?", "save run.bptrace")
        self._session.timeline.save(Path(argument).expanduser())
        self._teller.tell({"saved": argument}, [f"saved: bptui {argument} opens it"])

    def _export(self, argument: str) -> None:
        if not argument:
            raise NotUnderstood("Export to which file?", "export run.csv")
        count = export(self._session.timeline, Path(argument).expanduser())
        self._teller.tell({"exported": argument, "steps": count}, [f"{count} steps written to {argument}"])


def _number(number: float | None) -> str:
    return "none" if number is None else f"{number:.6g}"
