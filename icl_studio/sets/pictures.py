"""Opening pictures that came from anywhere, upright and in a mode that can be cut and kept."""

from __future__ import annotations

import struct
import warnings
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ..errors import PictureUnreadable

_KEEP = {"L", "LA", "RGB", "RGBA", "I;16"}
_ANIMATED = {"GIF", "WEBP", "PNG", "TIFF", "AVIF"}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error)
"""What Pillow's readers raise, by format, for damaged files."""


def open_picture(path: Path) -> Image.Image:
    """The picture at ``path``, loaded, turned as its EXIF orientation says.

    Grey, 16-bit grey, RGB and transparency stay; palettes become RGB(A), CMYK becomes sRGB
    through its own profile, 1-bit becomes grey. The colour profile stays in
    ``info["icc_profile"]`` where the colours do. Raises :class:`PictureUnreadable` for
    what is no picture, is damaged, has several frames, or is absurdly large.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns at half the size that it refuses; up to there posters are fine.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                _refuse_frames(picture, path)
                picture.load()
                return _plain(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise PictureUnreadable(
            f"The picture {path} has more than {limit} million pixels, or claims to.",
            fix="Scale it down first, if you trust it.",
        ) from error
    except FileNotFoundError as error:
        raise PictureUnreadable(f"There is no picture {path}.", fix="Check the path.") from error
    except UnidentifiedImageError as error:
        raise PictureUnreadable(
            f"{path} is not a picture that can be read.",
            fix="Give a PNG, JPEG, WebP or TIFF file.",
        ) from error
    except _BROKEN as error:
        raise PictureUnreadable(
            f"The picture {path} cannot be read: {error}.",
            fix="Check that the file is whole and yours to read.",
        ) from error


def _refuse_frames(picture: Image.Image, path: Path) -> None:
    frames = getattr(picture, "n_frames", 1)
    if frames > 1 and picture.format in _ANIMATED:
        raise PictureUnreadable(
            f"{path} holds {frames} pictures.", fix="Save the one you mean as a PNG."
        )


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode in _KEEP:
        return picture
    if picture.mode in ("P", "PA"):
        clear = picture.mode == "PA" or "transparency" in picture.info
        return picture.convert("RGBA" if clear else "RGB")
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode.startswith("I;16") or picture.mode == "I":
        return _sixteen_bits(picture)
    if picture.mode == "F":
        raise PictureUnreadable(
            "The picture has floating point values, whose white is not known.",
            fix="Save it with 8 or 16 bits a channel.",
        )
    return _to_rgb(picture)


def _sixteen_bits(picture: Image.Image) -> Image.Image:
    """Grey of more than 8 bits as ``I;16``, which PNG keeps without loss."""
    if picture.mode == "I":
        low, high = picture.getextrema()
        if not (isinstance(low, int | float) and isinstance(high, int | float)):
            raise PictureUnreadable("The picture has no readable grey values.")
        if low < 0 or high > 0xFFFF:
            raise PictureUnreadable(
                "The picture has grey values beyond 16 bits.",
                fix="Save it with 8 or 16 bits a channel.",
            )
    return picture.convert("I;16")


def _to_rgb(picture: Image.Image) -> Image.Image:
    """CMYK, Lab, YCbCr and the like as sRGB: by the picture's own profile where it has one."""
    profile = picture.info.pop("icc_profile", None)
    if profile:
        try:
            turned = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError):
            turned = None  # a damaged profile: the plain conversion below is what is left
        if turned is not None:
            turned.info.pop("icc_profile", None)
            return turned
    return picture.convert("RGB")
