"""The format of a trace file, version 1. It is made for a person's own questions; the README documents it.

A number is a REAL; NULL where there is none (`.grad` is None); the text 'nan' for nan, which SQLite would make NULL.
Infinities are REALs: `9e999`. The columns of numbers have no type: one of type REAL would lose the sign of -0.0.

Rows come in the order of steps, so every table but the small ones is appended to, whatever the number of parameters.

History. `user_version` grows only where an older bptui could not read the file; the JSON of snapshots may gain fields,
which have defaults, so that older files are still read and what they lack is left out.

- Version 1: one database for the timeline and for traces. Its tables are those below.
  - The indexes of nan came before the first release, so that the first nan is found without reading every step. A file
    without them is refused, since what is expected is expected to the letter.
  - `Watched.changed`: False in older snapshots, whose watches are then not marked as changed.
  - `Failure.cause`: empty in older snapshots; what a backward failed on is not named.
  - `Snapshot.changes`: empty in older snapshots; `short.changes_since` then compares with the row before.
"""

from __future__ import annotations

import re

MAGIC = b"SQLite format 3\x00"
"""How the file begins."""
APPLICATION = 0x62707475
"""`application_id`: "bptu"."""
VERSION = 1
"""`user_version`: grows with each change that an older bptui could not read."""
CHUNK = 256
"""How many steps a line of `summary` covers."""

LOSS = 0
"""The loss, where `param.id` stands in `summary`."""

TABLES = (
    """
    CREATE TABLE run (              -- a start or restart of the program; the latest is the one that bptui opens
        id INTEGER PRIMARY KEY,     -- from 1
        path TEXT NOT NULL,         -- the script
        source TEXT NOT NULL,       -- as it was
        argv TEXT NOT NULL,         -- its arguments, a JSON list
        blocks TEXT NOT NULL,       -- how it was cut, a JSON list
        python TEXT NOT NULL,       -- version
        torch TEXT NOT NULL,        -- version
        bptui TEXT NOT NULL,        -- version
        began TEXT NOT NULL,        -- UTC
        died TEXT                   -- how the program's process died, if it did
    )
    """,
    """
    CREATE TABLE branch (
        id INTEGER PRIMARY KEY,     -- from 0, counted through all runs
        run INTEGER NOT NULL,       -- run.id
        number INTEGER NOT NULL,    -- as bptui shows it: from 0 in each run
        parent INTEGER,             -- the number of the branch that it left
        at INTEGER NOT NULL         -- the last step that it shares with its parent; -1 for the first branch
    )
    """,
    """
    CREATE TABLE step (
        branch INTEGER NOT NULL,    -- branch.id
        idx INTEGER NOT NULL,       -- its place in the timeline; 0 is the entry
        phase TEXT,                 -- forward, backward, update, zero_grad; NULL where none ran
        reason TEXT NOT NULL,       -- why the program stood still: step, entry, breakpoint, exception, end, ...
        epoch INTEGER,              -- from 0
        sample INTEGER,             -- from 0 in each epoch
        loss,                       -- a number
        edit TEXT,                  -- what a person typed to make this step
        PRIMARY KEY (branch, idx)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE param (
        id INTEGER PRIMARY KEY,     -- from 1, counted through all runs
        run INTEGER NOT NULL,       -- run.id
        name TEXT NOT NULL          -- as the script names it: w, model.0.weight
    )
    """,
    """
    CREATE TABLE value (            -- each parameter behind each step
        branch INTEGER NOT NULL,    -- branch.id
        idx INTEGER NOT NULL,       -- step.idx
        param INTEGER NOT NULL,     -- param.id
        value,                      -- the number that it is, else the 2-norm where it was measured
        grad,                       -- the same of .grad; NULL where that is None
        PRIMARY KEY (branch, idx, param)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE snapshot (         -- all that was known at a stop
        branch INTEGER NOT NULL,
        idx INTEGER NOT NULL,
        json TEXT NOT NULL,
        PRIMARY KEY (branch, idx)
    )
    """,
    """
    CREATE TABLE output (
        id INTEGER PRIMARY KEY,     -- in the order in which it arrived
        branch INTEGER NOT NULL,
        idx INTEGER NOT NULL,       -- the step during which, or (in a run at full speed) before which it was written
        stream TEXT NOT NULL,       -- stdout, stderr, log (what logpoints said)
        text TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE summary (          -- smallest and largest number of 256 steps, nan left out: plots are drawn from it
        branch INTEGER NOT NULL,
        chunk INTEGER NOT NULL,     -- idx / 256
        param INTEGER NOT NULL,     -- param.id; 0 for the loss, of forwards only
        low, high,                  -- of the loss, or of the parameter
        grad_low, grad_high,
        PRIMARY KEY (branch, chunk, param)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX notable ON step (branch, idx) WHERE reason <> 'step'",
    "CREATE INDEX nan_loss ON step (branch, idx) WHERE loss = 'nan' AND phase = 'forward'",
    "CREATE INDEX nan_value ON value (branch, param, idx) WHERE value = 'nan'",
    "CREATE INDEX nan_grad ON value (branch, param, idx) WHERE grad = 'nan'",
)

VIEWS = (
    """
    CREATE VIEW losses AS           -- one line for each forward
    SELECT run, number AS branch, idx, epoch, sample, loss
    FROM step JOIN branch ON branch.id = step.branch WHERE phase = 'forward'
    """,
    """
    CREATE VIEW numbers AS          -- one line for each parameter at each step
    SELECT branch.run, number AS branch, idx, phase, epoch, sample, loss, name, value, grad
    FROM step JOIN branch ON branch.id = step.branch JOIN value USING (branch, idx) JOIN param ON param.id = value.param
    """,
)


def _plain(sql: str) -> str:
    """A statement without comments and line breaks."""
    return " ".join(re.sub(r"--[^\n]*", "", sql).split())


def _commented(sql: str) -> str:
    """A statement as `.schema` is to show it, comments and all."""
    lines = sql.strip("\n").rstrip().splitlines()
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join(line[margin:] for line in lines)


STATEMENTS = tuple(map(_commented, (*TABLES, *VIEWS)))
"""What makes an empty trace."""

NAMED = re.compile(r"CREATE (?:TABLE|INDEX) (\w+)")


def table_of(sql: str) -> tuple[str, str] | None:
    """The name and the essence of a table or index of ours by the statement that made it; None if it is neither."""
    plain = _plain(sql)
    found = NAMED.match(plain)
    return (found[1], plain) if found else None


EXPECTED = dict(filter(None, map(table_of, TABLES)))
"""The tables and indexes that a trace must have, to the letter: what else is in the file is never looked at."""
