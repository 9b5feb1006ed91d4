"""``icl-studio crop``: cut a sheet that was made elsewhere into its panels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..paths import expanded
from .console import JsonOption, context, emit_json, out

if TYPE_CHECKING:
    from ..domain.layout import Layout
    from ..plugins import Registry


def command(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="PNG, JPEG, WebP or TIFF.")],
    task: Annotated[str, typer.Option(help="The task that the sheet is of.")],
    to: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Default: IMAGE-panels, beside the image."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Cut a sheet into its panels, to the pixel; what does not fit is refused.

    The image may be enlarged or reduced as long as every panel edge falls on a whole pixel.
    """
    from ..sets.cutting import cut_file

    layouts = _layouts(context().registry, task)
    image = expanded(image).absolute()
    # Of the whole path: "." and ".." have no name of their own.
    folder = expanded(to) if to else image.parent / f"{image.stem or 'sheet'}-panels"
    done = cut_file(image, task, layouts, folder.absolute())
    if as_json:
        emit_json(
            {
                "image": image.absolute(),
                "task": task,
                "size": done.size,
                "panels": done.panels,
                "gutters": done.gutters,
                "gutter_share": done.gutter_share,
            }
        )
        return
    for panel in done.panels:
        out.print(f"{panel.name}  {panel.box.size}  {panel.path}", markup=False, soft_wrap=True)
    if done.gutters:
        named = ", ".join(f"{gutter.name} {gutter.box.size}" for gutter in done.gutters)
        share = f"{done.gutter_share:.1%} of the picture is in no panel"
        out.print(f"{share}: {named}", markup=False, soft_wrap=True)


def _layouts(registry: Registry, task: str) -> list[Layout]:
    """The task's layout at full size, then as each registered model draws it."""
    from ..errors import LayoutInvalid

    layout = registry.task(task).layout
    found = [layout]
    for model in registry.models.values():
        try:
            fitted = layout.fitted(model.canvas)
        except LayoutInvalid:
            continue  # this model cannot draw the task
        if fitted not in found:
            found.append(fitted)
    return found
