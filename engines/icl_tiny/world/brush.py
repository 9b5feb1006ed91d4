"""Drawing helpers shared by places and creatures. A unit is 1/100 of the panel's short side."""

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import Colour

SUPERSAMPLE = 3
"""Pictures are drawn this many times larger and averaged down, which is their anti-aliasing."""


def shade(colour: Colour, factor: float) -> Colour:
    """`colour` darkened (factor < 1) or moved towards white (factor > 1, at most 2)."""
    if factor <= 1:
        r, g, b = (round(c * factor) for c in colour)
    else:
        r, g, b = (round(c + (255 - c) * (factor - 1)) for c in colour)
    return r, g, b


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A vertical gradient of `size` (width, height) pixels."""
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: Colour) -> None:
    """A filled circle around (x, y), pixels."""
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def stroke(
    draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], width: float, fill: Colour
) -> None:
    """A polyline with round ends and joints, pixels."""
    draw.line(points, fill=fill, width=max(1, round(width)))
    for x, y in points:
        disc(draw, x, y, width / 2, fill)
