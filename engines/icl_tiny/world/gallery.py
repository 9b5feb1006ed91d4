"""A sheet of all ten tasks, drawn: `python -m icl_tiny.world.gallery OUT.png [--seed 0]`."""

import argparse
import random
from pathlib import Path

from PIL import Image

from icl_tiny.world.layouts import LAYOUTS, draw_collage
from icl_tiny.world.sets import random_set

_GAP = 12
# Two rows of columns; a column holds one task or two, one above the other.
_ROWS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("film-storyboard",),
        ("home-decoration",),
        ("portrait-photography",),
        ("portrait-illustration", "couple-profile"),
        ("visual-identity-design",),
    ),
    (
        ("font-design",),
        ("ppt-templates",),
        ("sandstorm-visual-effect",),
        ("sparklers-visual-effect",),
    ),
)


def places() -> dict[str, tuple[int, int]]:
    """Left and top of every task's set on the sheet, in pixels."""
    found: dict[str, tuple[int, int]] = {}
    y = _GAP
    for row in _ROWS:
        x, low = _GAP, y
        for column in row:
            top = y
            for name in column:
                found[name] = (x, top)
                top += LAYOUTS[name].canvas[1] + _GAP
            x += LAYOUTS[column[0]].canvas[0] + _GAP
            low = max(low, top)
        y = low
    return found


def gallery(seed: int = 0) -> Image.Image:
    """One true set of each task on a white sheet, at the embedded model's own size."""
    spots = places()
    corners = [
        (x + LAYOUTS[name].canvas[0] + _GAP, y + LAYOUTS[name].canvas[1] + _GAP)
        for name, (x, y) in spots.items()
    ]
    size = max(x for x, _ in corners), max(y for _, y in corners)
    sheet = Image.new("RGB", size, (255, 255, 255))
    for name, place in spots.items():
        collage = random_set(random.Random(f"{seed}-{name}"), name)
        sheet.paste(draw_collage(LAYOUTS[name], collage.panels), place)
    return sheet


def main() -> None:
    """Write the sheet and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the PNG file to write")
    parser.add_argument("--seed", type=int, default=0, help="another number, other sets")
    parser.add_argument("--scale", type=int, default=1, help="how large a drawn pixel is")
    options = parser.parse_args()
    sheet, scale = gallery(options.seed), max(1, options.scale)
    size = sheet.width * scale, sheet.height * scale
    sheet.resize(size, Image.Resampling.NEAREST).save(options.out)
    print(options.out)


if __name__ == "__main__":
    main()
