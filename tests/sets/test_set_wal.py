"""The change to WAL, which SQLite does not wait for: another that holds the file, and for ever."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from icl_studio.sets.wal import code_of, into_wal

PATIENCE = 120.0


def test_the_change_waits_for_another_that_holds_the_file(tmp_path: Path) -> None:
    file = tmp_path / "größe.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        found: list[str] = []
        about_to = threading.Event()

        def switch() -> None:
            with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
                about_to.set()
                into_wal(connection, PATIENCE)
                found.extend(connection.execute("PRAGMA journal_mode").fetchone())

        other = threading.Thread(target=switch)
        other.start()
        assert about_to.wait(PATIENCE)
        time.sleep(0.2)
        assert not found
        holder.execute("COMMIT")
        other.join(PATIENCE)
    assert found == ["wal"]


def test_one_that_never_lets_go_is_not_waited_for_without_end(tmp_path: Path) -> None:
    file = tmp_path / "held.sqlite"
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as holder,
        closing(sqlite3.connect(file, timeout=0)) as other,
    ):
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as refused:
            into_wal(other, 0.2)
        assert code_of(refused.value) == sqlite3.SQLITE_BUSY
