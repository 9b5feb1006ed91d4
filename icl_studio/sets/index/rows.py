"""The tables of the index, and a set as a list shows it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..record import Rating, SetRecord
from ..search import TEXT_FIELDS, texts_of
from ..walk import Stamp

SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS sets (
        key INTEGER PRIMARY KEY,
        folder TEXT NOT NULL UNIQUE,
        modified INTEGER NOT NULL,
        size INTEGER NOT NULL,
        inode TEXT NOT NULL,
        id TEXT NOT NULL,
        created INTEGER NOT NULL,
        day TEXT NOT NULL,
        task TEXT NOT NULL,
        name TEXT NOT NULL,
        summary TEXT NOT NULL,
        engine TEXT NOT NULL,
        seed INTEGER NOT NULL,
        steps INTEGER NOT NULL,
        guidance REAL NOT NULL,
        stars INTEGER,
        flag TEXT,
        tags TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        panels INTEGER NOT NULL,
        sheet TEXT NOT NULL,
        assembled INTEGER NOT NULL,
        read_only INTEGER NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS sets_newest ON sets (created, id)",
    "CREATE INDEX IF NOT EXISTS sets_id ON sets (id)",
    f"""CREATE TABLE IF NOT EXISTS texts (
        key INTEGER PRIMARY KEY REFERENCES sets (key),
        everything TEXT NOT NULL,
        {", ".join(f"{field} TEXT NOT NULL" for field in TEXT_FIELDS)}
    )""",
    """CREATE TABLE IF NOT EXISTS words (
        key INTEGER NOT NULL,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (key, kind, value)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS words_value ON words (kind, value)",
    """CREATE TABLE IF NOT EXISTS problems (
        folder TEXT PRIMARY KEY,
        modified INTEGER NOT NULL,
        size INTEGER NOT NULL,
        inode TEXT NOT NULL,
        what TEXT NOT NULL,
        fix TEXT NOT NULL
    ) WITHOUT ROWID""",
)
"""``texts`` holds the texts to search in, case folded; a list never reads it."""


class SetRow(NamedTuple):
    """A set as a list shows it. ``modified`` changes with the record."""

    key: int
    folder: Path
    modified: int
    id: str
    created: int
    task: str
    name: str
    summary: str
    engine: str
    seed: int
    rating: Rating
    tags: tuple[str, ...]
    width: int
    height: int
    panels: int
    sheet: str
    assembled: bool
    read_only: bool

    @property
    def created_at(self) -> datetime:
        """When the set was saved, in the local time zone."""
        return datetime.fromtimestamp(self.created).astimezone()


COLUMNS: Final = (
    "key, folder, modified, id, created, task, name, summary, engine, seed, stars, flag, tags, "
    "width, height, panels, sheet, assembled, read_only"
)
_FIELDS: Final = (
    "folder, modified, size, inode, id, created, day, task, name, summary, engine, seed, steps, "
    "guidance, stars, flag, tags, width, height, panels, sheet, assembled, read_only"
)
PUT_SET: Final = (
    f"INSERT INTO sets ({_FIELDS}) VALUES ({','.join('?' * len(_FIELDS.split(',')))}) "
    "ON CONFLICT (folder) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _FIELDS.split(", ")[1:])
    + " RETURNING key"
)
PUT_TEXTS: Final = (
    f"INSERT OR REPLACE INTO texts (key, everything, {', '.join(TEXT_FIELDS)}) "
    f"VALUES (?, ?, {', '.join('?' * len(TEXT_FIELDS))})"
)
PUT_PROBLEM: Final = "INSERT OR REPLACE INTO problems VALUES (?, ?, ?, ?, ?, ?)"


def row_of(root: Path, values: tuple[Any, ...]) -> SetRow:
    """The row that ``COLUMNS`` read."""
    (key, folder, modified, set_id, created, task, name, summary, engine, seed) = values[:10]
    (stars, flag, tags, width, height, panels, sheet, assembled, read_only) = values[10:]
    return SetRow(
        key=key,
        folder=root / folder,
        modified=modified,
        id=set_id,
        created=created,
        task=task,
        name=name,
        summary=summary,
        engine=engine,
        seed=seed,
        rating=Rating.model_construct(stars=stars, flag=flag),
        tags=tuple(tags.split("\n")) if tags else (),
        width=width,
        height=height,
        panels=panels,
        sheet=sheet,
        assembled=bool(assembled),
        read_only=bool(read_only),
    )


def fields_of(folder: str, stamp: Stamp, record: SetRecord) -> tuple[Any, ...]:
    """The values for ``PUT_SET``. The inode as text: Windows has larger ones than SQLite."""
    request = record.request
    canvas = request.layout.canvas
    return (
        folder,
        stamp.modified,
        stamp.size,
        str(stamp.inode),
        record.id,
        int(record.created_at.timestamp()),
        f"{record.created_at:%Y-%m-%d}",
        request.task,
        request.name,
        request.parts.summary,
        record.receipt.engine,
        request.seed,
        request.sampling.steps,
        request.sampling.guidance,
        record.rating.stars,
        record.rating.flag,
        "\n".join(record.tags),
        canvas.width,
        canvas.height,
        len(record.panels),
        record.sheet,
        int(record.assembly is not None),
        int(record.read_only),
    )


def texts(record: SetRecord) -> tuple[str, ...]:
    """The values for ``PUT_TEXTS`` but the key: everything, then field by field."""
    fields = [texts_of(field, record) for field in TEXT_FIELDS]
    everything = "\n".join(text for some in fields for text in some)
    return (everything.casefold(), *("\n".join(some).casefold() for some in fields))
