"""Whether a set comes out the same when it is made again, and if not, which input changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from PIL.Image import Image

from ..domain.geometry import Size
from ..domain.problems import Frozen, UserError
from .crop import pixel_digest
from .pictures import open_picture
from .record import Receipt, SetRecord, member

EQUIVALENT_DB = 40.0
"""What a batch may change in bf16 (DESIGN, Determinism); in float32 it stays above 48 dB."""


class Verdict(Frozen):
    """The outcome of making a set again.

    ``db`` is the PSNR of the two sheets (None when identical or of different sizes),
    ``max_difference`` the largest of one value (0 to 255). ``inputs`` are the recorded
    inputs that differ, in words; they may differ and still give the same pixels.
    """

    kind: Literal["identical", "equivalent", "changed"]
    inputs: tuple[str, ...] = ()
    db: float | None = None
    max_difference: int = 0

    def __str__(self) -> str:
        because = "; ".join(self.inputs)
        if self.kind == "identical":
            return "identical" + (f", although inputs differ: {because}" if because else "")
        if self.kind == "equivalent":
            text = f"equivalent ({self.db:.1f} dB, at most {self.max_difference} of 255 apart)"
            return text + (f"; inputs that differ: {because}" if because else "")
        amount = "another size" if self.db is None else f"{self.db:.1f} dB"
        return f"changed ({amount}) because " + (
            because or "of something that the receipt does not record"
        )


def check_verifiable(record: SetRecord) -> None:
    """Raise :class:`UserError` for a set that no single request drew."""
    if record.assembly is not None:
        sources = [source.id for source in record.assembly.sources]
        raise UserError(
            f"The set {record.id} was assembled from panels of {len(sources)} sets; "
            "no single run draws it again.",
            fix=f"Verify those: {', '.join(sources)}.",
        )


def compare(record: SetRecord, folder: Path, sheet: Image, receipt: Receipt) -> Verdict:
    """Compare a saved set with ``sheet``, made anew as ``receipt`` says.

    identical: same pixels; equivalent: at least 40 dB PSNR; changed: anything less.
    Raises :class:`PictureUnreadable` when the saved sheet cannot be read.
    """
    stored = open_picture(member(folder, record.sheet))
    inputs = tuple(differences(record.receipt, receipt))
    if record.pixels and pixel_digest(stored) != record.pixels:
        inputs = (f"{record.sheet} has been changed since it was saved", *inputs)
    if stored.size != sheet.size:
        sizes = f"the size was {Size(*stored.size)}, is now {Size(*sheet.size)}"
        return Verdict(kind="changed", inputs=(sizes, *inputs))
    db, most = psnr(stored, sheet)
    if most == 0:
        return Verdict(kind="identical", inputs=inputs)
    kind: Literal["equivalent", "changed"] = "equivalent" if db >= EQUIVALENT_DB else "changed"
    return Verdict(kind=kind, inputs=inputs, db=round(db, 2), max_difference=most)


def psnr(one: Image, other: Image) -> tuple[float, int]:
    """Peak signal-to-noise ratio in dB of two pictures of one size, as 8-bit RGB, and the
    largest difference of one value; (inf, 0) for equal pixels."""
    a = np.asarray(one.convert("RGB"), dtype=np.int16)
    b = np.asarray(other.convert("RGB"), dtype=np.int16)
    apart = np.abs(a - b)
    most = int(apart.max(initial=0))
    if most == 0:
        return math.inf, 0
    return 10 * math.log10(255**2 / float(np.mean(np.square(apart, dtype=np.float64)))), most


def differences(then: Receipt, now: Receipt) -> Iterator[str]:
    """Every recorded input that differs, in words; times are no input."""
    yield from _files("model file", then.model.files, now.model.files)
    yield from _files("engine file", then.engine_files, now.engine_files)
    yield from _adapters(then, now)
    for field, name in _FIELDS.items():
        a, b = getattr(then, field), getattr(now, field)
        if a != b:
            yield f"{name} was {_shown(a)}, is now {_shown(b)}"
    for name in sorted({*then.versions, *now.versions}):
        a, b = then.versions.get(name), now.versions.get(name)
        if a != b:
            yield f"version of {name} was {_shown(a)}, is now {_shown(b)}"


_FIELDS = {
    "engine": "engine",
    "device": "device",
    "device_name": "device name",
    "dtype": "precision",
    "seed": "seed",
    "steps": "number of steps",
    "guidance": "guidance",
    "max_sequence_length": "text length in tokens",
    "batch": "batch size",
    "measures": "saving of memory",
    "platform": "platform",
}


def _files(what: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        a, b = then.get(name), now.get(name)
        if a is None or b is None:
            yield f"{what} {name} is {'new' if a is None else 'no longer there'}"
        elif a != b:
            yield f"{what} {name} has another content (sha256 {a[:12]}, now {b[:12]})"


def _adapters(then: Receipt, now: Receipt) -> Iterator[str]:
    if len(then.adapters) != len(now.adapters):
        yield f"there were {len(then.adapters)} LoRAs, now {len(now.adapters)}"
        return
    for a, b in zip(then.adapters, now.adapters, strict=True):
        if a.sha256 != b.sha256:
            yield f"LoRA {a.file} has another content (sha256 {a.sha256[:12]}, now {b.sha256[:12]})"
        if a.weight != b.weight:
            yield f"weight of LoRA {a.file} was {a.weight:g}, is now {b.weight:g}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value) if value not in (None, "") else "unknown"
