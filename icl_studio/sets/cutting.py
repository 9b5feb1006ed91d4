"""Cutting a sheet that was made elsewhere: the right layout at the right size, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import PngImagePlugin
from PIL.Image import Image
from pydantic import ValidationError

from ..domain.geometry import Box, Size
from ..domain.layout import Layout, Panel
from ..domain.problems import Frozen
from ..errors import PictureUnreadable
from . import files
from .crop import cut, gutter_share, nearest_size, scaled_layout
from .deliver import write_beside
from .formats import read_metadata
from .naming import free_path, safe_name
from .pictures import open_picture
from .png import KEY, to_json


class CutPanel(Frozen):
    """A panel that was cut out: its file and its box on the picture."""

    name: str
    path: Path
    box: Box


class Cut(NamedTuple):
    """What became of a picture: its panels, and the gutters that are in none of them.

    ``gutter_share`` is the part of the picture, 0 to 1, that lies in gutters.
    """

    panels: tuple[CutPanel, ...]
    gutters: tuple[Panel, ...]
    gutter_share: float
    size: Size


def cut_file(picture: Path, task: str, layouts: Sequence[Layout], folder: Path) -> Cut:
    """Cut ``picture`` and write its panels into ``folder`` as ``01-NAME.png`` …

    The layout is the one in the picture's own metadata when that is of ``task``, else the
    first of ``layouts`` (the task at full size, then at each model's) that fits. Files that
    exist are not replaced: the new ones get a number. Raises :class:`PictureUnreadable`
    when no layout fits to the pixel, and :class:`StorageProblem`.
    """
    image = open_picture(picture)
    data = read_metadata(picture) or {}
    layout = fitting(Size(*image.size), [*_own_layout(data, task), *layouts])
    pieces = cut(image, layout)
    written: list[CutPanel] = []
    with files.storage("writing the panels", folder):
        files.make_folders(folder)
        for n, (panel, piece) in enumerate(zip(layout.panels, pieces, strict=True), 1):
            path = free_path(folder, f"{n:02}-{safe_name(panel.name)}", ".png")
            write_beside(path, _png(piece, data | {"panel": panel.name} if data else {}))
            written.append(CutPanel(name=panel.name, path=path, box=panel.box))
    return Cut(tuple(written), layout.gutters, gutter_share(layout), Size(*image.size))


def fitting(size: Size, layouts: Sequence[Layout]) -> Layout:
    """The first of ``layouts`` that fits a picture of ``size``, scaled where every edge stays
    whole; raises :class:`PictureUnreadable` saying which sizes would fit."""
    for layout in layouts:
        scaled = scaled_layout(layout, size)
        if scaled is not None:
            return scaled
    canvases = dict.fromkeys(str(layout.canvas) for layout in layouts)
    near = min(
        (nearest_size(layout, size) for layout in layouts),
        key=lambda near: abs(near.width - size.width) + abs(near.height - size.height),
    )
    raise PictureUnreadable(
        f"The picture is {size} pixels; a sheet of this task is {' or '.join(canvases)}, or that "
        "enlarged or reduced so that every panel edge falls on a whole pixel.",
        fix=f"Scale or crop it to {near} yourself, or choose another --task.",
    )


def _own_layout(data: dict[str, object], task: str) -> list[Layout]:
    """The layout that one of our own pictures says it has; a panel is no sheet."""
    request = data.get("request")
    if not isinstance(request, dict) or request.get("task") != task or data.get("panel"):
        return []
    try:
        return [Layout.model_validate(request.get("layout"))]
    except ValidationError:
        return []


def _png(picture: Image, data: dict[str, object]) -> bytes:
    """A PNG with the picture's colour profile and, for our own sheets, their metadata."""
    info = PngImagePlugin.PngInfo()
    if data:
        info.add_itxt(KEY, to_json(data))
    target = BytesIO()
    profile = picture.info.get("icc_profile")
    picture.info = {}
    picture.save(target, "PNG", pnginfo=info, icc_profile=profile)
    return target.getvalue()
