"""A shot list to start from: every column, filled with a task's own example."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from ..domain.task import TaskSpec
from ..errors import NotFound, RequestInvalid
from ..sets import files
from .reading import SUFFIXES


def example_rows(task: TaskSpec, family: str) -> list[dict[str, Any]]:
    """Two rows for ``task``: its example for models of ``family``, then the same four times.

    Raises :class:`NotFound` for a task without an example.
    """
    example = task.example_for(family)
    if example is None:
        raise NotFound(
            f"The task {task.id!r} has no example for this model.", fix="Name another task."
        )
    texts = {f"panel{n}": text for n, text in enumerate(example.panels, 1)}
    first: dict[str, Any] = {"task": task.id, "summary": example.summary, **texts}
    usual = {"steps": task.sampling.steps, "guidance": task.sampling.guidance, "lora": ""}
    one = first | {"seed": example.seed, "count": 1, **usual, "name": "one"}
    four = first | {"seed": example.seed + 1, "count": 4, **usual, "name": "four seeds"}
    return [one, four]


def write_example(file: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``rows`` in the form that the file's suffix says.

    Raises :class:`RequestInvalid` for another suffix, and :class:`StorageProblem`, also for a
    file that exists: nothing is ever written over.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise RequestInvalid(
            f"{file.name} is no name of a shot list.", fix=f"End it in {', '.join(SUFFIXES)}."
        )
    data = _xlsx(rows) if suffix == ".xlsx" else _text(rows, suffix).encode("utf-8-sig")
    if suffix in (".json", ".jsonl"):
        data = data.removeprefix(b"\xef\xbb\xbf")  # Excel wants the mark in a CSV, JSON has none
    if file.exists():
        raise RequestInvalid(f"{file} exists already.", fix="Give another name.")
    with files.storage("writing a shot list", file):
        files.make_folders(file.absolute().parent)
        files.write_new(file, data)


def _text(rows: list[dict[str, Any]], suffix: str) -> str:
    if suffix == ".json":
        return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    if suffix == ".jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    text = io.StringIO(newline="")
    marks = "\t" if suffix == ".tsv" else ","
    writer = csv.DictWriter(text, list(rows[0]), delimiter=marks)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _xlsx(rows: list[dict[str, Any]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "shots"
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
