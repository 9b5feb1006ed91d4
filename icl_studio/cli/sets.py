"""``icl-studio sets``: list, show and search what has been made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonOption, context, emit_json, out, warn

if TYPE_CHECKING:
    from ..domain.problems import Problem
    from ..sets.library import Entry, Library
    from ..sets.record import Rating, SetRecord

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")

FromOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="FOLDER", help="Look in this folder instead of your sets."),
]
LimitOption = Annotated[int, typer.Option(min=0, help="Show at most this many; 0 shows all.")]


@app.callback()
def _group() -> None:
    """List, show and search the sets you have made."""


@app.command("list")
def list_sets(
    limit: LimitOption = 50, folder: FromOption = None, as_json: JsonOption = False
) -> None:
    """List the sets, newest first."""
    entries, problems = library(folder).scan()
    _print(entries, problems, limit, as_json)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS…")],
    limit: LimitOption = 50,
    folder: FromOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the sets; all words must fit.

    Words are looked for in task, texts, names, model and LoRAs. Fields: seed:4711,
    lora:film, rating:>3, flag:pick, date:2026-11, task:, model:, name:, panel:, summary:,
    steps:, guidance:, engine:, id:. Leave out with not:WORD, or -WORD after --.
    """
    entries, problems = library(folder).search(" ".join(words))
    _print(entries, problems, limit, as_json)


@app.command()
def show(
    which: Annotated[str, typer.Argument(metavar="SET", help="Id, part of it, or folder.")],
    folder: FromOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a set was asked for and made."""
    entry = library(folder).get(which)
    if as_json:
        emit_json({**row(entry), "record": entry.record})
    else:
        _show(entry)


def library(folder: Path | None = None) -> Library:
    """The user's sets, or those in ``folder``; raises ``NotFound`` without such a folder."""
    from ..errors import NotFound
    from ..paths import expanded
    from ..sets.library import Library

    if folder is None:
        return Library(context().sets_root)
    if not expanded(folder).is_dir():
        raise NotFound(f"There is no folder {folder}.", fix="Check what follows --from.")
    return Library(expanded(folder))


def row(entry: Entry) -> dict[str, Any]:
    """A set as machines get it: the same keys as ``make --json``, and what a list needs."""
    folder, record = entry
    return {
        "id": record.id,
        "folder": folder,
        "sheet": folder / record.sheet,
        "created": record.created,
        "task": record.request.task,
        "name": record.request.name,
        "summary": record.request.parts.summary,
        "model": record.request.model,
        "seed": record.request.seed,
        "rating": record.rating,
        "panels": [
            {"name": panel.name, "path": folder / panel.path, "box": panel.box}
            for panel in record.panels
        ],
    }


def stars(rating: Rating) -> str:
    """A rating on one line: ``★★★ pick``."""
    shown = "" if rating.stars is None else "★" * rating.stars or "0"
    return " ".join(part for part in (shown, rating.flag or "") if part)


def _print(entries: list[Entry], problems: list[Problem], limit: int, as_json: bool) -> None:
    shown = entries[:limit] if limit else entries
    if as_json:
        emit_json({"total": len(entries), "sets": [row(e) for e in shown], "problems": problems})
        return
    for problem in problems:
        warn(str(problem))
    if not entries:
        out.print("No sets. Make one: icl-studio demo")
        return
    from rich.table import Table

    table = Table("id", "made", "task", "seed", "rating", "what", box=None, pad_edge=False)
    for _, record in shown:
        table.add_row(
            record.id,
            f"{record.created_at:%Y-%m-%d %H:%M}",
            record.request.task,
            str(record.request.seed),
            stars(record.rating),
            _short(record),
        )
    out.print(table)
    if len(entries) > len(shown):
        out.print(f"… and {len(entries) - len(shown)} more: --limit 0 shows all.")


def _short(record: SetRecord) -> str:
    from rich.markup import escape

    text = record.request.name or record.request.parts.summary
    return escape(text if len(text) <= 60 else f"{text[:59]}…")


def _show(entry: Entry) -> None:
    from rich.table import Table

    folder, record = entry
    request, receipt = record.request, record.receipt
    facts = Table.grid(padding=(0, 2))
    rows = [
        ("folder", str(folder)),
        ("made", f"{record.created_at:%Y-%m-%d %H:%M:%S}"),
        ("rating", stars(record.rating) or "none"),
        ("task", request.task),
        ("summary", request.parts.summary),
        *zip(request.layout.names, request.parts.panels, strict=False),
        ("canvas", str(request.layout.canvas)),
        ("seed", str(request.seed)),
        ("sampling", f"{request.sampling.steps} steps, guidance {request.sampling.guidance:g}"),
        ("model", f"{receipt.model.id} ({len(receipt.model.files)} files)"),
        *(("LoRA", f"{a.file} at {a.weight:g}, sha256 {a.sha256[:12]}") for a in receipt.adapters),
        ("engine", f"{receipt.engine} on {receipt.device}, {receipt.dtype}"),
        ("time", f"{sum(receipt.seconds.values()):.1f} s"),
    ]
    from rich.markup import escape

    for name, value in rows:
        facts.add_row(name, escape(value))
    out.print(record.id, style="bold", markup=False)
    out.print(facts, soft_wrap=False)
    if record.read_only:
        warn("This set was saved by a newer ICL Studio and is read-only here.")
