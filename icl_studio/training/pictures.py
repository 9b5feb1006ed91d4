"""Any picture as a trainer needs it: upright, three channels of eight bits, sRGB."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms

from ..sets.pictures import open_picture
from .findings import Finding, note, warning


def open_rgb(path: Path) -> tuple[Image.Image, list[Finding]]:
    """The picture at ``path`` as 8-bit sRGB, and what was done to it for that.

    Turned as its EXIF orientation says. Raises :class:`~icl_studio.errors.PictureUnreadable`
    for what is no picture, damaged, empty, or holds several (an animation).
    """
    picture = open_picture(path)  # refuses what is damaged; afterwards the header is sound
    with Image.open(path) as raw:
        mode = raw.mode
        # Asked first: reading the EXIF of a PNG decodes it, and then its tiles are gone.
        deep = mode in ("RGB", "RGBA") and any(";16" in str(tile[3]) for tile in raw.tile)
        orientation = raw.getexif().get(0x0112, 1)
    told: list[Finding] = []
    if orientation not in (None, 0, 1):
        told.append(note("was turned as its EXIF orientation says."))
    if mode not in ("RGB", "RGBA", "P", "L", "LA", "1", "I;16") and not mode.startswith("I"):
        told.append(note(f"was converted from {mode} to RGB."))
    if deep:
        told.append(note("has 16 bits a channel; the lower eight were dropped."))
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16"):
        told.append(note("has 16 bits a channel; the lower eight were dropped."))
        picture = picture.convert("I").point(lambda grey: grey / 257).convert("L")
    if picture.mode in ("RGBA", "LA"):
        picture = _on_white(picture, told)
    if picture.mode == "RGB" and profile:
        picture = _to_srgb(picture, profile, told)
    return picture.convert("RGB"), told


def _on_white(picture: Image.Image, told: list[Finding]) -> Image.Image:
    """``picture`` over white; said only where something shows through."""
    picture = picture.convert("RGBA")
    low = picture.getchannel("A").getextrema()[0]
    if isinstance(low, int | float) and low < 255:
        told.append(warning("is partly transparent; white was put behind it.", "Flatten it."))
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def _to_srgb(picture: Image.Image, profile: bytes, told: list[Finding]) -> Image.Image:
    """``picture`` with its own colour profile applied; a damaged profile is said and ignored."""
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(own).casefold():
            return picture
        turned = ImageCms.profileToProfile(
            picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        told.append(warning("has a colour profile that cannot be read; taken as sRGB."))
        return picture
    told.append(note("was converted to sRGB by its colour profile."))
    return turned if turned is not None else picture
