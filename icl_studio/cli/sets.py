"""``icl-studio sets``: find, tag, assemble, delete and restore what has been made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonOption, context, emit_json, out, warn

if TYPE_CHECKING:
    from ..sets.index import IndexedLibrary
    from ..sets.index.shelf import Found
    from ..sets.library import Entry
    from ..sets.record import Rating, SetRecord
    from ..sets.trash import Trash

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="rich")

FromOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="FOLDER", help="Look in this folder instead of your sets."),
]
LimitOption = Annotated[int, typer.Option(min=0, help="Show at most this many; 0 shows all.")]


@app.callback()
def _group() -> None:
    """Find, tag, assemble, delete and restore the sets you have made."""


@app.command("list")
def list_sets(
    limit: LimitOption = 50, folder: FromOption = None, as_json: JsonOption = False
) -> None:
    """List the sets, newest first."""
    _print(library(folder).find(limit=limit), as_json)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS…")],
    limit: LimitOption = 50,
    folder: FromOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the sets; all words must fit.

    Words are looked for in task, texts, names, tags, model and LoRAs. Fields: seed:4711,
    lora:film, rating:>3, flag:pick, tag:client, date:2026-11, task:, model:, name:, panel:,
    summary:, steps:, guidance:, engine:, id:. Leave out with not:WORD, or -WORD after --.
    """
    _print(library(folder).find(" ".join(words), limit), as_json)


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


@app.command("tag")
def tag_sets(
    which: Annotated[list[str], typer.Argument(metavar="SET…", help="Ids or folders.")],
    add: Annotated[list[str], typer.Option("--add", metavar="TAG", help="May be repeated.")] = [],  # noqa: B006
    remove: Annotated[list[str], typer.Option("--remove", metavar="TAG")] = [],  # noqa: B006
    folder: FromOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give sets tags of your own, or take some away; search for them with tag:WORD."""
    from ..sets.tags import tag, tagged

    tagged((), add, remove)  # a wrong tag is refused before any set is touched
    shelf = library(folder)
    entries = [shelf.get(word) for word in which]
    found = [(entry.folder, tag(entry.folder, add, remove)) for entry in entries]
    if as_json:
        emit_json({"sets": [{"id": r.id, "folder": at, "tags": r.tags} for at, r in found]})
        return
    for _, record in found:
        out.print(f"{record.id}: {', '.join(record.tags) or 'no tags'}", markup=False)


@app.command()
def delete(
    which: Annotated[list[str], typer.Argument(metavar="SET…", help="Ids or folders.")],
    folder: FromOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move sets to the system's trash; icl-studio sets restore brings them back."""
    shelf = library(folder)
    entries = [shelf.get(word) for word in which]
    bin_ = _trash(shelf)
    done = [bin_.delete(entry.folder) for entry in entries]
    if as_json:
        emit_json({"deleted": done})
        return
    for deleted in done:
        where = f"now in {deleted.lies}" if deleted.lies else "in the trash"
        out.print(f"{deleted.id}: {where}", markup=False, soft_wrap=True)


@app.command()
def restore(
    which: Annotated[
        list[str] | None, typer.Argument(metavar="[SET…]", help="Ids; without, the list.")
    ] = None,
    folder: FromOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring deleted sets back to where they stood, or list what was deleted."""
    bin_ = _trash(library(folder))
    if not which:
        found = bin_.deleted()
        if as_json:
            emit_json({"deleted": found})
        for deleted in [] if as_json else found:
            out.print(f"{deleted.id}  {deleted.when}  {deleted.folder}", markup=False)
        if not found and not as_json:
            out.print("Nothing was deleted.")
        return
    done = [{"id": set_id, "folder": bin_.restore(set_id)} for set_id in which]
    if as_json:
        emit_json({"restored": done})
        return
    for one in done:
        out.print(f"{one['id']}: {one['folder']}", markup=False, soft_wrap=True)


@app.command()
def assemble(
    panels: Annotated[
        list[str], typer.Argument(metavar="SET:PANEL…", help="One a place, in reading order.")
    ],
    name: Annotated[str, typer.Option(help="A name for the new set.")] = "",
    folder: FromOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a best-of set: panels of several sets on one sheet, saved as a set of its own."""
    from ..domain.problems import UserError
    from ..errors import NotFound
    from ..sets.assemble import Choice
    from ..sets.assemble import assemble as put_together
    from ..sets.record import read_record

    shelf = library(folder)
    choices = []
    for word in panels:
        which, colon, panel = word.rpartition(":")
        if not colon or not which:
            raise UserError(f"{word!r} names no panel.", fix="Write SET:PANEL, k3f9xq:SCENE-2.")
        choices.append(Choice(shelf.get(which).folder, panel))
    try:
        template = context().registry.task(read_record(choices[0].folder).request.task).caption
    except NotFound:  # its plugin has gone: the set can be put together all the same
        template = None
    made = put_together(shelf.root, choices, template=template, name=name)
    if as_json:
        emit_json(row(shelf.get(made)))
    else:
        out.print(made, markup=False, soft_wrap=True)


def _trash(shelf: IndexedLibrary) -> Trash:
    from ..sets.trash import Trash

    return Trash(shelf.root, context().folders.deleted_sets)


def library(folder: Path | None = None) -> IndexedLibrary:
    """The user's sets, or those in ``folder``; raises ``NotFound`` without such a folder."""
    from ..errors import NotFound
    from ..paths import expanded
    from ..sets.index import IndexedLibrary

    app = context()
    if folder is None:
        return IndexedLibrary(app.sets_root, app.folders)
    if not expanded(folder).is_dir():
        raise NotFound(f"There is no folder {folder}.", fix="Check what follows --from.")
    return IndexedLibrary(expanded(folder), app.folders)


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
        "tags": record.tags,
        "panels": [
            {"name": panel.name, "path": folder / panel.path, "box": panel.box}
            for panel in record.panels
        ],
    }


def stars(rating: Rating) -> str:
    """A rating on one line: ``★★★ pick``."""
    shown = "" if rating.stars is None else "★" * rating.stars or "0"
    return " ".join(part for part in (shown, rating.flag or "") if part)


def _print(found: Found, as_json: bool) -> None:
    shown = found.entries
    if as_json:
        emit_json(
            {"total": found.total, "sets": [row(e) for e in shown], "problems": found.problems}
        )
        return
    for problem in found.problems:
        warn(str(problem))
    if not shown:
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
    if found.total > len(shown):
        out.print(f"… and {found.total - len(shown)} more: --limit 0 shows all.")


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
        ("tags", ", ".join(record.tags) or "none"),
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
    if record.assembly is not None:
        for panel, (number, taken) in zip(record.panels, record.assembly.taken, strict=False):
            source = record.assembly.sources[number]
            out.print(f"{panel.name} is {taken} of {source.id}", markup=False)
    if record.read_only:
        warn("This set was saved by a newer ICL Studio and is read-only here.")
