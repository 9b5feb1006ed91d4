"""The contact sheet of a data set: every item small, with its name and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from PIL import Image, ImageDraw, ImageFont

from ..domain.geometry import Size
from ..domain.layout import Layout
from .dataset import Inspected, Item, Progress, View, compose, load_pictures
from .material import Material

CELL = 240
LINE = 15
MARGIN = 12
GROUND, INK, FAINT = "#f5f5f3", "#1d1d1b", "#8a8a86"
COLOURS = {"error": "#c0392b", "warning": "#b9770e", "note": "#5d6d7e"}
MOST = 400
"""Items on one contact sheet; more would be no picture any more."""


def contact_sheet(
    inspected: Inspected, view: View, progress: Progress | None = None, columns: int = 5
) -> Image.Image:
    """One RGB picture of all items (the first :data:`MOST`), as they will be trained on.

    The panels' edges are drawn over each sheet, so that a wrong layout is seen at a glance.
    """
    pairs = list(zip(inspected.material, inspected.items, strict=True))[:MOST]
    columns = max(1, min(columns, len(pairs) or 1))
    height = CELL + 3 * LINE + MARGIN
    page = Image.new(
        "RGB",
        (columns * (CELL + MARGIN) + MARGIN, max(1, ceil(len(pairs) / columns)) * height + MARGIN),
        GROUND,
    )
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(12)
    layouts = {layout.canvas: layout for layout in view.layouts}
    for index, (material, item) in enumerate(pairs):
        x = MARGIN + index % columns * (CELL + MARGIN)
        y = MARGIN + index // columns * height
        _cell(page, draw, (x, y), material, item, layouts.get(item.bucket or Size(0, 0)), view)
        lines = _lines(item)
        for number, (text, colour) in enumerate(lines[:3]):
            place = (x, y + CELL + 2 + number * LINE)
            draw.text(place, _shortened(text, font), fill=colour, font=font)
        if progress is not None:
            progress(index + 1, len(pairs))
    return page


def _cell(
    page: Image.Image,
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    material: Material,
    item: Item,
    layout: Layout | None,
    view: View,
) -> None:
    x, y = corner
    pictures = load_pictures(material)[0] if layout is not None else []
    # Fewer fits than pictures: a shape was refused, and is neither cut nor filled here.
    if (
        layout is None
        or len(pictures) != len(material.pictures)
        or len(item.fitted) < len(pictures)
    ):
        draw.rectangle((x, y, x + CELL - 1, y + CELL - 1), outline=COLOURS["error"])
        draw.line((x, y, x + CELL - 1, y + CELL - 1), fill=COLOURS["error"])
        return
    sheet = compose(pictures, layout, view.fit)
    scale = CELL / max(sheet.size)
    small = sheet.resize(
        (max(1, round(sheet.width * scale)), max(1, round(sheet.height * scale))),
        Image.Resampling.LANCZOS,
    )
    page.paste(small, (x, y))
    for box in layout.boxes:
        x0, y0, x1, y1 = (round(edge * scale) for edge in box)
        draw.rectangle((x + x0, y + y0, x + x1 - 1, y + y1 - 1), outline="#ffffff")


def _lines(item: Item) -> Sequence[tuple[str, str]]:
    """Name, bucket, and the worst finding."""
    order = ("error", "warning", "note")
    worst = sorted(item.problems, key=lambda problem: order.index(problem.level))
    told = [(f"{p.level}: {p}", COLOURS[p.level]) for p in worst[:1]]
    size = f"{item.size} to {item.bucket}" if item.bucket else str(item.size or "unreadable")
    return [(item.name, INK), (size, FAINT), *told]


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """``text`` cut with an ellipsis to the width of a cell; what no font draws becomes ``?``."""
    text = text.encode("latin-1", "replace").decode("latin-1")
    if font.getlength(text) <= CELL:
        return text
    while text and font.getlength(text + "...") > CELL:
        text = text[:-1]
    return text + "..."
