"""How the line mode looks: readable lines, or JSON objects."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Protocol

from bptui.commands.hints import about_failure, with_words
from bptui.commands.table import COMMANDS
from bptui.plain.records import check_record, error_record, snapshot_record, tape_record
from bptui.protocol.replies import Died, GradientsChecked, Refused, TapeShown, Uncut
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.render.text.gate import say


class Printer(Protocol):
    """How the line mode looks."""

    def stop(self, snapshot: Snapshot, program: ProgramInfo) -> None: ...
    def zeroing(self, snapshot: Snapshot, program: ProgramInfo) -> None: ...
    def tape(self, shown: TapeShown, snapshot: Snapshot | None) -> None: ...
    def check(self, checked: GradientsChecked) -> None: ...
    def error(self, error: Refused | Died | Uncut) -> None: ...
    def help(self) -> None: ...
    def show(self, record: dict[str, Any], lines: list[str]) -> None: ...


class Readable:
    """One line for each stop, and under it what the script wrote."""

    def stop(self, snapshot: Snapshot, program: ProgramInfo) -> None:
        from bptui.render.stop.line import line

        _say(line(snapshot, program).plain)
        if snapshot.met:
            _say(f"    {snapshot.met}")
        for each in snapshot.watches:
            _say(f"    {each.expression} = {each.text}")
        _indent("|", snapshot.printed)
        _indent("!", snapshot.errors + (snapshot.failure.traceback if snapshot.failure else ""))
        if snapshot.failure is not None and (hint := about_failure(snapshot.failure)):
            _say(f"    {hint}")

    def zeroing(self, snapshot: Snapshot, program: ProgramInfo) -> None:
        say("zeroing on" if snapshot.zeroing else "zeroing off: next passes over zero_grad, and gradients accumulate")

    def tape(self, shown: TapeShown, snapshot: Snapshot | None) -> None:
        from bptui.render.tape.sheets import tape_lines

        for each in tape_lines(shown.tape, snapshot):
            _say(each)

    def check(self, checked: GradientsChecked) -> None:
        from bptui.render.lists.checked import check_sheet

        say(check_sheet(checked, 200).plain)

    def error(self, error: Refused | Died | Uncut) -> None:
        hint = with_words(error.hint) if isinstance(error, Refused) else ""
        _say(f"error: {error.message} {hint}".rstrip())
        if isinstance(error, Died):
            _indent("|", error.printed)
            _indent("!", error.errors)

    def help(self) -> None:
        words = {f"{each.words[0]} {each.argument}": each.help for each in COMMANDS if each.words}
        width = max(map(len, words))
        for word, help in words.items():
            say(f"{word:<{width}}  {help}")

    def show(self, record: dict[str, Any], lines: list[str]) -> None:
        for line in lines:
            _say(line)


class Json:
    """One JSON object a line."""

    def stop(self, snapshot: Snapshot, program: ProgramInfo) -> None:
        self._write(snapshot_record(snapshot))

    def zeroing(self, snapshot: Snapshot, program: ProgramInfo) -> None:
        self.stop(replace(snapshot, printed="", errors="", failure=None), program)  # the same stop: that was shown

    def tape(self, shown: TapeShown, snapshot: Snapshot | None) -> None:
        self._write({"tape": tape_record(shown.tape)})

    def check(self, checked: GradientsChecked) -> None:
        self._write(check_record(checked))

    def error(self, error: Refused | Died | Uncut) -> None:
        self._write(error_record(error))

    def help(self) -> None:
        self._write({"help": {f"{c.words[0]} {c.argument}".strip(): c.help for c in COMMANDS if c.words}})

    def show(self, record: dict[str, Any], lines: list[str]) -> None:
        self._write(record)

    def _write(self, record: dict[str, Any]) -> None:
        say(json.dumps(record, allow_nan=False))


def _say(text: str) -> None:
    """A line of ours. Further lines of it are marked as the script's output is: only a stop looks like a stop."""
    first, *others = text.splitlines() or [""]
    say(first)
    _indent("|", "\n".join(others))


def _indent(sign: str, text: str) -> None:
    for line in text.splitlines():
        say(f"    {sign} {line}")
