"""Reports kept among the user's data, and what two of them say of an adapter against its base."""

from __future__ import annotations

import filecmp
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import ValidationError

from ..paths import UserFolders
from ..sets.files import make_folders, replace_text, storage
from .report import Figure, Report

REPORT_FILE: Final = "report.json"
Verdict = Literal["better", "worse", "open"]
"""``open``: the intervals overlap, so these figures do not tell the two apart."""


class Row(NamedTuple):
    """One line of a comparison; ``base`` is None where the base was not evaluated alike."""

    about: str
    base: Figure | None
    tuned: Figure

    @property
    def verdict(self) -> Verdict | None:
        """What the 95 % intervals say; None where one of them is not known."""
        if self.base is None or None in (self.base.low, self.tuned.low):
            return None
        base_low, base_high = self.base.low or 0.0, self.base.high or 0.0
        low, high = self.tuned.low or 0.0, self.tuned.high or 0.0
        return "better" if low > base_high else "worse" if high < base_low else "open"


class Scores(NamedTuple):
    """What is known of an adapter: its evaluation, and one of the base over the same requests."""

    tuned: Report
    base: Report | None

    @property
    def rows(self) -> list[Row]:
        base = self.base.overall if self.base is not None else {}
        return [Row(about, base.get(about), f) for about, f in self.tuned.overall.items()]


def reports_root(folders: UserFolders) -> Path:
    """Each report in a folder of its own."""
    return folders.data / "reports"


def keep_report(report: Report, folders: UserFolders) -> Path:
    """Keep ``report`` where :func:`kept_reports` finds it; one of the same question is replaced.

    Raises ``StorageProblem``.
    """
    question = [*_question(report), *report.adapters]
    name = hashlib.sha256("\n".join(map(str, question)).encode()).hexdigest()[:20]
    file = reports_root(folders) / f"asked-{name}" / REPORT_FILE
    with storage("keeping the report of an evaluation", file):
        make_folders(file.parent)
        replace_text(file, report.model_dump_json(indent=2) + "\n")
    return file


def kept_reports(folders: UserFolders) -> list[Report]:
    """Every whole report with overall figures, newest first; damaged ones are passed over."""
    found: list[tuple[float, Report]] = []
    for file in reports_root(folders).glob(f"*/{REPORT_FILE}"):
        try:
            report = Report.model_validate_json(file.read_text(encoding="utf-8"))
            made = file.stat().st_mtime
        except (OSError, UnicodeDecodeError, ValidationError):
            continue
        if report.overall and report.n == report.asked and not report.stopped:
            found.append((made, report))
    return [report for _, report in sorted(found, key=lambda pair: pair[0], reverse=True)]


def scores_of(adapter: Path, folders: UserFolders) -> Scores | None:
    """What kept reports say of the file ``adapter``: the newest that has a base to compare with.

    Where none has, the newest alone; None where it was never evaluated by itself.
    """
    reports = kept_reports(folders)
    bases = {_question(one): one for one in reversed(reports) if not one.adapters}
    tuned = [one for one in reports if is_of(one, adapter, folders)]
    pairs = [Scores(one, bases.get(_question(one))) for one in tuned]
    return next((pair for pair in pairs if pair.base is not None), pairs[0] if pairs else None)


def is_of(report: Report, adapter: Path, folders: UserFolders) -> bool:
    """Whether ``report`` is of ``adapter`` alone, or of a copy of it among the user's adapters."""
    if len(report.adapters) != 1:
        return False
    source = report.adapters[0].rpartition(":")[0]
    return any(_same(path, adapter) for path in _places(source, folders))


def _places(source: str, folders: UserFolders) -> Iterator[Path]:
    yield Path(source)
    if not Path(source).is_absolute():
        yield folders.adapters / source


def _same(path: Path, adapter: Path) -> bool:
    if path == adapter:
        return True
    try:
        return filecmp.cmp(path, adapter, shallow=False)
    except (OSError, ValueError):  # gone, or no name that a file can have
        return False


def _question(report: Report) -> tuple[object, ...]:
    """What two reports must share for their figures to be compared; all but the adapters."""
    facts = (report.task, report.model, report.seed, report.steps, report.requests, report.asked)
    metrics = sorted(figure.metric for figure in report.overall.values())
    return (*facts, *metrics)
