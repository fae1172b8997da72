"""The timeline of a session, in one store: a temporary file, a recording, or a trace that is opened again."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from bptui.protocol.replies import Reply
from bptui.protocol.rows import Branch, Row
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.trace import files
from bptui.trace.errors import CannotRecord, NotATrace
from bptui.trace.gaps import gaps
from bptui.trace.lineage import Lineage, Segment
from bptui.trace.reader import latest_run, lineage_of, params_of, read_rows, read_snapshot
from bptui.trace.schema import LOSS
from bptui.trace.series import BucketPoint, bucket_width, series
from bptui.trace.writer import Writer

MOST_MARKS = 10_000
"""At most so many marks are told."""

_THERE = "branch = ? AND idx >= ? AND idx < ?"
_STEPS = f"SELECT idx FROM step WHERE {_THERE}"
_STOPS = f"SELECT idx FROM snapshot WHERE {_THERE}"


class Timeline:
    """All steps of the latest run, by branch and index. One thread tells, any thread reads."""

    def __init__(self, reader: sqlite3.Connection, writer: sqlite3.Connection | None, path: Path | None) -> None:
        """Use `temporary`, `create` or `open`."""
        self.path = path
        """The file; None for a temporary one."""
        self.trouble = ""
        """Why no more is kept (a full disk), in one sentence; empty while all is well."""
        self._reader, self._connection = reader, writer
        self._reading, self._writing = threading.RLock(), threading.Lock()
        self._closed = False
        self._writer = Writer(writer, keeps_runs=path is not None) if writer is not None else None
        self._program: ProgramInfo | None = None
        self._lineage = Lineage()
        self._params: dict[str, int] = {}

    @classmethod
    def temporary(cls) -> Timeline:
        """In a temporary file without a name, gone with the process."""
        reader_and_writer = files.temporary()
        return cls(reader_and_writer[1], reader_and_writer[0], None)

    @classmethod
    def create(cls, path: Path) -> Timeline:
        """In a new file of that name.

        Raises:
            CannotRecord: it cannot be made, or is there already.
        """
        writer, reader = files.create(path)
        return cls(reader, writer, path)

    @classmethod
    def open(cls, path: Path) -> Timeline:
        """A trace, for reading.

        Raises:
            NotATrace: it is not one, or cannot be read.
        """
        timeline = cls(files.open_recorded(path), None, path)
        try:
            with timeline._looking() as (reader, _):
                run, timeline._program = latest_run(reader)
                timeline._lineage = lineage_of(reader, run)
                timeline._params = params_of(reader, run)
        except NotATrace:
            timeline.close()
            raise
        return timeline

    # ---- writing

    def hear(self, reply: Reply) -> None:
        """Keep what a session tells. `Opened` begins anew; in a recording what was before it stays in the file."""
        with self._writing:
            if self._writer is None or self._closed or self.trouble:
                return
            try:
                self._writer.hear(reply)
            except (sqlite3.Error, LookupError) as error:  # a full disk, or a session that tells of no branch we know
                where = f"{self.path}" if self.path else "the temporary file"
                self.trouble = f"The timeline is no longer kept: {where} cannot be written ({error})."

    # ---- reading

    @property
    def program(self) -> ProgramInfo | None:
        """The script; None before it was opened."""
        return self._writer.program if self._writer else self._program

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All branches, the first one included, by number."""
        return self._tree.branches

    @property
    def params(self) -> tuple[str, ...]:
        """The names of all parameters that any step has."""
        return tuple(self._keys)

    @property
    def versions(self) -> tuple[str, str]:
        """The versions of Python and of torch that ran it; empty where that is not known."""
        python, torch = self._of_run("python", "torch") or ("", "")
        return str(python), str(torch)

    @property
    def died(self) -> str:
        """How the program's process died; empty if it did not."""
        found = self._of_run("died")
        return str(found[0] or "") if found else ""

    def last(self, branch: int) -> int:
        """The index of the branch's last step, or of its parent's where it has none; -1 if there is no step."""
        return self._tree.last(branch)

    def row(self, branch: int, index: int) -> Row | None:
        """One step: the branch's own, or up to where it left its parent that one's. None if there is none."""
        return next(iter(self.rows(branch, index, index + 1)), None)

    def rows(self, branch: int, start: int, stop: int) -> list[Row]:
        """The steps from `start` up to, not including, `stop`, as far as there are any."""
        with self._looking(branch, start, stop) as (reader, segments):
            names = {key: name for name, key in self._keys.items()}
            numbers = {key: number for number, key in self._tree.keys.items()}
            return read_rows(reader, segments, names, numbers)

    def raw(self, branch: int, start: int, stop: int) -> list[tuple[object, ...]]:
        """What the file holds of these steps, but for why the program stood still: equal where the steps are equal."""
        found: list[tuple[object, ...]] = []
        with self._looking(branch, start, stop) as (reader, segments):
            for segment in segments:
                found += reader.execute(
                    f"SELECT idx, phase, epoch, sample, loss, edit FROM step WHERE {_THERE}", astuple(segment)
                )
                found += reader.execute(
                    "SELECT idx, name, value, grad FROM value JOIN param ON param.id = value.param"
                    f" WHERE {_THERE} ORDER BY idx, param",
                    astuple(segment),
                )
        return found

    def snapshot(self, branch: int, index: int) -> Snapshot | None:
        """All that was known at that step; None where only its row was kept."""
        with self._looking(branch, index, index + 1) as (reader, segments):
            return read_snapshot(reader, segments[0].key, index) if segments else None

    def marks(self, branch: int) -> list[int]:
        """The steps at which the program stood still, and of which all is known; the latest 10,000."""
        return self._indexes(_STOPS, branch)

    def nearest(self, branch: int, index: int) -> Snapshot | None:
        """The latest snapshot kept up to that step; if that is the entry's, which knows little, the next one."""
        before = self._kept(branch, 0, index + 1, "DESC")
        if before is not None and before.index > 0:
            return before
        return self._kept(branch, index + 1, self.last(branch) + 1, "ASC") or before

    def _kept(self, branch: int, start: int, stop: int, order: str) -> Snapshot | None:
        """The first snapshot in that order."""
        with self._looking(branch, start, stop) as (reader, segments):
            for segment in segments if order == "ASC" else reversed(segments):
                found = reader.execute(f"{_STOPS} ORDER BY idx {order} LIMIT 1", astuple(segment)).fetchone()
                if found is not None:
                    return read_snapshot(reader, segment.key, found[0])
        return None

    def find(
        self, branch: int, start: int, stop: int, condition: str, *words: object, latest: bool = False
    ) -> int | None:
        """The first step, or the latest one, of which that SQL condition is true; `words` stand for its `?`."""
        asked = f"{_STEPS} AND {condition} ORDER BY idx {'DESC' if latest else 'ASC'} LIMIT 1"
        with self._looking(branch, start, stop) as (reader, segments):
            for segment in reversed(segments) if latest else segments:
                found = reader.execute(asked, (*astuple(segment), *words)).fetchone()
                if found is not None:
                    return int(found[0])
        return None

    def forwards(self, branch: int, start: int, stop: int) -> list[tuple[int, int | None, int | None]]:
        """The forwards among these steps, each with its epoch and sample."""
        asked = f"SELECT idx, epoch, sample FROM step WHERE {_THERE} AND phase = 'forward' ORDER BY idx"
        found: list[tuple[int, int | None, int | None]] = []
        with self._looking(branch, start, stop) as (reader, segments):
            for segment in segments:
                found += reader.execute(asked, astuple(segment))
        return found

    def series(self, branch: int, what: str, start: int, stop: int, points: int) -> list[BucketPoint]:
        """A number over the steps: for about `points` buckets of them (first index, smallest, largest).

        `what` is `loss` (of forwards only), a parameter, or one with `.grad`. Steps where there is none, and nan, are
        left out. Where `points` are as many as the steps, each step is its own bucket.
        """
        param, grad = self._number(what)
        if param is None:
            return []
        with self._looking(branch, start, stop) as (reader, segments):
            return series(reader, segments, param, grad, points)

    def bucket_width(self, branch: int, start: int, stop: int, points: int) -> int:
        """How many steps a bucket of `series` has there."""
        with self._looking(branch, start, stop) as (_, segments):
            return bucket_width(segments, points)

    def gaps(self, branch: int, what: str, start: int, stop: int, points: int) -> list[int]:
        """The steps at which that number is nan, the first of each of about `points` buckets; `what` as in `series`."""
        param, grad = self._number(what)
        if param is None:
            return []
        with self._looking(branch, start, stop) as (reader, segments):
            return gaps(reader, segments, param, grad, points)

    # ---- keeping

    def save(self, path: Path) -> None:
        """Write a copy that is complete by itself. It takes the place of a trace of that name.

        Raises:
            CannotRecord: it cannot be written, or something else is there.
        """
        if self.path is not None and path.exists() and path.samefile(self.path):
            raise CannotRecord(f"{path} is the file of this very session.")
        files.check_replaceable(path)
        with files.instead_of(path) as new, self._looking() as (reader, _):
            files.copy(reader, new)

    def close(self) -> None:
        """Leave a recording complete; one in which no script was opened is removed. May be called twice.

        Replies that come afterwards are dropped, and there are no steps any more.
        """
        with self._writing, self._reading:
            if self._closed:
                return
            self._closed = True
            self._reader.close()
            if self._connection is not None:
                if self.path is not None:
                    with contextlib.suppress(sqlite3.Error):  # the log beside it is as good
                        files.finish(self._connection)
                self._connection.close()
            if self.path is not None and self._writer is not None and self._writer.program is None:
                self.path.unlink(missing_ok=True)

    # ---- how it is done

    def _number(self, what: str) -> tuple[int | None, bool]:
        """Whose number that is: a parameter's key, or LOSS, or None; and whether it is the gradient's."""
        param = self._keys.get(what)
        if param is None and what.endswith(".grad"):
            return self._keys.get(what.removesuffix(".grad")), True
        return (LOSS if param is None and what == "loss" else param), False

    def _of_run(self, *columns: str) -> tuple[object, ...] | None:
        if self._closed:
            return None
        with self._looking() as (reader, _):
            asked = f"SELECT {', '.join(columns)} FROM run ORDER BY id DESC LIMIT 1"
            found: tuple[object, ...] | None = reader.execute(asked).fetchone()
            return found

    @property
    def _tree(self) -> Lineage:
        if self._closed:
            return Lineage()
        return self._writer.lineage if self._writer else self._lineage

    @property
    def _keys(self) -> dict[str, int]:
        return self._writer.params if self._writer else self._params

    @contextlib.contextmanager
    def _looking(
        self, branch: int = 0, start: int = 0, stop: int = 0
    ) -> Iterator[tuple[sqlite3.Connection, list[Segment]]]:
        """The reading connection, and who holds these steps. What is wrong with the file becomes a sentence."""
        with self._reading:
            try:
                yield self._reader, self._tree.segments(branch, start, stop)
            except files.BROKEN as error:
                raise NotATrace(f"{self._where} cannot be read: {files.one_line(error)}.") from None
            except NotATrace as reason:
                raise NotATrace(f"{self._where} cannot be read as a trace: {files.one_line(reason)}.") from None

    @property
    def _where(self) -> str:
        return str(self.path or "the timeline")

    def _indexes(self, asked: str, branch: int) -> list[int]:
        found: list[int] = []
        with self._looking(branch, 0, 1 << 62) as (reader, segments):
            for segment in reversed(segments):
                there = (*astuple(segment), MOST_MARKS - len(found))
                found += (index for (index,) in reader.execute(f"{asked} ORDER BY idx DESC LIMIT ?", there))
        return found[::-1]
