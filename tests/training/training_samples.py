"""Data sets on disk for tests: drawn sheets with a seam, captions of a two-panel task."""

from __future__ import annotations

import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

from icl_studio.api import AdapterSource, CaptionTemplate, Layout, Sampling, TaskSpec

PAIR = TaskSpec(
    id="pair",
    title="Pair",
    layout=Layout.grid(1, 2, (128, 128), ("LEFT", "RIGHT")),
    caption=CaptionTemplate(openings=("[LEFT]", "[RIGHT]"), summary_joint=";", panel_joint=";"),
    adapters=(AdapterSource(family="flux.1", source="nobody/nothing/pair.safetensors"),),
    sampling=Sampling(steps=2, guidance=3.5),
)


def caption(number: int = 0) -> str:
    return f"a fox in the snow number {number}; [LEFT] the fox sits; [RIGHT] the fox runs"


def panel(number: int, size: tuple[int, int] = (128, 128)) -> Image.Image:
    """A smooth picture that is different for every number and has no straight seam."""
    red, green, blue = (40 + 61 * number) % 200, (90 + 97 * number) % 200, (10 + 41 * number) % 200
    picture = Image.new("RGB", size, (red, green, blue))
    draw = ImageDraw.Draw(picture)
    width, height = size
    x, y = (17 * number) % (width // 2), (29 * number) % (height // 2)
    draw.ellipse((x, y, x + width // 3, y + height // 3), fill=(blue + 50, red + 50, green + 50))
    draw.ellipse((width // 2, y // 2, width - 5, height // 2), fill=(green, blue, red))
    return picture


def sheet(number: int = 0, size: tuple[int, int] = (256, 128)) -> Image.Image:
    """Two panels side by side."""
    half = size[0] // 2
    picture = Image.new("RGB", size)
    picture.paste(panel(2 * number, (half, size[1])), (0, 0))
    picture.paste(panel(2 * number + 1, (size[0] - half, size[1])), (half, 0))
    return picture


def write_sheets(folder: Path, count: int = 6, size: tuple[int, int] = (256, 128)) -> Path:
    """``0000.png`` + ``0000.txt`` … as released data sets have them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        sheet(number, size).save(folder / f"{number:04}.png")
        (folder / f"{number:04}.txt").write_text(caption(number), encoding="utf-8")
    return folder


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                target.write(path, path.relative_to(folder).as_posix())
    return archive
