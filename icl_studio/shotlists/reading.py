"""From CSV, TSV, XLSX, JSON or JSONL to rows of text. Nothing is interpreted here."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import NotFound, RequestInvalid, StorageProblem

MAX_ROWS: Final = 10_000
MAX_BYTES: Final = 64 * 2**20
SUFFIXES: Final = (".csv", ".tsv", ".xlsx", ".json", ".jsonl")
_XLSX = b"PK\x03\x04"
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What JSON's escapes can name and no text, no database and no picture can hold."""


@dataclass(frozen=True)
class Row:
    """A row as its file has it: number (the heading of a table is row 1), text by heading."""

    number: int
    cells: Mapping[str, str]


def read_rows(file: Path) -> list[Row]:
    """The rows of a shot list; rows without any text are left out.

    Raises :class:`NotFound`, :class:`StorageProblem` and, naming row or line,
    :class:`RequestInvalid` for a file that is none of the five kinds.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise RequestInvalid(
            f"{file.name} is no shot list that can be read.",
            fix=f"Save it as {', '.join(SUFFIXES)}.",
        )
    raw = _bytes(file)
    if raw.startswith(_XLSX) or suffix == ".xlsx":
        rows = _of_table(_xlsx(file, raw), file)
    elif suffix in (".json", ".jsonl"):
        rows = list(_of_objects(_text(file, raw), file, lines=suffix == ".jsonl"))
    else:
        rows = _of_table(_separated(_text(file, raw), suffix, file), file)
    if not rows:
        raise RequestInvalid(
            f"There is no row in {file.name}.",
            fix="`icl-studio queue template TASK` writes a list to start from.",
        )
    if len(rows) > MAX_ROWS:
        raise RequestInvalid(
            f"{file.name} has {len(rows):,} rows; {MAX_ROWS:,} are the limit.", fix="Split it."
        )
    return rows


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise RequestInvalid(f"{file.name} is larger than 64 MiB.", fix="Split it.")
        return file.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound(f"There is no file {file}.", fix="Check its name.") from error
    except OSError as error:
        raise StorageProblem(
            f"{file} cannot be read: {error.strerror or error}.", fix="Check its permissions."
        ) from error


def _text(file: Path, raw: bytes) -> str:
    """UTF-8, or UTF-16 where a byte order mark says so (Excel's "Unicode text")."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        # Guessing would draw "Gr├╝n" without a word.
        raise RequestInvalid(
            f"{file.name} is not UTF-8 text (line {line}).",
            fix="Save it as 'CSV UTF-8', or as an Excel workbook (.xlsx).",
        ) from error


def _separated(text: str, suffix: str, file: Path) -> list[list[str]]:
    head = text.partition("\n")[0]
    # Excel writes semicolons where the comma is the decimal sign.
    marks = "\t" if suffix == ".tsv" else max(",;\t", key=head.count)
    csv.field_size_limit(2**24)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=marks, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise RequestInvalid(
            f"{file.name} cannot be read at line {reader.line_num}: {error}.",
            fix="Look for a quotation mark that is not closed there.",
        ) from error


def _xlsx(file: Path, raw: bytes) -> list[list[str]]:
    """The sheet of a workbook that was open when it was saved; formulas by their last values."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheet = book.active
        if sheet is None or not hasattr(sheet, "iter_rows"):
            raise ValueError("the sheet that was open when it was saved is no table")
        return [[_plain(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    except Exception as error:  # a damaged file makes openpyxl, zip and XML raise anything
        raise RequestInvalid(
            f"{file.name} is no Excel workbook that can be read: {error}.",
            fix="Save it anew as .xlsx, or as 'CSV UTF-8'.",
        ) from error


def _of_table(table: Sequence[Sequence[str]], file: Path) -> list[Row]:
    """Rows under the heading, which is the first row with any text."""
    numbered = [(n, cells) for n, cells in enumerate(table, 1) if any(c.strip() for c in cells)]
    if not numbered:
        return []
    _, heading = numbered[0]
    names = [name.strip() for name in heading]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise RequestInvalid(
            f"{file.name} has the column {twice[0]!r} twice.", fix="Rename or remove one."
        )
    rows = []
    for number, cells in numbered[1:]:
        extra = [cell for cell in cells[len(names) :] if cell.strip()]
        if extra:
            raise RequestInvalid(
                f"Row {number} of {file.name} has more cells than there are columns: "
                f"{extra[0][:40]!r}.",
                fix="Put quotation marks around texts that contain the separator.",
            )
        named = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        rows.append(Row(number, {name: cell for name, cell in named.items() if cell}))
    return [row for row in rows if row.cells]


def _of_objects(text: str, file: Path, *, lines: bool) -> Iterator[Row]:
    """Objects, one a line or in one array; ``{"rows": […]}`` is an array too."""
    if lines:
        found = [
            (number, _json(line, file, number))
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip()
        ]
    else:
        data = _json(text, file, None)
        data = data.get("rows", [data]) if isinstance(data, dict) else data
        if not isinstance(data, list):
            raise RequestInvalid(f"{file.name} holds no list of rows.", fix="Write [{…}, {…}].")
        found = list(enumerate(data, 1))
    for number, item in found:
        if not isinstance(item, dict):
            raise RequestInvalid(
                f"Row {number} of {file.name} is no object.", fix='Write {"task": …, …}.'
            )
        cells = dict(_cells(item))
        for place, cell in cells.items():
            if _SURROGATE.search(place + cell):
                raise RequestInvalid(
                    f"Row {number} of {file.name} holds half a character.",
                    fix="Write the whole one, or a pair such as \\ud83d\\ude00.",
                )
        if cells:
            yield Row(number, cells)


def _cells(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """An object's values as text; ``"panels": [a, b]`` stands for panel1 and panel2."""
    for key, value in item.items():
        if key == "panels" and isinstance(value, list):
            for n, panel in enumerate(value, 1):
                yield f"panel{n}", _plain(panel)
            continue
        text = "; ".join(map(_plain, value)) if isinstance(value, list) else _plain(value)
        if text.strip():
            yield key, text.strip()


def _json(text: str, file: Path, line: int | None) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        at = line or getattr(error, "lineno", 1)
        deep = isinstance(error, RecursionError)
        other = "it is nested too deeply" if deep else "a number has too many digits"
        what = getattr(error, "msg", other)
        raise RequestInvalid(
            f"{file.name} is not valid JSON at line {at}: {what}.", fix="Mend that line."
        ) from error


def _plain(value: Any) -> str:
    """A cell's value as the text that its user sees: 4711.0 in a workbook is 4711."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
