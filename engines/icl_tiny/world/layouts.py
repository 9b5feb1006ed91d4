"""The layouts of the ten tasks at the embedded model's size, and collages drawn on them."""

from dataclasses import dataclass

from PIL import Image

from icl_tiny.world.attributes import Shot
from icl_tiny.world.panel import creature_box, draw_panel


@dataclass(frozen=True)
class Layout:
    """Equal panels, `rows` x `cols`, each `panel` (width, height) pixels; `weight` is its share."""

    name: str
    rows: int
    cols: int
    panel: tuple[int, int]
    weight: float

    @property
    def count(self) -> int:
        """How many panels there are."""
        return self.rows * self.cols

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the whole collage in pixels."""
        return self.panel[0] * self.cols, self.panel[1] * self.rows

    def origin(self, index: int) -> tuple[int, int]:
        """Left and top of panel `index`; panels run row by row."""
        row, col = divmod(index, self.cols)
        return col * self.panel[0], row * self.panel[1]


# The released tasks' panels scaled to a short side of 96, edges rounded to 16.
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("film-storyboard", 3, 1, (192, 96), 0.40),
        Layout("couple-profile", 1, 2, (96, 96), 0.08),
        Layout("font-design", 2, 2, (144, 96), 0.08),
        Layout("home-decoration", 2, 2, (96, 128), 0.07),
        Layout("portrait-photography", 2, 2, (96, 128), 0.07),
        Layout("portrait-illustration", 1, 2, (96, 176), 0.05),
        Layout("ppt-templates", 2, 2, (160, 96), 0.07),
        Layout("sandstorm-visual-effect", 2, 1, (176, 96), 0.06),
        Layout("sparklers-visual-effect", 2, 1, (176, 96), 0.06),
        Layout("visual-identity-design", 1, 2, (96, 128), 0.06),
    )
}


def draw_collage(layout: Layout, shots: tuple[Shot, ...]) -> Image.Image:
    """All panels of `layout` on one canvas. Raises ValueError unless there is one shot a panel."""
    if len(shots) != layout.count:
        raise ValueError(
            f"{layout.name} has {layout.count} panels, but {len(shots)} shots were given"
        )
    canvas = Image.new("RGB", layout.canvas)
    for index, shot in enumerate(shots):
        canvas.paste(draw_panel(shot, layout.panel), layout.origin(index))
    return canvas


def collage_boxes(layout: Layout, shots: tuple[Shot, ...]) -> list[tuple[int, int, int, int]]:
    """The creatures' boxes in canvas pixels, one a panel."""
    boxes = []
    for index, shot in enumerate(shots):
        left, top = layout.origin(index)
        box = creature_box(shot, layout.panel)
        boxes.append((box[0] + left, box[1] + top, box[2] + left, box[3] + top))
    return boxes
