"""Makes and opens the files: what SQLite must be told so that a kill corrupts nothing and a foreign file does no harm.

A file is written through a write-ahead log, one commit for each message of the session. A commit is complete in the
operating system's hands when it returns, so a kill -9 of the debugger loses only what it was not told yet; the next who
opens the file reads the log beside it. For a named file `synchronous=NORMAL` also brings the log to the disk before it
is merged, so that even a power cut cannot corrupt it. The connections keep small caches: a debugger stays small however
long the run.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bptui.trace.errors import CannotRecord, NotATrace
from bptui.trace.schema import APPLICATION, EXPECTED, MAGIC, STATEMENTS, VERSION, table_of

CACHE = 4 << 10
"""KiB of pages that a connection keeps in memory."""
LARGEST = 256 << 20
"""Bytes of the largest text in a file that is read."""
BROKEN = (sqlite3.Error, ValueError)
"""What reading a damaged file raises; the latter where not even SQLite's own words about it are text."""
BESIDE = ("-wal", "-journal")
"""What a killed writer may leave beside a file. It belongs to it."""


def temporary() -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A writing and a reading connection to a file that has no name any more."""
    folder = tempfile.mkdtemp(prefix="bptui-")
    try:
        return _written(Path(folder) / "timeline", synchronous="OFF")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A writing and a reading connection to a new file.

    Raises:
        CannotRecord: it cannot be made, or there is one already.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        raise CannotRecord(f"{path} is there already; name another file, or remove it.") from None
    except OSError as error:
        raise CannotRecord(f"{path} cannot be written: {error.strerror}.") from None
    try:
        return _written(path, synchronous="NORMAL")
    except sqlite3.Error as error:
        raise CannotRecord(f"{path} cannot be written: {error}.") from None


def _written(path: Path, synchronous: str) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    writer, reader = _connect(path), _connect(path)
    begin(writer)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute(f"PRAGMA synchronous = {synchronous}")
    for connection in (writer, reader):  # the log is opened at the first look
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute("SELECT count(*) FROM run").fetchone()
    reader.execute("PRAGMA query_only = ON")
    return writer, reader


def begin(connection: sqlite3.Connection) -> None:
    """Make an empty trace."""
    connection.execute("BEGIN")
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def finish(connection: sqlite3.Connection) -> None:
    """Merge the log, so that the file is whole by itself."""
    connection.execute("PRAGMA journal_mode = DELETE")


def looks_like_one(path: Path) -> bool:
    """Whether a file is meant to be a trace: by its first bytes or, if it is damaged, by its name."""
    if path.suffix == ".bptrace":
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def check_replaceable(path: Path) -> None:
    """Nothing but a trace is overwritten by one.

    Raises:
        CannotRecord: something else is there.
    """
    if path.exists():
        try:
            open_recorded(path).close()
        except NotATrace:
            raise CannotRecord(f"{path} is there already and is not a trace, so it is not overwritten.") from None


def open_recorded(path: Path) -> sqlite3.Connection:
    """A reading connection to a trace. Nothing from the file is executed, and nothing is written to it.

    Raises:
        NotATrace: it is not one, or not one that this version can read.
    """
    _check_header(path)
    with understood(path):
        try:
            return _checked(path, _reading(path))
        except sqlite3.OperationalError:  # the folder cannot be written, or a kill left a change half done
            left = any(map(os.path.exists, _beside(path)))
            return _checked(path, _copied(path) if left else _reading(path, "&immutable=1"))


def _beside(path: Path) -> list[str]:
    return [f"{path}{ending}" for ending in BESIDE]


def _reading(path: Path, more: str = "") -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro{more}", uri=True, check_same_thread=False, isolation_level=None
    )


def _copied(path: Path) -> sqlite3.Connection:
    """A connection to a copy without a name, in which SQLite can put in order what was left."""
    folder = Path(tempfile.mkdtemp(prefix="bptui-"))
    try:
        copy = folder / "copy"
        for ending in ("", *BESIDE):
            if os.path.exists(f"{path}{ending}"):
                shutil.copyfile(f"{path}{ending}", f"{copy}{ending}")
        connection = _connect(copy)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, check_same_thread=False, isolation_level=None, cached_statements=64)


def _checked(path: Path, connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, once it is known to be to a trace."""
    try:
        _be_careful(connection)
        _check_schema(path, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _be_careful(connection: sqlite3.Connection) -> None:
    """The file may be damaged, or made to do harm."""
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", f"cache_size = -{CACHE}", "query_only = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(100)
            length = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise NotATrace(f"{path} cannot be read: {error.strerror}.") from None
    if not header.startswith(MAGIC[: len(header)]) or not header:
        raise NotATrace(f"{path} is not a trace of bptui: it is no SQLite file.")
    if len(header) < 100:
        raise NotATrace(f"{path} is not a whole trace: it was cut off.")
    if int.from_bytes(header[68:72], "big") != APPLICATION:
        raise NotATrace(f"{path} is an SQLite file, but not a trace of bptui.")
    version = int.from_bytes(header[60:64], "big")
    if version > VERSION:
        raise NotATrace(f"{path} was made by a newer bptui: its format is {version}, and this one reads {VERSION}.")
    if version < 1:
        raise NotATrace(f"{path} is not a trace of bptui: there is no format {version}.")
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    if not any(map(os.path.exists, _beside(path))) and length < pages * (65536 if page == 1 else page):
        raise NotATrace(f"{path} is not a whole trace: it was cut off.")


def _check_schema(path: Path, connection: sqlite3.Connection) -> None:
    """Every table is ours to the letter; so it is no view, and has no triggers, defaults or constraints of others."""
    found = {}
    for sql in connection.execute("SELECT sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"):
        if isinstance(sql[0], str) and (known := table_of(sql[0])) is not None:
            found[known[0]] = known[1]
    for name, sql in EXPECTED.items():
        if found.get(name) != sql:
            what = "another" if name in found else "missing"
            raise NotATrace(f"{path} is not a trace of bptui: its table {name} is {what}.")


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """What SQLite says of a damaged file becomes a sentence."""
    try:
        yield
    except BROKEN as error:
        raise NotATrace(f"{path} cannot be read as a trace: {one_line(error)}.") from None


def one_line(error: Exception) -> str:
    """What an exception says."""
    return " ".join(str(error).split())[:200]


def copy(reader: sqlite3.Connection, path: Path) -> None:
    """All that the reader sees, in a file that is whole by itself."""
    target = sqlite3.connect(path, isolation_level=None)
    try:
        reader.backup(target)
        finish(target)
    finally:
        target.close()


@contextmanager
def instead_of(path: Path) -> Iterator[Path]:
    """A new file beside that one, which takes its place when all went well.

    Raises:
        CannotRecord: it cannot be written.
    """
    new = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        new.touch(exist_ok=False)
        yield new
        os.replace(new, path)
    except OSError as error:
        raise CannotRecord(f"{path} cannot be written: {error.strerror}.") from None
    except (sqlite3.Error, NotATrace) as error:
        raise CannotRecord(f"{path} cannot be written: {one_line(error)}") from None
    finally:
        new.unlink(missing_ok=True)
