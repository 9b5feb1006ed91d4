"""A picture onto a place of another shape: by the one rule the user chose, every pixel counted.

The complaint behind it: helpers that crop or pad without a word, and drop remainder pixels
(lrzjason/Comfyui-In-Context-Lora-Utils #10, #11; InvokeAI #7374).
"""

from __future__ import annotations

from typing import Literal

from PIL import Image

from ..domain.geometry import Box, Size
from ..domain.problems import Frozen
from ..errors import PictureUnreadable

Fit = Literal["exact", "crop", "pad"]
"""``exact``: only scaled, and refused where the shapes differ; ``crop``: scaled until it covers
the place, what hangs over is cut evenly; ``pad``: scaled until it lies inside, the rest filled
with the mean colour of its border."""

TOLERANCE = 0.01
"""Shapes that differ by less than this count as equal: ``exact`` then stretches by as much."""


class Fitted(Frozen):
    """What was done to one picture. Pixels are those of the picture as it came.

    ``lost`` were cut away at ``left``, ``top``, ``right``, ``bottom``; ``added`` is the share of
    the place that was filled; ``scale`` is new over old (above 1: enlarged); ``stretched`` is how
    much one direction was scaled more than the other.
    """

    lost: int = 0
    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0
    added: float = 0.0
    scale: float = 1.0
    stretched: float = 0.0

    def __str__(self) -> str:
        """In words, empty where nothing was done but scaling down."""
        words = []
        if self.lost:
            sides = {
                side: getattr(self, side)
                for side in ("left", "top", "right", "bottom")
                if getattr(self, side)
            }
            cut = ", ".join(f"{count} at the {side}" for side, count in sides.items())
            words.append(f"cut {self.lost:,} pixels ({cut})")
        if self.added:
            words.append(f"filled {self.added:.1%}")
        if self.stretched > 0.0005:
            words.append(f"stretched by {self.stretched:.1%}")
        if self.scale > 1.005:
            words.append(f"enlarged {self.scale:.2f} times")
        return ", ".join(words)


def fitted_size(picture: Size, place: Size, fit: Fit) -> Fitted:
    """What :func:`fit_picture` would do; raises :class:`PictureUnreadable` for ``exact``."""
    ratio = (picture.width * place.height) / (picture.height * place.width)
    off = max(ratio, 1 / ratio) - 1
    if fit == "exact" or off < TOLERANCE:
        if off >= TOLERANCE:
            raise PictureUnreadable(
                f"its shape, {picture}, is not that of its place, {place}: they differ by "
                f"{off:.1%}.",
                fix="Crop it yourself, or choose --fit crop or --fit pad.",
            )
        return Fitted(scale=place.width / picture.width, stretched=off)
    across, down = place.width / picture.width, place.height / picture.height
    if fit == "pad":
        scale = min(across, down)
        inside = round(picture.width * scale) * round(picture.height * scale)
        return Fitted(scale=scale, added=1 - inside / (place.width * place.height))
    scale = max(across, down)
    box = _kept(picture, place)
    return Fitted(
        lost=picture.width * picture.height - box.area,
        left=box.x0,
        top=box.y0,
        right=picture.width - box.x1,
        bottom=picture.height - box.y1,
        scale=scale,
    )


def fit_picture(picture: Image.Image, place: Size, fit: Fit) -> tuple[Image.Image, Fitted]:
    """``picture`` (RGB) at exactly the size of ``place``, and what was done for it.

    Raises :class:`PictureUnreadable` where ``exact`` cannot be.
    """
    size = Size(*picture.size)
    done = fitted_size(size, place, fit)
    if size == place:
        return picture, done
    if done.added:
        inner = (max(1, round(size.width * done.scale)), max(1, round(size.height * done.scale)))
        small = picture.resize(inner, Image.Resampling.LANCZOS)
        ground = Image.new("RGB", (place.width, place.height), _border_colour(small))
        corner = ((place.width - inner[0]) // 2, (place.height - inner[1]) // 2)
        ground.paste(small, corner)
        return ground, done
    if done.lost:
        picture = picture.crop(_kept(size, place))
    return picture.resize((place.width, place.height), Image.Resampling.LANCZOS), done


def _kept(picture: Size, place: Size) -> Box:
    """The largest centred part of ``picture`` in the shape of ``place``, on whole pixels."""
    if picture.width * place.height > picture.height * place.width:
        width = max(1, round(picture.height * place.width / place.height))
        left = (picture.width - width) // 2
        return Box(left, 0, left + width, picture.height)
    height = max(1, round(picture.width * place.height / place.width))
    top = (picture.height - height) // 2
    return Box(0, top, picture.width, top + height)


def _border_colour(picture: Image.Image) -> tuple[int, int, int]:
    """The mean colour of the outermost pixels."""
    width, height = picture.size
    edges = [
        picture.crop((0, 0, width, 1)),
        picture.crop((0, height - 1, width, height)),
        picture.crop((0, 0, 1, height)),
        picture.crop((width - 1, 0, width, height)),
    ]
    means = [edge.resize((1, 1), Image.Resampling.BOX).tobytes() for edge in edges]
    red, green, blue = (round(sum(mean[i] for mean in means) / len(means)) for i in range(3))
    return red, green, blue
