"""What every SQLite file of ours needs: WAL without a race, and the plain code of an error.

The queue and the index of sets stand on it.
"""

from __future__ import annotations

import sqlite3
import time

AGAIN_SECONDS = 0.02


def into_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch ``connection`` to WAL, so that readers never wait for a writer.

    SQLite does not wait for another that switches at this moment, whatever the connection's
    timeout; this does, up to ``busy_seconds``, and then raises what SQLite said
    (https://sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode").
    """
    end = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(AGAIN_SECONDS)
        else:
            return


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code, without the extended bits; 0 where there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
