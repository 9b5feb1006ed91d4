"""Pictures as PNG, JPEG, WebP or TIFF, with the set's metadata or with none at all.

JPEG and WebP carry the A1111-style text in EXIF's ``UserComment`` (as A1111 and Civitai
do), TIFF in ``ImageDescription``; all three carry the ``icl_studio`` JSON in their XMP.
"""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from PIL import Image, UnidentifiedImageError

from ..domain.problems import UserError
from .png import KEY, metadata, parameters_text, png_bytes, to_json, xmp_packet
from .record import SetRecord

Format = Literal["png", "jpg", "webp", "tiff"]
MAX_SIDE: dict[Format, int] = {"png": 65_000, "jpg": 65_000, "webp": 16_383, "tiff": 65_000}
DEFAULT_QUALITY = 95
LOSSLESS_QUALITY = 100

_EXIF_IFD, _USER_COMMENT, _DESCRIPTION, _XMP = 0x8769, 0x9286, 270, 700
_PAYLOAD = re.compile(rf"<icl:{KEY}>(.*?)</icl:{KEY}>", re.DOTALL)


def encoded(
    picture: Image.Image,
    format: Format,
    quality: int = DEFAULT_QUALITY,
    record: SetRecord | None = None,
    panel: str | None = None,
) -> bytes:
    """``picture`` as a file of ``format``; without a ``record`` nothing but its pixels.

    ``quality`` is 1 to 100, for JPEG and WebP (100 is lossless WebP). Raises
    :class:`UserError` where the metadata is longer than JPEG can hold.
    """
    bare = _bare(picture)
    if format == "png":
        return png_bytes(bare, record, panel)
    target = BytesIO()
    options: dict[str, Any] = {}
    if record is not None:
        options = _options(format, record, panel)
    if format == "jpg":
        _check_length(options)
        colour = 0 if quality >= 90 else 2  # 4:4:4 keeps seams and lettering sharp
        _opaque(bare).save(target, "JPEG", quality=quality, subsampling=colour, **options)
    elif format == "webp":
        lossless = quality >= LOSSLESS_QUALITY
        bare.save(target, "WEBP", quality=quality, lossless=lossless, exact=True, **options)
    else:
        bare.save(target, "TIFF", compression="tiff_deflate", **options)
    return target.getvalue()


def read_metadata(path: Path) -> dict[str, Any] | None:
    """The ``icl_studio`` JSON inside a picture of any of our formats, None without one."""
    try:
        with Image.open(path) as picture:
            text = picture.info.get(KEY) or _from_xmp(picture.info.get("xmp"))
        data = json.loads(text) if isinstance(text, str) else None
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels alone: Pillow would carry profiles, comments and EXIF over into the file."""
    bare = picture.copy()
    bare.info = {}
    bare.getexif().clear()
    return bare


def _opaque(picture: Image.Image) -> Image.Image:
    """JPEG has no transparency: it is laid on white."""
    if picture.mode not in ("LA", "RGBA"):
        return picture.convert("RGB") if picture.mode != "L" else picture
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


def _options(format: Format, record: SetRecord, panel: str | None) -> dict[str, Any]:
    """Pillow's save options that carry the metadata."""
    packet = xmp_packet(to_json(metadata(record, panel))).encode("utf-8")
    text = parameters_text(record, panel)
    exif = Image.Exif()
    if format == "tiff":
        exif[_DESCRIPTION] = text.encode("utf-8")
        exif[_XMP] = packet
        return {"exif": exif}
    comment = b"UNICODE\0" + text.encode("utf-16-be")
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = comment
    return {"exif": exif.tobytes(), "xmp": packet}


def _check_length(options: dict[str, Any]) -> None:
    """A JPEG segment holds 65,533 bytes, less the header of its kind."""
    if max((len(part) for part in options.values()), default=0) > 65_000:
        raise UserError(
            "The metadata of this set is longer than a JPEG can hold.",
            fix="Use --format png, or --metadata clean.",
        )


def _from_xmp(packet: object) -> str | None:
    if not isinstance(packet, bytes):
        return None
    found = _PAYLOAD.search(packet.decode("utf-8", errors="replace"))
    if found is None:
        return None
    return found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
