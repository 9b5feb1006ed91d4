"""``icl-studio export``: deliver panels and sheets as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..paths import expanded
from .console import JsonOption, emit_json, out, progress


def command(
    which: Annotated[list[str], typer.Argument(metavar="SET…", help="Ids or folders.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files go.")],
    format: Annotated[str, typer.Option(help="png, jpg, webp or tiff.")] = "png",
    name: Annotated[
        str | None, typer.Option(help="Names, such as {task}-{seed}-{index:02}-{panel}.")
    ] = None,
    size: Annotated[str, typer.Option(help="1024x512, 50%, or 2048px for the long side.")] = "100%",
    quality: Annotated[
        int, typer.Option(min=1, max=100, help="JPEG, WebP; 100 is lossless WebP.")
    ] = 95,
    metadata: Annotated[str, typer.Option(help="full, or clean for pixels alone.")] = "full",
    what: Annotated[str, typer.Option(help="panels, sheet or both.")] = "panels",
    as_json: JsonOption = False,
) -> None:
    """Deliver panels and sheets; no file that exists is replaced.

    Name tokens are listed in docs/sets.md; an unknown one is answered with the list.
    """
    from ..sets.deliver import deliver, delivery_of
    from .sets import library

    delivery = delivery_of(
        format=format, name=name, size=size, quality=quality, metadata=metadata, what=what
    )
    shelf = library()
    sets = [shelf.get(word) for word in which]
    with progress(enabled=not as_json) as bar:
        task = bar.add_task("Exporting", total=None)
        done = deliver(
            sets,
            expanded(to).absolute(),
            delivery,
            lambda n, all_: bar.update(task, completed=n, total=all_),
        )
    if as_json:
        emit_json({"folder": expanded(to).absolute(), "files": done})
        return
    for file in done:
        out.print(f"{file.path}  {file.size}", markup=False, soft_wrap=True)
