"""One panel: a place with its creature, and the box in which that creature is."""

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import Shot
from icl_tiny.world.brush import SUPERSAMPLE
from icl_tiny.world.creature import draw_creature, pose_of
from icl_tiny.world.hats import HAT_HEIGHT
from icl_tiny.world.places import paint_place


def draw_panel(shot: Shot, size: tuple[int, int]) -> Image.Image:
    """The picture of `shot` at `size` (width, height): the same bytes for the same arguments."""
    width, height = size
    canvas = paint_place(shot.place, shot.backdrop, width, height).copy()
    draw_creature(ImageDraw.Draw(canvas), shot, *canvas.size)
    return canvas.reduce(SUPERSAMPLE)


def creature_box(shot: Shot, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (pixels in the panel) around the creature, its hat and signs."""
    width, height = size
    pose = pose_of(shot, width, height)
    reach = pose.w / 2 + 12 * pose.u
    left, right = pose.x - reach, pose.x + reach
    top = pose.top - HAT_HEIGHT * pose.u
    bottom = pose.base + 10 * pose.u
    return (
        max(0, int(left)),
        max(0, int(top)),
        min(width, int(right) + 1),
        min(height, int(bottom) + 1),
    )
