"""The layouts of the ten tasks at the embedded model's size, and collages drawn on them."""

from dataclasses import dataclass

from PIL import Image

from icl_tiny.world.panel import Box, Panel, draw_panel, subject_box


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
        Layout("film-storyboard", 3, 1, (192, 96), 0.35),
        Layout("couple-profile", 1, 2, (96, 96), 0.08),
        Layout("font-design", 2, 2, (144, 96), 0.10),
        Layout("home-decoration", 2, 2, (96, 128), 0.085),
        Layout("portrait-photography", 2, 2, (96, 128), 0.085),
        Layout("portrait-illustration", 1, 2, (96, 176), 0.05),
        Layout("ppt-templates", 2, 2, (160, 96), 0.09),
        Layout("sandstorm-visual-effect", 2, 1, (176, 96), 0.05),
        Layout("sparklers-visual-effect", 2, 1, (176, 96), 0.05),
        Layout("visual-identity-design", 1, 2, (96, 128), 0.06),
    )
}


def draw_collage(layout: Layout, panels: tuple[Panel, ...]) -> Image.Image:
    """All panels of `layout` on one canvas. Raises ValueError unless as many are given."""
    if len(panels) != layout.count:
        raise ValueError(
            f"{layout.name} has {layout.count} panels, but {len(panels)} of them were given"
        )
    canvas = Image.new("RGB", layout.canvas)
    for index, panel in enumerate(panels):
        canvas.paste(draw_panel(panel, layout.panel), layout.origin(index))
    return canvas


def collage_boxes(layout: Layout, panels: tuple[Panel, ...]) -> list[Box]:
    """The subjects' boxes in canvas pixels, one a panel."""
    boxes = []
    for index, panel in enumerate(panels):
        left, top = layout.origin(index)
        box = subject_box(panel, layout.panel)
        boxes.append((box[0] + left, box[1] + top, box[2] + left, box[3] + top))
    return boxes
