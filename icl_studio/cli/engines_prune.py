"""``icl-studio engines prune``: engines that nobody needs any more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import JsonOption, context, emit_json, out

if TYPE_CHECKING:
    from .console import AppContext


def prune(
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; else only list them.")] = False,
    over: Annotated[
        float | None,
        typer.Option(metavar="GB", min=0, help="Also the oldest beyond this much together."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List engines that are stale, damaged or replaced, and remains of stopped builds.

    Nothing is removed without --yes.
    """
    from ..engines.store import EngineStore
    from ..engines.store.prune import remove, superfluous

    app = context()
    store = EngineStore(app.folders.engines)
    most = None if over is None else int(over * 1e9)
    formats = {id: dict(spec.formats) for id, spec in app.registry.engines.items()}
    found = superfluous(store, lambda model: _folder(model, app), most, formats)
    if yes:
        remove(store, found)
    if as_json:
        rows = [one._asdict() for one in found]
        emit_json({"found": rows, "removed": yes, "bytes": sum(one.bytes for one in found)})
        return
    for one in found:
        size = f"{one.bytes / 1e6:.0f} MB"
        out.print(f"{one.name}  {size}  {one.why}", markup=False, soft_wrap=True)
    total = f"{len(found)} with {sum(one.bytes for one in found) / 1e9:.2f} GB"
    if not found:
        out.print("Nothing to prune.")
    elif yes:
        out.print(f"Removed {total}.")
    else:
        out.print(f"{total}. Nothing was removed; to remove them: icl-studio engines prune --yes")


def _folder(model: str, app: AppContext) -> Path | None:
    """The model's folder on this machine; None where it is not here or not known any more."""
    from ..errors import UserError
    from ..models.find import find_model
    from ..models.locate import present_folder

    try:
        return present_folder(find_model(model, app.registry), app.folders)
    except UserError:
        return None
