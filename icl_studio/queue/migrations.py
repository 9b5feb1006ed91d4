"""The database's schema, version by version; a copy is made before each change.

``PRAGMA user_version`` holds the version. A migration runs in one transaction, under the
write lock, so that of two programs that start at once one migrates and the other finds it
done. A database of a newer version is refused and left as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ..errors import StorageProblem
from .states import STATES

_STATES = ", ".join(f"'{state}'" for state in STATES)

FIRST: Final = (
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO counters VALUES ('changes', 0), ('claims', 0), ('paused', 0)",
    f"""CREATE TABLE jobs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ({_STATES})),
        "group" TEXT NOT NULL DEFAULT '',
        task TEXT NOT NULL,
        name TEXT NOT NULL DEFAULT '',
        summary TEXT NOT NULL DEFAULT '',
        seed INTEGER NOT NULL DEFAULT 0,
        model TEXT NOT NULL DEFAULT '',
        priority INTEGER NOT NULL DEFAULT 0,
        position INTEGER NOT NULL,
        not_before INTEGER,
        load_key TEXT NOT NULL,
        share_key TEXT NOT NULL,
        work INTEGER NOT NULL DEFAULT 0,
        payload TEXT NOT NULL,
        out TEXT NOT NULL,
        set_name TEXT NOT NULL,
        origin TEXT NOT NULL DEFAULT '{{}}',
        attempts INTEGER NOT NULL DEFAULT 0,
        crashes INTEGER NOT NULL DEFAULT 0,
        wish TEXT NOT NULL DEFAULT '' CHECK (wish IN ('', 'pause', 'cancel')),
        error TEXT,
        folder TEXT,
        created INTEGER NOT NULL,
        started INTEGER,
        finished INTEGER,
        seconds REAL,
        studio TEXT,
        worker INTEGER,
        claim INTEGER
    )""",
    "CREATE INDEX jobs_turn ON jobs (state, priority DESC, position)",
    "CREATE INDEX jobs_order ON jobs (priority DESC, position)",
    "CREATE INDEX jobs_share ON jobs (state, share_key, priority DESC, position)",
    "CREATE INDEX jobs_load ON jobs (state, load_key, priority DESC, position)",
    'CREATE INDEX jobs_group ON jobs ("group", priority DESC, position)',
    "CREATE INDEX jobs_task ON jobs (task, priority DESC, position)",
    "CREATE INDEX jobs_studio ON jobs (studio) WHERE studio IS NOT NULL",
    "CREATE INDEX jobs_pace ON jobs (model, finished) WHERE state = 'done'",
    """CREATE TABLE needs (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        needs TEXT NOT NULL REFERENCES jobs (id),
        PRIMARY KEY (job, needs)
    ) WITHOUT ROWID""",
    "CREATE INDEX needs_back ON needs (needs)",
    """CREATE TABLE attempts (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        studio TEXT NOT NULL,
        worker INTEGER NOT NULL,
        began INTEGER NOT NULL,
        ended INTEGER,
        outcome TEXT NOT NULL DEFAULT '',
        evidence TEXT NOT NULL DEFAULT '',
        log TEXT,
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE progress (
        job TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
        phase TEXT NOT NULL,
        step INTEGER NOT NULL,
        total INTEGER NOT NULL,
        eta REAL,
        preview TEXT
    ) WITHOUT ROWID""",
    """CREATE TABLE studios (
        id TEXT PRIMARY KEY,
        pid INTEGER NOT NULL,
        began INTEGER NOT NULL,
        beats INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    """CREATE TABLE workers (
        studio TEXT NOT NULL REFERENCES studios (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        load_key TEXT NOT NULL DEFAULT '',
        share_key TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (studio, number)
    ) WITHOUT ROWID""",
)

MIGRATIONS: Final[tuple[Sequence[str], ...]] = (FIRST,)
"""The statements that lead from version n to n + 1, beginning with the empty database."""

KEPT_BACKUPS = 5


def migrate(
    connection: sqlite3.Connection,
    file: Path,
    migrations: Sequence[Sequence[str]] = MIGRATIONS,
) -> None:
    """Bring the database up to date; a copy of its old state stays beside it.

    ``connection`` must not be in a transaction. Raises :class:`StorageProblem` for a newer
    database, and ``sqlite3.Error`` as it comes; then nothing is changed.
    """
    version = version_of(connection)
    if version > len(migrations):
        raise StorageProblem(
            f"The queue in {file} was written by a newer ICL Studio (schema {version}, this "
            f"one knows {len(migrations)}).",
            fix="Update ICL Studio, or set ICL_STUDIO_HOME to another folder.",
        )
    for number in range(version, len(migrations)):
        _step(connection, file, number, migrations[number])


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the schema; 0 for an empty database."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def back_up(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the whole database to ``target``, consistent although others may be writing."""
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
        # A copy of one file, that needs no WAL beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def _step(
    connection: sqlite3.Connection, file: Path, number: int, statements: Sequence[str]
) -> None:
    """From version ``number`` to the next, unless another program has just done it."""
    if number:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        back_up(connection, file.with_name(f"{file.stem}-v{number}-{stamp}.backup"))
        old = sorted(file.parent.glob(f"{file.stem}-v*.backup"), key=lambda p: p.stat().st_mtime)
        for path in old[:-KEPT_BACKUPS]:
            path.unlink(missing_ok=True)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection) == number:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
