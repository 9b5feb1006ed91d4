"""A shot: a place, a creature in it, the weather before both, and the manner of rendering."""

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import NO_EFFECT, RENDERINGS, VIEWS, Shot
from icl_tiny.world.brush import SUPERSAMPLE
from icl_tiny.world.creature import draw_creature, pose_of
from icl_tiny.world.effects import lay_effect
from icl_tiny.world.places import paint_place
from icl_tiny.world.renderings import illustrate, photograph


def draw_shot(shot: Shot, size: tuple[int, int]) -> Image.Image:
    """The picture of `shot` at `size` (width, height): the same bytes for the same arguments."""
    place = paint_place(shot.place, shot.backdrop, *size)
    if shot.view == VIEWS[3]:
        place = _nearer(place)
    if shot.rendering == RENDERINGS[0]:
        canvas = place.copy()
        draw_creature(ImageDraw.Draw(canvas), shot, *canvas.size)
        picture = canvas.reduce(SUPERSAMPLE)
    else:
        layer = Image.new("RGBA", place.size)
        draw_creature(ImageDraw.Draw(layer), shot, *layer.size)
        photo = shot.rendering == "photo"
        picture = photograph(place, layer, shot) if photo else illustrate(place, layer)
    if shot.effect == NO_EFFECT:
        return picture
    pose = pose_of(shot, *size)
    face = (round(pose.x), round(pose.top + 0.2 * pose.h), round(0.5 * pose.h + 10 * pose.u))
    return lay_effect(picture, shot.effect, shot.backdrop, face)


def _nearer(place: Image.Image) -> Image.Image:
    """The middle of a backdrop, larger: a close-up has less of the place behind it."""
    width, height = place.size
    dx, dy = width * 0.13, height * 0.13
    return place.resize(place.size, Image.Resampling.BILINEAR, (dx, dy, width - dx, height - dy))
